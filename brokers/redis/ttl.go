package redis

import (
	"context"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

// What PTTLs reports for a key without a TTL that runs.
const (
	Gone    time.Duration = -2 // the key does not exist
	Forever time.Duration = -1 // it has no TTL
)

// PTTLs asks for the time that each key has left, in one round trip for all of
// them, and writes the answers into left, which must be as long as keys. They are
// whole milliseconds, Gone or Forever.
func (c *Client) PTTLs(ctx context.Context, keys []string, left []time.Duration) error {
	if len(keys) == 0 {
		return nil
	}
	cmds, err := c.rdb.Pipelined(ctx, func(p goredis.Pipeliner) error {
		for _, key := range keys {
			p.PTTL(ctx, key)
		}
		return nil
	})
	if err != nil {
		return c.wrap(err)
	}
	for i, cmd := range cmds {
		left[i] = cmd.(*goredis.DurationCmd).Val()
	}
	return nil
}

// Expire lets a key live for d from now. It reports whether the key exists.
func (c *Client) Expire(ctx context.Context, key string, d time.Duration) (bool, error) {
	there, err := c.rdb.PExpire(ctx, key, max(d, time.Millisecond)).Result()
	return there, c.wrap(err)
}
