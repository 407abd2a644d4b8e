package cacheaside

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"

	"resilab/brokers/redis"
	"resilab/labs/cacheaside/catalog"
)

// Source says where an answer came from.
type Source string

const (
	FromCache    Source = "cache"
	FromDatabase Source = "database"
	FromCopy     Source = "stale" // an old copy in the instance's own memory
)

// service is the product service of the shop: the course's path and what can
// be done about its weaknesses.
type service struct {
	prefix string // of every key
	db     *database
	health *health
	watch  *watch
	// life ends with the lab; background runs something that the lab waits for.
	life       context.Context
	background func(func())
}

// run is one measurement: settings, what counts it, the truth, and the
// instances of the service with what they remember. A read keeps the run that
// it began in, so that nothing of old settings is counted in a new run.
type run struct {
	cfg       config
	meter     *meter
	judge     *judge
	cache     cache
	slots     chan struct{} // of the database; nil: no limit
	bound     *bound        // nil: the cache has room for all
	instances []*instance
	newcomer  newcomer
	memory    atomic.Pointer[redis.Memory] // of the lab's own Redis

	whole *patience // of a read, from its begin to its answer
	redis *patience // with Redis, so that time is left for the database

	drawing sync.Mutex
	draws   *rand.Rand // latencies, jitter, early refreshes
}

// instance is one process of the service behind the load balancer.
type instance struct {
	flight     singleflight.Group
	refreshing sync.Map // ids that are being refreshed
	copies     sync.Map // id → entry; what it last answered
}

func newRun(life context.Context, cfg config, c cache, j *judge, seed uint64) *run {
	r := &run{cfg: cfg, meter: &meter{}, judge: j, cache: c, draws: rand.New(rand.NewPCG(seed, 3)),
		whole: newPatience(life, cfg.timeout), redis: newPatience(life, cfg.timeout/2)}
	if cfg.eviction == evictionLab {
		r.bound = newBound(cfg.cacheSize)
	}
	if cfg.dbConns > 0 {
		r.slots = make(chan struct{}, cfg.dbConns)
	}
	for range cfg.instances {
		r.instances = append(r.instances, &instance{})
	}
	return r
}

// draw returns a random number in [0, 1).
func (r *run) draw() float64 {
	r.drawing.Lock()
	defer r.drawing.Unlock()
	return r.draws.Float64()
}

// query is one read on its way.
type query struct {
	*run
	inst  *instance
	id    int
	key   string
	truth *truth
	asked time.Time // when the cache was asked
}

// answer is what a read returns.
type answer struct {
	entry
	source Source
	// missed tells that the cache had nothing when it was asked first.
	missed bool
	// overdue tells that a copy beyond its soft TTL was served.
	overdue bool
}

func (s *service) key(id int) string { return s.prefix + "product:" + strconv.Itoa(id) }

// read answers for a product: from the cache, else from the database, which
// is then written to the cache. It takes no longer than the time-out. The error
// is catalog.ErrNotFound for a product that is not there; any other is a failure.
func (s *service) read(ctx context.Context, r *run, inst *instance, id int, now time.Time) (a answer, err error) {
	q := query{run: r, inst: inst, id: id, key: s.key(id), truth: r.judge.of(id), asked: now}
	e, err := s.lookup(ctx, q, now)
	if err == nil {
		a, err = s.hit(q, e)
	} else {
		ctx, done := r.whole.from(ctx, now)
		defer done()
		a, err = s.withoutCopy(ctx, q, err)
	}
	if r.cfg.staleCopy {
		return inst.remember(id, a, err)
	}
	return a, err
}

// withoutCopy answers where the cache has no copy, or does not answer.
func (s *service) withoutCopy(ctx context.Context, q query, err error) (answer, error) {
	if errors.Is(err, redis.ErrMiss) {
		return s.miss(ctx, q)
	}
	return s.withoutRedis(ctx, q, err)
}

// withoutRedis answers where Redis does not, as the fail mode says.
func (s *service) withoutRedis(ctx context.Context, q query, err error) (answer, error) {
	switch {
	case !q.cfg.failOpen:
		return answer{}, err
	case q.cfg.strategy == strategyFlight:
		return s.flight(q, s.uncached)
	}
	return s.uncached(ctx, q)
}

// lookup asks the cache.
func (s *service) lookup(ctx context.Context, q query, now time.Time) (entry, error) {
	ctx, done := q.redis.from(ctx, now)
	defer done()
	raw, err := q.cache.Get(ctx, q.key)
	if err != nil {
		return entry{}, s.told(q.run, err)
	}
	s.health.up()
	e, err := decodeEntry(raw)
	if err != nil {
		return entry{}, redis.ErrMiss // somebody else's value: the next fill mends it
	}
	return e, nil
}

// told lets the health of Redis know how a command ended.
func (s *service) told(r *run, err error) error {
	switch {
	case err == nil, errors.Is(err, redis.ErrMiss):
		s.health.up()
	case errors.Is(err, context.Canceled): // whoever asked has gone
	case errors.Is(err, errBreakerOpen):
		r.meter.redisErrors.Add(1)
	default:
		r.meter.redisErrors.Add(1)
		s.health.down(err)
	}
	return err
}

// hit answers with a copy, and refreshes it where the strategy says so.
func (s *service) hit(q query, e entry) (answer, error) {
	a := answer{entry: e, source: FromCache}
	q.truth.touched()
	q.bound.touch(q.id)
	if err := e.found(); err != nil {
		return a, err
	}
	switch q.cfg.strategy {
	case strategyEarly:
		if e.dueEarly(q.asked, q.cfg.beta, q.draw()) {
			s.background(func() { s.refresh(q) })
		}
	case strategySWR:
		a.overdue = q.asked.Sub(e.loadedAt()) > q.cfg.softTTL
		if a.overdue {
			s.refreshOnce(q)
		}
	}
	return a, nil
}

