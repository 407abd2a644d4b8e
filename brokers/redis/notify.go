package redis

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

const notifySetting = "notify-keyspace-events"

// EnableExpired switches the expired events of every server on, which Redis
// leaves off by default because they cost it time. It keeps whatever else is
// switched on, and returns a function that puts back what it has changed, where
// nobody else has changed it since.
func (c *Client) EnableExpired(ctx context.Context) (restore func(context.Context) error, err error) {
	var mu sync.Mutex
	var undo []func(context.Context) error
	restore = func(ctx context.Context) error {
		var errs []error
		for _, u := range undo {
			errs = append(errs, u(ctx))
		}
		return errors.Join(errs...)
	}
	err = c.eachServer(ctx, func(ctx context.Context, rdb goredis.Cmdable) error {
		u, err := c.enableExpired(ctx, rdb)
		mu.Lock()
		defer mu.Unlock()
		if u != nil {
			undo = append(undo, u)
		}
		return err
	})
	if err != nil {
		return nil, errors.Join(err, restore(ctx))
	}
	return restore, nil
}

// enableExpired is for one server; undo is nil where nothing had to be changed.
func (c *Client) enableExpired(ctx context.Context, rdb goredis.Cmdable) (undo func(context.Context) error, err error) {
	old, err := c.notifies(ctx, rdb)
	if err != nil {
		return nil, err
	}
	if withExpired(old) == old {
		return nil, nil
	}
	if err := rdb.ConfigSet(ctx, notifySetting, withExpired(old)).Err(); err != nil {
		return nil, fmt.Errorf("setting %s: %w", notifySetting, c.wrap(err))
	}
	mine, err := c.notifies(ctx, rdb) // as the server writes it
	return func(ctx context.Context) error {
		if now, err := c.notifies(ctx, rdb); err != nil || now != mine {
			return err
		}
		if err := rdb.ConfigSet(ctx, notifySetting, old).Err(); err != nil {
			return fmt.Errorf("putting %s back to %q: %w", notifySetting, old, c.wrap(err))
		}
		return nil
	}, err
}

// eachServer does something on the server, or on every master of a Cluster, on
// several at once: what is set or announced there is known to that one alone.
func (c *Client) eachServer(ctx context.Context, do func(context.Context, goredis.Cmdable) error) error {
	cluster, ok := c.rdb.(*goredis.ClusterClient)
	if !ok {
		return do(ctx, c.rdb)
	}
	return cluster.ForEachMaster(ctx, func(ctx context.Context, node *goredis.Client) error { return do(ctx, node) })
}

// withExpired adds what is needed: E for events by name, x for expired. A
// stands for all kinds of events and includes x.
func withExpired(flags string) string {
	if !strings.Contains(flags, "E") {
		flags += "E"
	}
	if !strings.ContainsAny(flags, "xA") {
		flags += "x"
	}
	return flags
}

// WatchExpired calls expired for every key with the prefix whose deletion by
// TTL a server announces, until ctx ends; for the keys of different servers of a
// Cluster at the same time. It subscribes anew when a connection breaks; what
// expires meanwhile is never announced. The error is that of not learning which
// servers there are.
func (c *Client) WatchExpired(ctx context.Context, prefix string, expired func(key string, at time.Time)) error {
	err := c.eachServer(ctx, func(ctx context.Context, rdb goredis.Cmdable) error {
		watchExpired(ctx, rdb.(subscriber), prefix, expired)
		return nil
	})
	if ctx.Err() != nil {
		return nil
	}
	return c.wrap(err)
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
			// go-redis's reader may be blocked at the full channel, for up to
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

// Notifies returns the setting of which events a server announces.
func (c *Client) Notifies(ctx context.Context) (string, error) { return c.notifies(ctx, c.rdb) }

func (c *Client) notifies(ctx context.Context, rdb goredis.Cmdable) (string, error) {
	got, err := rdb.ConfigGet(ctx, notifySetting).Result()
	if err != nil {
		return "", fmt.Errorf("asking for %s: %w", notifySetting, c.wrap(err))
	}
	return got[notifySetting], nil
}
