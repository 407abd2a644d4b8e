package redis

import (
	"context"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

// Watch calls expired for every key with the prefix whose expiry a server
// announces, until ctx ends; for the keys of different servers of a Cluster at
// the same time. It subscribes again when a connection breaks; what expires
// meanwhile is never announced. The error is that of finding the servers.
func (e Events) Watch(ctx context.Context, prefix string, expired func(key string, at time.Time)) error {
	err := e.c.eachServer(ctx, func(ctx context.Context, rdb goredis.Cmdable) error {
		watchExpired(ctx, rdb.(subscriber), prefix, expired)
		return nil
	})
	if ctx.Err() != nil {
		return nil
	}
	return e.c.wrap(err)
}

type subscriber interface {
	PSubscribe(ctx context.Context, channels ...string) *goredis.PubSub
}

func watchExpired(ctx context.Context, rdb subscriber, prefix string, expired func(key string, at time.Time)) {
	sub := rdb.PSubscribe(ctx, "__keyevent@*__:expired")
	messages := sub.Channel()
	defer func() {
		_ = sub.Close() // its connection is given up in any case
		for range messages {
			// The reader of go-redis may be blocked at the full channel, for up to
			// a minute; it ends, and closes the channel, once there is room.
		}
	}()
	for {
		select {
		case <-ctx.Done():
			return
		case m, ok := <-messages:
			if !ok {
				return
			}
			if strings.HasPrefix(m.Payload, prefix) {
				expired(m.Payload, time.Now())
			}
		}
	}
}