// miss answers where the cache has nothing.
func (s *service) miss(ctx context.Context, q query) (answer, error) {
	switch q.cfg.strategy {
	case strategyFlight, strategySWR:
		return s.flight(q, s.loadUnlessFilled)
	case strategyLease:
		return s.leased(ctx, q)
	}
	return s.load(ctx, q)
}

// uncached answers from the database alone.
func (s *service) uncached(ctx context.Context, q query) (answer, error) {
	e, err := s.ask(ctx, q)
	return answer{entry: e, source: FromDatabase, missed: true}, err
}

// load asks the database and writes what it says to the cache.
func (s *service) load(ctx context.Context, q query) (answer, error) {
	a, err := s.uncached(ctx, q)
	switch {
	case errors.Is(err, catalog.ErrNotFound) && q.cfg.negativeTTL > 0: // there is nothing, and that is kept
	case err != nil:
		return a, err
	}
	if waitErr := wait(ctx, q.cfg.fillDelay); waitErr != nil {
		return answer{}, waitErr
	}
	if fillErr := s.fill(ctx, q, a.entry); fillErr != nil && !q.cfg.failOpen {
		return answer{}, fillErr
	}
	return a, err
}

// ask asks the database for a product that the cache did not have. That there
// is none is an answer, too.
func (s *service) ask(ctx context.Context, q query) (entry, error) {
	if !q.meter.admit(q.cfg.dbLimit) {
		return entry{}, errShed
	}
	defer q.meter.leave()
	expiry, first := q.truth.loadBegins(q.asked)
	defer q.truth.loadEnds()
	began := time.Now()
	q.meter.loaded(began, expiry, first)
	p, readAt, err := s.db.find(ctx, q.run, q.id)
	if errors.Is(err, catalog.ErrNotFound) {
		q.meter.unknownQueries.Add(1)
		return entry{ID: q.id, Missing: true, Loaded: readAt.UnixMilli()}, err
	}
	if err != nil {
		return entry{}, err
	}
	e := newEntry(p, readAt)
	e.Cost = toMillis(time.Since(began))
	return e, nil
}

// errShed tells that the service keeps a load away from the database.
var errShed = errors.New("the database has as many queries as the service allows")

// fill writes a product to the cache.
func (s *service) fill(ctx context.Context, q query, e entry) error {
	ttl := q.lifetime(e)
	if ttl <= 0 {
		return nil
	}
	e.Expires = time.Now().Add(ttl).UnixMilli()
	err := s.store(ctx, q, e, ttl)
	if errors.Is(err, errFenced) {
		q.meter.fenced.Add(1)
		return nil
	}
	if err = s.told(q.run, err); err != nil {
		return fmt.Errorf("filling the cache: %w", err)
	}
	now := time.Now()
	q.truth.filled(e, now)
	if !e.Missing {
		s.watch.filled(q.id, ttl, now)
	}
	return s.makeRoom(q)
}

func (s *service) store(ctx context.Context, q query, e entry, ttl time.Duration) error {
	raw := e.encode(q.cfg.padding)
	if q.cfg.invalidate != invalidateFenced || e.Missing {
		return q.cache.Set(ctx, q.key, raw, ttl)
	}
	return q.cache.FillUnlessFenced(ctx, q.key, e.Version, raw, ttl)
}

// lifetime is the TTL of a fresh copy. Where somebody relies on how old a copy
// may become, it counts from the moment the database was read, so that no copy
// outlives its truth by more than the TTL even where Redis could not be told of
// a change.
func (q *query) lifetime(e entry) time.Duration {
	ttl := q.spreadTTL()
	if e.Missing {
		ttl = q.cfg.negativeTTL
	}
	if e.Missing || q.cfg.invalidate == invalidateFenced || q.cfg.strategy == strategySWR {
		ttl -= time.Since(e.loadedAt())
	}
	return min(ttl, longestTTL)
}

// spreadTTL is the TTL with its jitter. Around the longest TTL of all there is
// room for jitter only below, so the middle moves.
func (r *run) spreadTTL() time.Duration {
	jitter := r.cfg.ttlJitter
	if jitter == 0 {
		return r.cfg.ttl
	}
	middle := min(float64(r.cfg.ttl), float64(longestTTL)/(1+jitter))
	return time.Duration(middle * (1 + jitter*(2*r.draw()-1)))
}

// makeRoom deletes the copies that were not used for the longest time, where
// there are more than the cache may hold. That must not end with the patience
// of the reader who happened to need the room.
func (s *service) makeRoom(q query) error {
	victims := q.bound.add(q.id)
	if len(victims) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(s.life, q.cfg.timeout)
	defer cancel()
	var errs []error
	for _, victim := range victims {
		if err := s.drop(ctx, q.run, victim); err != nil {
			q.bound.keep(victim)
			errs = append(errs, err)
			continue
		}
		q.meter.evictions.Add(1)
	}
	return errors.Join(errs...)
}

// remember keeps what an instance answered, and answers with it where there is
// nothing better.
func (i *instance) remember(id int, a answer, err error) (answer, error) {
	if err == nil {
		i.copies.Store(id, a.entry)
		return a, nil
	}
	if old, ok := i.copies.Load(id); ok && !errors.Is(err, catalog.ErrNotFound) {
		return answer{entry: old.(entry), source: FromCopy, missed: true}, nil
	}
	return a, err
}
