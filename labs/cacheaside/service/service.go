package service

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"

	"resilab/brokers/redis"
	"resilab/labs/cacheaside/catalog"
	"resilab/labs/cacheaside/measure"
	"resilab/labs/clock"
	"resilab/labs/kit"
)

// Deps is what a Service works with. All fields are required.
type Deps struct {
	Prefix   string // of every key
	Clock    *clock.Clock
	Store    Store
	Catalog  *catalog.DB
	Outage   *Outage
	Products *measure.Products
	Counters *measure.Counters
	Health   *measure.Health // of Redis
	Draw     func() float64  // from [0, 1): latencies, jitter, early refreshes
	// Lost is called for each copy that could not be deleted or replaced although
	// its product changes.
	Lost func(id int, err error)
	// Run ends with the run. Go runs work that the end of the run waits for.
	Run context.Context
	Go  func(work func(ctx context.Context))
}

// Service answers reads and writes of one run.
type Service struct {
	Deps
	cfg          Config
	db           *database
	strategy     Strategy
	invalidation Invalidation
	lifetimes    *lifetimes
	copies       *lruTracker // nil: the cache has room for all
	instances    []*instance
	turn         atomic.Uint64 // of the load balancer

	whole *deadlines // of a read, from its begin to its answer
	redis *deadlines // of Redis, so that time is left for the database
}

// instance is one process of the service behind the load balancer.
type instance struct {
	flight     singleflight.Group
	refreshing sync.Map // ids that are being refreshed
	copies     sync.Map // id → Entry; what it last answered
}

// New returns a service.
func New(cfg Config, d Deps) *Service {
	s := &Service{Deps: d, cfg: cfg, db: newDatabase(cfg.Database, d), copies: newLRUTracker(cfg.CacheSize),
		whole: newDeadlines(d.Run, d.Clock, cfg.Timeout), redis: newDeadlines(d.Run, d.Clock, cfg.Timeout/2)}
	s.strategy, s.invalidation = newStrategy(cfg.Strategy, s), newInvalidation(cfg.Invalidate, s)
	s.lifetimes = newLifetimes(cfg, d, s.strategy.FromRead() || s.invalidation.FromRead())
	for range cfg.Instances {
		s.instances = append(s.instances, &instance{})
	}
	return s
}

// Key returns the key of a product's copy.
func (s *Service) Key(id int) string { return s.Prefix + "product:" + strconv.Itoa(id) }

// Copies returns how many copies there are, and how many there may be; 0 means
// no bound.
func (s *Service) Copies() (copies, most int) { return s.copies.held() }

// query is one read on its way.
type query struct {
	inst    *instance
	id      int
	key     string
	product *measure.Product
	asked   time.Time // when the cache was asked
	lease   string    // the token that a fill has to present; empty: none
}

// Answer is what a read returns.
type Answer struct {
	Entry
	Source measure.Source
	// Missed is set where the cache had nothing when it was asked first.
	Missed bool
	// Overdue is set where a copy beyond its soft TTL was served.
	Overdue bool
}

// Read answers for a product: from the cache, else from the database, whose
// answer is then written to the cache. It takes no longer than the time-out. The
// error is catalog.ErrNotFound for a product that does not exist; any other is a
// failure.
func (s *Service) Read(ctx context.Context, id int, now time.Time) (a Answer, err error) {
	inst := s.instances[s.turn.Add(1)%uint64(len(s.instances))]
	q := &query{inst: inst, id: id, key: s.Key(id), product: s.Products.Of(id), asked: now}
	e, err := s.strategy.Lookup(ctx, q)
	if err == nil {
		a, err = s.hit(q, e)
	} else {
		ctx, done := s.whole.from(ctx, now)
		defer done()
		a, err = s.withoutCopy(ctx, q, err)
	}
	if s.cfg.Failure.StaleCopy {
		return inst.remember(id, a, err)
	}
	return a, err
}

// withoutCopy answers where the cache has no copy, or does not answer.
func (s *Service) withoutCopy(ctx context.Context, q *query, err error) (Answer, error) {
	if errors.Is(err, redis.ErrMiss) {
		return s.strategy.Miss(ctx, q)
	}
	return s.withoutRedis(ctx, q, err)
}

// withoutRedis answers where Redis does not, as the fail mode says.
func (s *Service) withoutRedis(ctx context.Context, q *query, err error) (Answer, error) {
	if !s.cfg.Failure.Open {
		return Answer{}, err
	}
	return s.strategy.Uncached(ctx, q)
}

// lookup asks the cache. An entry that cannot be the product's is a miss: the next
// fill replaces it.
func (s *Service) lookup(ctx context.Context, q *query) (Entry, error) {
	ctx, done := s.redis.from(ctx, s.Clock.Now())
	defer done()
	raw, err := s.Store.Get(ctx, q.key)
	return s.decoded(q, raw, err)
}

func (s *Service) decoded(q *query, raw []byte, err error) (Entry, error) {
	if errors.Is(err, redis.ErrWrongType) {
		s.Health.Up()
		s.Counters.Cache.Foreign.Add(1)
		return Entry{}, redis.ErrMiss
	}
	if err != nil {
		return Entry{}, s.outcome(err)
	}
	s.Health.Up()
	e, err := decodeEntry(raw, q.id)
	if err != nil {
		s.Counters.Cache.Foreign.Add(1)
		return Entry{}, redis.ErrMiss
	}
	return e, nil
}

