package redis

import (
	"context"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

// What PTTLs reports for a key that has no time to run down.
const (
	Gone    time.Duration = -2 // the key is not there
	Forever time.Duration = -1 // it has no TTL
)

// PTTLs asks for the time that each key has left, in one round trip for all
// of them, and writes the answers into left, which must be as long as keys.
// Left is whole milliseconds, Gone or Forever.
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
