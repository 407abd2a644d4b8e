package cacheaside

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"resilab/brokers/redis"
	"resilab/labs/cacheaside/catalog"
)

// cache is what the service needs of Redis. A key that is not there is
// redis.ErrMiss.
type cache interface {
	Get(ctx context.Context, key string) ([]byte, error)
	Set(ctx context.Context, key string, value []byte, ttl time.Duration) error
	Delete(ctx context.Context, keys ...string) (int64, error)
}

// Source says where an answer came from.
type Source string

const (
	FromCache    Source = "cache"
	FromDatabase Source = "database"
)

// service is the product service of the shop: the course's path and what can
// be done about its weaknesses.
type service struct {
	prefix string // of every key
	cache  cache
	db     *database
	health *health
	watch  *watch
}

// run is one measurement: settings, what counts it, and the truth. A read
// keeps the run that it began in, so that nothing of old settings is counted
// in a new run.
type run struct {
	cfg   config
	meter *meter
	judge *judge
}

// answer is what a read returns.
type answer struct {
	entry
	source Source
}

func (s *service) key(id int) string { return s.prefix + "product:" + strconv.Itoa(id) }

// read answers for a product: from the cache, else from the database, which
// is then written to the cache. The error is catalog.ErrNotFound for a product
// that is not there; any other is a failure.
func (s *service) read(ctx context.Context, r *run, id int) (answer, error) {
	key := s.key(id)
	asked := time.Now()
	e, err := s.lookup(ctx, r, key)
	switch {
	case err == nil:
		return answer{e, FromCache}, nil
	case errors.Is(err, redis.ErrMiss):
		e, err = s.load(ctx, r, id, key, asked)
		return answer{e, FromDatabase}, err
	case r.cfg.failOpen:
		e, err = s.ask(ctx, r, id, asked)
		return answer{e, FromDatabase}, err
	}
	return answer{}, err
}

// lookup asks the cache.
func (s *service) lookup(ctx context.Context, r *run, key string) (entry, error) {
	raw, err := s.cache.Get(ctx, key)
	if err != nil {
		return entry{}, s.told(r, err)
	}
	s.health.up()
	return decodeEntry(raw)
}

// told lets the health of Redis know how a command ended.
func (s *service) told(r *run, err error) error {
	switch {
	case err == nil, errors.Is(err, redis.ErrMiss):
		s.health.up()
	case errors.Is(err, context.Canceled): // whoever asked has gone
	default:
		r.meter.redisErrors.Add(1)
		s.health.down(err)
	}
	return err
}

// load asks the database and writes what it says to the cache.
func (s *service) load(ctx context.Context, r *run, id int, key string, asked time.Time) (entry, error) {
	e, err := s.ask(ctx, r, id, asked)
	if err != nil {
		return entry{}, err
	}
	if err := s.fill(ctx, r, key, e); err != nil && !r.cfg.failOpen {
		return entry{}, err
	}
	return e, nil
}

// ask asks the database for a product that the cache did not have at asked.
func (s *service) ask(ctx context.Context, r *run, id int, asked time.Time) (entry, error) {
	truth := r.judge.of(id)
	if truth.loadBegins(asked) {
		r.meter.cycles.Add(1)
	}
	defer truth.loadEnds()
	now := time.Now()
	r.meter.loads.Add(1)
	r.meter.loadRate.add(now)
	p, err := s.db.find(ctx, r, id)
	if err != nil {
		return entry{}, err
	}
	return newEntry(p, now), nil
}

// fill writes a product to the cache.
func (s *service) fill(ctx context.Context, r *run, key string, e entry) error {
	if err := s.told(r, s.cache.Set(ctx, key, e.encode(), r.cfg.ttl)); err != nil {
		return fmt.Errorf("filling the cache: %w", err)
	}
	now := time.Now()
	r.judge.of(e.ID).filled(e, now)
	s.watch.filled(e.ID, r.cfg.ttl, now)
	return nil
}

// write changes a price in the database, and does about the copy in the cache
// what the settings say. The error is catalog.ErrNotFound for a product that
// is not there.
func (s *service) write(ctx context.Context, r *run, id int, price float64) (catalog.Product, error) {
	if r.cfg.invalidate == invalidateBefore {
		if err := s.drop(ctx, r, id); err != nil && !r.cfg.failOpen {
			return catalog.Product{}, err
		}
	}
	p, err := s.db.setPrice(ctx, r, id, price)
	if err != nil {
		return catalog.Product{}, err
	}
	if r.cfg.invalidate == invalidateAfter {
		err = s.drop(ctx, r, id)
	}
	if err != nil && !r.cfg.failOpen {
		return catalog.Product{}, err
	}
	return p, nil
}

// drop deletes the copy.
func (s *service) drop(ctx context.Context, r *run, id int) error {
	s.watch.deleted(id, time.Now())
	_, err := s.cache.Delete(ctx, s.key(id))
	if err = s.told(r, err); err != nil {
		return fmt.Errorf("deleting the copy: %w", err)
	}
	return nil
}