// outcome records how a command of Redis ended, and returns its error.
func (s *Service) outcome(err error) error {
	switch {
	case err == nil, errors.Is(err, redis.ErrMiss):
		s.Health.Up()
	case errors.Is(err, context.Canceled): // the caller has ended
	case errors.Is(err, ErrBreakerOpen):
		s.Counters.Cache.Errors.Add(1)
	default:
		s.Counters.Cache.Errors.Add(1)
		s.Health.Down(err)
	}
	return err
}

// hit answers with a copy.
func (s *Service) hit(q *query, e Entry) (Answer, error) {
	a := Answer{Entry: e, Source: measure.FromCache}
	q.product.Touched()
	s.copies.touch(q.id)
	if err := e.found(); err != nil {
		return a, err
	}
	a.Overdue = s.strategy.Hit(q, e)
	return a, nil
}

// uncached answers from the database alone.
func (s *Service) uncached(ctx context.Context, q *query) (Answer, error) {
	e, err := s.ask(ctx, q)
	return Answer{Entry: e, Source: measure.FromDatabase, Missed: true}, err
}

// load asks the database and writes its answer to the cache. The cost of the copy
// is what a reader waits for: the delay before the copy is written, too.
func (s *Service) load(ctx context.Context, q *query) (Answer, error) {
	began := s.Clock.Now()
	a, err := s.uncached(ctx, q)
	switch {
	case errors.Is(err, catalog.ErrNotFound) && s.cfg.NegativeTTL > 0: // its absence is kept
	case err != nil:
		return a, err
	}
	if late := s.Clock.Sleep(ctx, s.cfg.FillDelay); late != nil {
		return Answer{}, late
	}
	a.Cost = kit.Millis(max(s.Clock.Since(began), 0))
	if filled := s.fill(ctx, q, a.Entry); filled != nil && !s.cfg.Failure.Open {
		return Answer{}, filled
	}
	return a, err
}

// ask asks the database for a product that the cache did not have. That there is
// none is an answer, too.
func (s *Service) ask(ctx context.Context, q *query) (Entry, error) {
	if !s.Counters.Database.Admit(s.cfg.Failure.Limit) {
		return Entry{}, errShed
	}
	defer s.Counters.Database.Leave()
	expiry, first := q.product.LoadBegins(q.asked)
	defer q.product.LoadEnds()
	s.Counters.Expiry.Loaded(s.Clock.Now(), expiry, first)
	p, readAt, err := s.db.find(ctx, q.id)
	if errors.Is(err, catalog.ErrNotFound) {
		s.Counters.Database.Unknown.Add(1)
		return Entry{ID: q.id, Missing: true, Loaded: readAt.UnixMilli()}, err
	}
	if err != nil {
		return Entry{}, err
	}
	return newEntry(p, readAt), nil
}

// fill writes a product to the cache.
func (s *Service) fill(ctx context.Context, q *query, e Entry) error {
	ttl := s.lifetimes.of(e)
	if ttl <= 0 {
		return nil
	}
	now := s.Clock.Now()
	e.Expires = max(now.Add(ttl).UnixMilli(), e.Loaded+1)
	err := s.store(ctx, q, e, ttl)
	if errors.Is(err, ErrRefused) {
		s.Counters.Cache.Refused.Add(1)
		return nil
	}
	if err = s.outcome(err); err != nil {
		return fmt.Errorf("filling the cache: %w", err)
	}
	q.product.Filled(e.asCopy(ttl), s.Clock.Now())
	return s.makeRoom(q)
}

func (s *Service) store(ctx context.Context, q *query, e Entry, ttl time.Duration) error {
	raw := e.encode(s.cfg.Padding)
	if q.lease != "" {
		return s.Store.FillLeased(ctx, q.key, q.lease, raw, ttl)
	}
	return s.invalidation.Fill(ctx, q.key, e, raw, ttl)
}

// makeRoom deletes the copies that were not used for the longest time, where
// there are more than the cache may hold. That must not end with the deadline of
// the reader who happened to need the room.
func (s *Service) makeRoom(q *query) error {
	victims := s.copies.add(q.id)
	if len(victims) == 0 {
		return nil
	}
	ctx, cancel := s.Clock.WithTimeout(s.Run, s.cfg.Timeout)
	defer cancel()
	var errs []error
	for _, victim := range victims {
		if err := s.Drop(ctx, victim); err != nil {
			s.copies.putBack(victim)
			errs = append(errs, err)
			continue
		}
		s.Counters.Cache.Evictions.Add(1)
	}
	return errors.Join(errs...)
}

// Drop deletes a copy, and with it the lease of the reader that is loading the product.
func (s *Service) Drop(ctx context.Context, id int) error {
	s.Products.Of(id).Deleting(s.Clock.Now())
	keys := append([]string{s.Key(id)}, s.strategy.Beside(s.Key(id))...)
	_, err := s.Store.Delete(ctx, keys...)
	if err = s.outcome(err); err != nil {
		return fmt.Errorf("deleting the copy: %w", err)
	}
	return nil
}

// remember keeps what an instance answered, and answers with it where nothing
// better is left.
func (i *instance) remember(id int, a Answer, err error) (Answer, error) {
	if err == nil {
		i.copies.Store(id, a.Entry)
		return a, nil
	}
	if old, ok := i.copies.Load(id); ok && !errors.Is(err, catalog.ErrNotFound) {
		return Answer{Entry: old.(Entry), Source: measure.FromCopy, Missed: true}, nil
	}
	return a, err
}
