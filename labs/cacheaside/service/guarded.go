package service

import (
	"context"
	"errors"
	"time"

	"github.com/sony/gobreaker/v2"

	"resilab/brokers/redis"
	"resilab/labs/clock"
)

// Settings of the breaker in front of Redis.
const (
	breakerTrips = 5           // failures in a row that open it
	breakerOpen  = time.Second // how long it stays open before it tries again
)

// ErrBreakerOpen is returned while the breaker keeps commands away from Redis.
var ErrBreakerOpen = gobreaker.ErrOpenState

// Guarded is a Store behind a circuit breaker: once Redis has failed a few times
// in a row, no call waits for it until a trial succeeds.
type Guarded struct {
	inner Store
	cb    *gobreaker.TwoStepCircuitBreaker[any]
}

// NewGuarded returns a closed breaker in front of a store. It stays open for a
// second of the clock, at the speed of now.
func NewGuarded(inner Store, c *clock.Clock) *Guarded {
	return &Guarded{inner, gobreaker.NewTwoStepCircuitBreaker[any](gobreaker.Settings{
		Timeout:      c.Real(breakerOpen),
		ReadyToTrip:  func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= breakerTrips },
		IsSuccessful: func(err error) bool { return err == nil || errors.Is(err, ErrRefused) || isAnswer(err) },
		IsExcluded:   func(err error) bool { return errors.Is(err, context.Canceled) }, // the caller has ended
	})}
}

// isAnswer reports whether an error is an answer of Redis, and no failure.
func isAnswer(err error) bool {
	return errors.Is(err, redis.ErrMiss) || errors.Is(err, redis.ErrWrongType)
}

// Open reports whether the breaker keeps commands away.
func (g *Guarded) Open() bool { return g.cb.State() == gobreaker.StateOpen }

func through[T any](g *Guarded, do func() (T, error)) (T, error) {
	done, err := g.cb.Allow()
	if err != nil {
		var none T
		return none, ErrBreakerOpen
	}
	v, err := do()
	done(err)
	return v, err
}

// pass is through for commands that return nothing.
func pass(g *Guarded, do func() error) error {
	_, err := through(g, func() (struct{}, error) { return struct{}{}, do() })
	return err
}

// Get implements Store.
func (g *Guarded) Get(ctx context.Context, key string) ([]byte, error) {
	return through(g, func() ([]byte, error) { return g.inner.Get(ctx, key) })
}

// Set implements Store.
func (g *Guarded) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	return pass(g, func() error { return g.inner.Set(ctx, key, value, ttl) })
}

// Delete implements Store.
func (g *Guarded) Delete(ctx context.Context, keys ...string) (int64, error) {
	return through(g, func() (int64, error) { return g.inner.Delete(ctx, keys...) })
}

// SetIfAbsent implements Store.
func (g *Guarded) SetIfAbsent(ctx context.Context, key, value string, ttl time.Duration) (bool, error) {
	return through(g, func() (bool, error) { return g.inner.SetIfAbsent(ctx, key, value, ttl) })
}

// DeleteIf implements Store.
func (g *Guarded) DeleteIf(ctx context.Context, key, value string) error {
	return pass(g, func() error { return g.inner.DeleteIf(ctx, key, value) })
}

// FillNewest implements Store.
func (g *Guarded) FillNewest(ctx context.Context, key string, version uint64, value []byte, ttl time.Duration) error {
	return pass(g, func() error { return g.inner.FillNewest(ctx, key, version, value, ttl) })
}

// Announce implements Store.
func (g *Guarded) Announce(ctx context.Context, key string, version uint64, ttl time.Duration) error {
	return pass(g, func() error { return g.inner.Announce(ctx, key, version, ttl) })
}

// GetOrLease implements Store.
func (g *Guarded) GetOrLease(ctx context.Context, key, token string, ttl time.Duration) (value []byte, mine bool, err error) {
	value, err = through(g, func() ([]byte, error) {
		v, granted, err := g.inner.GetOrLease(ctx, key, token, ttl)
		mine = granted
		return v, err
	})
	return value, mine, err
}

// FillLeased implements Store.
func (g *Guarded) FillLeased(ctx context.Context, key, token string, value []byte, ttl time.Duration) error {
	return pass(g, func() error { return g.inner.FillLeased(ctx, key, token, value, ttl) })
}

// EndLease implements Store.
func (g *Guarded) EndLease(ctx context.Context, key, token string) error {
	return pass(g, func() error { return g.inner.EndLease(ctx, key, token) })
}
