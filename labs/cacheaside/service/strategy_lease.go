package service

import (
	"context"
	"errors"
	"time"

	"resilab/brokers/redis"
	"resilab/labs/cacheaside/measure"
)

// lease is the lease of memcached at Facebook: a miss gives one reader of all
// instances a token, and only with the token can it fill the cache. The others
// wait a moment and ask again. A delete voids the token, so that a row that was
// read before a change is never written after it.
//
// R. Nishtala et al.: Scaling Memcache at Facebook. NSDI 2013, section 3.2.1.
type lease struct{ everyReader }

// leasePoll is how long a reader without the lease waits before it asks again.
const leasePoll = 5 * time.Millisecond

func (l lease) Beside(key string) []string { return []string{beside(key, leaseKey)} }

// Lookup asks for a copy or a lease in one command.
func (l lease) Lookup(ctx context.Context, q *query) (Entry, error) {
	s := l.s
	ctx, done := s.redis.from(ctx, s.Clock.Now())
	defer done()
	token := newToken()
	raw, mine, err := s.Store.GetOrLease(ctx, q.key, token, s.cfg.Timeout)
	if mine {
		q.lease = token
	}
	e, missed := s.decoded(q, raw, err)
	if foreign := raw != nil || errors.Is(err, redis.ErrWrongType); foreign && errors.Is(missed, redis.ErrMiss) {
		// There is no lease while something else is under the key.
		_, err := s.Store.Delete(ctx, q.key)
		return e, errors.Join(missed, s.outcome(err))
	}
	return e, missed
}

func (l lease) Miss(ctx context.Context, q *query) (Answer, error) {
	s := l.s
	for q.lease == "" {
		if err := s.Clock.Sleep(ctx, leasePoll); err != nil {
			return Answer{}, err
		}
		e, err := l.Lookup(ctx, q)
		switch {
		case err == nil:
			return Answer{Entry: e, Source: measure.FromCache, Missed: true}, e.found()
		case !errors.Is(err, redis.ErrMiss):
			return s.withoutRedis(ctx, q, err)
		}
	}
	a, err := s.load(ctx, q)
	// What is not a copy, such as an error, leaves the lease to the next reader.
	s.Go(func(ctx context.Context) { l.end(ctx, q.key, q.lease) })
	return a, err
}

// end gives a lease back. If that fails, its TTL ends it.
func (l lease) end(ctx context.Context, key, token string) {
	s := l.s
	ctx, cancel := s.Clock.WithTimeout(ctx, s.cfg.Timeout/2)
	defer cancel()
	_ = s.outcome(s.Store.EndLease(ctx, key, token))
}
