package cacheaside

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/sony/gobreaker/v2"

	"resilab/brokers/redis"
)

// cache is what the service needs of Redis. A key that is not there is
// redis.ErrMiss.
type cache interface {
	Get(ctx context.Context, key string) ([]byte, error)
	Set(ctx context.Context, key string, value []byte, ttl time.Duration) error
	Delete(ctx context.Context, keys ...string) (int64, error)
	// SetIfAbsent stores a value where there is none, and tells whether it did.
	SetIfAbsent(ctx context.Context, key, value string, ttl time.Duration) (bool, error)
	// DeleteIf deletes a key that still has the value.
	DeleteIf(ctx context.Context, key, value string) error
	// FillUnlessFenced stores a copy unless a fence tells of a newer version:
	// errFenced.
	FillUnlessFenced(ctx context.Context, key string, version uint64, value []byte, ttl time.Duration) error
	// Fence deletes a copy, and for a while keeps older versions from being stored.
	Fence(ctx context.Context, key string, version uint64, ttl time.Duration) error
}

// errFenced tells that a copy is older than a change that was announced.
var errFenced = errors.New("there is a newer version")

// store adds to Redis what the lab needs beyond single commands.
type store struct{ *redis.Client }

// fenceOf names the key that holds the newest version known of another key. It
// begins with the same namespace, and its hash tag keeps both on one node of a
// Cluster.
func fenceOf(key string) string {
	namespace, _, _ := strings.Cut(key, ":")
	return namespace + ":fence:{" + key + "}"
}

var fillScript = redis.NewScript(`
	if tonumber(redis.call("GET", KEYS[2]) or "0") > tonumber(ARGV[1]) then return 0 end
	redis.call("SET", KEYS[1], ARGV[2], "PX", ARGV[3])
	return 1`)

var fenceScript = redis.NewScript(`
	if tonumber(redis.call("GET", KEYS[2]) or "0") < tonumber(ARGV[1]) then
		redis.call("SET", KEYS[2], ARGV[1], "PX", ARGV[2])
	end
	return redis.call("DEL", KEYS[1])`)

var deleteIfScript = redis.NewScript(`
	if redis.call("GET", KEYS[1]) == ARGV[1] then return redis.call("DEL", KEYS[1]) end
	return 0`)

func (s store) DeleteIf(ctx context.Context, key, value string) error {
	_, err := s.Run(ctx, deleteIfScript, []string{key}, value)
	return err
}

func (s store) FillUnlessFenced(ctx context.Context, key string, version uint64, value []byte, ttl time.Duration) error {
	done, err := s.Run(ctx, fillScript, []string{key, fenceOf(key)}, version, value, max(ttl.Milliseconds(), 1))
	if err == nil && done == 0 {
		return errFenced
	}
	return err
}

func (s store) Fence(ctx context.Context, key string, version uint64, ttl time.Duration) error {
	_, err := s.Run(ctx, fenceScript, []string{key, fenceOf(key)}, version, max(ttl.Milliseconds(), 1))
	return err
}

// Settings of the breaker in front of Redis.
const (
	breakerTrips = 5           // failures in a row that open it
	breakerOpen  = time.Second // how long it stays open before it tries again
)

var errBreakerOpen = gobreaker.ErrOpenState

// guarded is a cache behind a circuit breaker: once Redis has failed a few
// times in a row, nobody waits for it until a trial succeeds.
type guarded struct {
	inner cache
	cb    *gobreaker.TwoStepCircuitBreaker[any]
}

func newGuarded(inner cache) *guarded {
	return &guarded{inner, gobreaker.NewTwoStepCircuitBreaker[any](gobreaker.Settings{
		Timeout:      breakerOpen,
		ReadyToTrip:  func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= breakerTrips },
		IsSuccessful: func(err error) bool { return err == nil || errors.Is(err, redis.ErrMiss) || errors.Is(err, errFenced) },
		IsExcluded:   func(err error) bool { return errors.Is(err, context.Canceled) }, // whoever asked has gone
	})}
}

// open tells whether the breaker keeps commands away.
func (g *guarded) open() bool { return g.cb.State() == gobreaker.StateOpen }

func through[T any](g *guarded, do func() (T, error)) (T, error) {
	done, err := g.cb.Allow()
	if err != nil {
		var none T
		return none, errBreakerOpen
	}
	v, err := do()
	done(err)
	return v, err
}

func (g *guarded) Get(ctx context.Context, key string) ([]byte, error) {
	return through(g, func() ([]byte, error) { return g.inner.Get(ctx, key) })
}

func (g *guarded) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	_, err := through(g, func() (any, error) { return nil, g.inner.Set(ctx, key, value, ttl) })
	return err
}

func (g *guarded) Delete(ctx context.Context, keys ...string) (int64, error) {
	return through(g, func() (int64, error) { return g.inner.Delete(ctx, keys...) })
}

func (g *guarded) SetIfAbsent(ctx context.Context, key, value string, ttl time.Duration) (bool, error) {
	return through(g, func() (bool, error) { return g.inner.SetIfAbsent(ctx, key, value, ttl) })
}

func (g *guarded) DeleteIf(ctx context.Context, key, value string) error {
	_, err := through(g, func() (any, error) { return nil, g.inner.DeleteIf(ctx, key, value) })
	return err
}

func (g *guarded) FillUnlessFenced(ctx context.Context, key string, version uint64, value []byte, ttl time.Duration) error {
	_, err := through(g, func() (any, error) { return nil, g.inner.FillUnlessFenced(ctx, key, version, value, ttl) })
	return err
}

func (g *guarded) Fence(ctx context.Context, key string, version uint64, ttl time.Duration) error {
	_, err := through(g, func() (any, error) { return nil, g.inner.Fence(ctx, key, version, ttl) })
	return err
}
