package service

import (
	"context"
	"errors"

	"resilab/brokers/redis"
	"resilab/labs/cacheaside/measure"
)

// Strategy is what keeps many readers from loading the same product at once.
type Strategy interface {
	// Lookup asks the cache; redis.ErrMiss means that it has no copy.
	Lookup(ctx context.Context, q *query) (Entry, error)
	// Hit is called for a copy that was found. It may start a refresh, and reports
	// whether the copy is beyond its soft TTL.
	Hit(q *query, e Entry) (overdue bool)
	// Miss answers where the cache has no copy.
	Miss(ctx context.Context, q *query) (Answer, error)
	// Uncached answers where Redis does not.
	Uncached(ctx context.Context, q *query) (Answer, error)
	// Beside returns the keys that must go with the copy of a key.
	Beside(key string) []string
	// FromRead reports whether a TTL counts from the reading of the database.
	FromRead() bool
}

func newStrategy(name string, s *Service) Strategy {
	switch plain := (everyReader{s}); name {
	case StrategySingleFlight:
		return singleFlight{plain}
	case StrategyLock:
		return lock{plain}
	case StrategyLease:
		return lease{plain}
	case StrategyEarly:
		return early{plain}
	case StrategyRevalidate:
		return revalidate{singleFlight{plain}}
	default:
		return plain
	}
}

// everyReader lets every reader that misses load for itself, as the course's demo
// does.
type everyReader struct{ s *Service }

func (e everyReader) Lookup(ctx context.Context, q *query) (Entry, error) { return e.s.lookup(ctx, q) }
func (everyReader) Hit(*query, Entry) bool                                { return false }
func (e everyReader) Miss(ctx context.Context, q *query) (Answer, error)  { return e.s.load(ctx, q) }
func (everyReader) Beside(string) []string                                { return nil }
func (everyReader) FromRead() bool                                        { return false }

func (e everyReader) Uncached(ctx context.Context, q *query) (Answer, error) {
	return e.s.uncached(ctx, q)
}

// loadUnlessFilled looks once more before it loads: the first reader may have
// filled the cache between this reader's miss and its turn.
func (s *Service) loadUnlessFilled(ctx context.Context, q *query) (Answer, error) {
	e, err := s.lookup(ctx, q)
	switch {
	case err == nil:
		return Answer{Entry: e, Source: measure.FromCache, Missed: true}, e.found()
	case errors.Is(err, redis.ErrMiss):
		return s.load(ctx, q)
	case s.cfg.Failure.Open:
		return s.uncached(ctx, q)
	}
	return Answer{}, err
}

// refresh loads a product for a reader that has its answer already. If it fails,
// a later read tries again.
func (s *Service) refresh(ctx context.Context, q *query) {
	ctx, cancel := s.Clock.WithTimeout(ctx, s.cfg.Timeout)
	defer cancel()
	s.Counters.Expiry.Refreshes.Add(1)
	_, _ = s.load(ctx, q)
}
