package service

import (
	"context"
	"errors"
	"strings"
	"time"

	"resilab/brokers/redis"
	"resilab/labs/clock"
)

// Store is what the service needs of Redis. TTLs are in the lab's time. A key
// that does not exist is redis.ErrMiss.
type Store interface {
	Get(ctx context.Context, key string) ([]byte, error)
	Set(ctx context.Context, key string, value []byte, ttl time.Duration) error
	Delete(ctx context.Context, keys ...string) (int64, error)
	// SetIfAbsent stores a value unless the key exists, and reports whether it did.
	SetIfAbsent(ctx context.Context, key, value string, ttl time.Duration) (bool, error)
	// DeleteIf deletes a key that still has the value.
	DeleteIf(ctx context.Context, key, value string) error
	// FillNewest stores a copy unless a newer version was announced: ErrRefused.
	FillNewest(ctx context.Context, key string, version uint64, value []byte, ttl time.Duration) error
	// Announce deletes a copy, and for a while keeps older versions from being stored.
	Announce(ctx context.Context, key string, version uint64, ttl time.Duration) error
	// GetOrLease returns a key's value. Where there is none it returns redis.ErrMiss,
	// and whether the token is now the lease that a fill has to present.
	GetOrLease(ctx context.Context, key, token string, ttl time.Duration) (value []byte, mine bool, err error)
	// FillLeased stores a copy and ends the lease, unless the lease is void: ErrRefused.
	FillLeased(ctx context.Context, key, token string, value []byte, ttl time.Duration) error
	// EndLease ends a lease that still has the token.
	EndLease(ctx context.Context, key, token string) error
}

// ErrRefused is returned for a copy that must not be stored: a newer version was
// announced, or its lease is void.
var ErrRefused = errors.New("the copy may be older than the database")

// redisStore is a Store in Redis.
type redisStore struct {
	*redis.Client
	clock *clock.Clock
}

// NewStore returns a Store that gives Redis its TTLs in real time.
func NewStore(client *redis.Client, c *clock.Clock) Store { return redisStore{client, c} }

// beside names a key that belongs to another one. It begins with the same
// namespace, and its hash tag keeps both on one node of a Cluster.
func beside(key, what string) string {
	namespace, _, _ := strings.Cut(key, ":")
	return namespace + ":" + what + ":{" + key + "}"
}

// Names of the keys beside a copy: the newest version announced, and the lease.
const (
	fenceKey = "fence"
	leaseKey = "lease"
)

var fillNewestScript = redis.NewScript(`
	if tonumber(redis.call("GET", KEYS[2]) or "0") > tonumber(ARGV[1]) then return 0 end
	redis.call("SET", KEYS[1], ARGV[2], "PX", ARGV[3])
	return 1`)

var announceScript = redis.NewScript(`
	if tonumber(redis.call("GET", KEYS[2]) or "0") < tonumber(ARGV[1]) then
		redis.call("SET", KEYS[2], ARGV[1], "PX", ARGV[2])
	end
	redis.call("DEL", KEYS[3])
	return redis.call("DEL", KEYS[1])`)

var deleteIfScript = redis.NewScript(`
	if redis.call("GET", KEYS[1]) == ARGV[1] then return redis.call("DEL", KEYS[1]) end
	return 0`)

// The first letter of the reply says what it is: a value, a lease that was
// granted, or one that another client has.
var getOrLeaseScript = redis.NewScript(`
	local value = redis.call("GET", KEYS[1])
	if value then return "v" .. value end
	if redis.call("SET", KEYS[2], ARGV[1], "NX", "PX", ARGV[2]) then return "g" end
	return "w"`)

var fillLeasedScript = redis.NewScript(`
	if redis.call("GET", KEYS[2]) ~= ARGV[1] then return 0 end
	redis.call("SET", KEYS[1], ARGV[2], "PX", ARGV[3])
	redis.call("DEL", KEYS[2])
	return 1`)

// px returns a TTL as Redis takes it: real milliseconds, at least one.
func (s redisStore) px(ttl time.Duration) int64 { return max(s.clock.Real(ttl).Milliseconds(), 1) }

func (s redisStore) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	return s.Client.Set(ctx, key, value, s.clock.Real(ttl))
}

func (s redisStore) SetIfAbsent(ctx context.Context, key, value string, ttl time.Duration) (bool, error) {
	return s.Client.SetIfAbsent(ctx, key, value, s.clock.Real(ttl))
}

func (s redisStore) DeleteIf(ctx context.Context, key, value string) error {
	_, err := s.Run(ctx, deleteIfScript, []string{key}, value)
	return err
}

func (s redisStore) FillNewest(ctx context.Context, key string, version uint64, value []byte, ttl time.Duration) error {
	done, err := s.Run(ctx, fillNewestScript, []string{key, beside(key, fenceKey)}, version, value, s.px(ttl))
	return refused(done, err)
}

func refused(done int64, err error) error {
	if err == nil && done == 0 {
		return ErrRefused
	}
	return err
}

func (s redisStore) Announce(ctx context.Context, key string, version uint64, ttl time.Duration) error {
	_, err := s.Run(ctx, announceScript, []string{key, beside(key, fenceKey), beside(key, leaseKey)}, version, s.px(ttl))
	return err
}

func (s redisStore) GetOrLease(ctx context.Context, key, token string, ttl time.Duration) (value []byte, mine bool, err error) {
	reply, err := s.RunText(ctx, getOrLeaseScript, []string{key, beside(key, leaseKey)}, token, s.px(ttl))
	switch {
	case err != nil:
		return nil, false, err
	case strings.HasPrefix(reply, "v"):
		return []byte(reply[1:]), false, nil
	}
	return nil, reply == "g", redis.ErrMiss
}

func (s redisStore) FillLeased(ctx context.Context, key, token string, value []byte, ttl time.Duration) error {
	done, err := s.Run(ctx, fillLeasedScript, []string{key, beside(key, leaseKey)}, token, value, s.px(ttl))
	return refused(done, err)
}

func (s redisStore) EndLease(ctx context.Context, key, token string) error {
	return s.DeleteIf(ctx, beside(key, leaseKey), token)
}

// adjustScript gives a key the TTL that it has at a new speed: what is left
// until the end that a copy states, or else what was left of it, in proportion.
var adjustScript = redis.NewScript(`
	local value = redis.call("GET", KEYS[1])
	local ends = nil
	if value then
		local ok, entry = pcall(cjson.decode, value)
		if ok and type(entry) == "table" then ends = tonumber(entry["expires_ms"]) end
	end
	local left
	if ends then
		left = (ends - tonumber(ARGV[1])) / tonumber(ARGV[2])
	else
		left = redis.call("PTTL", KEYS[1]) * tonumber(ARGV[3])
		if left < 0 then return 0 end
	end
	return redis.call("PEXPIRE", KEYS[1], math.max(1, math.floor(left + 0.5)))`)

// AdjustTTLs gives all keys with the prefix the TTLs that belong to the present
// speed of the clock. They were set at another speed.
func AdjustTTLs(ctx context.Context, client *redis.Client, c *clock.Clock, prefix string, from float64) error {
	speed := c.Speed()
	return client.RunForEach(ctx, adjustScript, prefix, c.Now().UnixMilli(), speed, from/speed)
}
