package brokers

import "resilab/brokers/redis"

// Redis is a client of a Redis that programs share, as redis.Client.
type Redis = redis.Client

// RedisScript is a script that a Redis runs in one piece.
type RedisScript = redis.Script

// ErrMiss is returned for a key or a field that does not exist.
var ErrMiss = redis.ErrMiss

// OpenRedis returns a client of the Redis at a URL: one server, a Cluster or
// Sentinels, as redis.Open reads it. The caller must call Close.
func OpenRedis(url string) (*Redis, error) { return redis.Open(url, redis.Options{}) }

// NewRedisScript prepares a script.
func NewRedisScript(source string) *RedisScript { return redis.NewScript(source) }
