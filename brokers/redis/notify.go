package redis

import (
	"context"
	"fmt"
	"strings"
	"time"
)

const notifySetting = "notify-keyspace-events"

// EnableExpired switches the server's expired events on, which Redis leaves
// off by default because they cost it time. It keeps whatever else is switched
// on, and returns a function that puts the old setting back.
func (c *Client) EnableExpired(ctx context.Context) (restore func(context.Context) error, err error) {
	old, err := c.Notifies(ctx)
	if err != nil {
		return nil, err
	}
	if err := c.rdb.ConfigSet(ctx, notifySetting, withExpired(old)).Err(); err != nil {
		return nil, fmt.Errorf("setting %s: %w", notifySetting, c.wrap(err))
	}
	return func(ctx context.Context) error {
		if err := c.rdb.ConfigSet(ctx, notifySetting, old).Err(); err != nil {
			return fmt.Errorf("putting %s back to %q: %w", notifySetting, old, c.wrap(err))
		}
		return nil
	}, nil
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
// TTL the server announces, until ctx ends. It subscribes anew when the
// connection breaks; what expires meanwhile is never announced.
func (c *Client) WatchExpired(ctx context.Context, prefix string, expired func(key string, at time.Time)) {
	sub := c.rdb.PSubscribe(ctx, "__keyevent@*__:expired")
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

// Notifies returns the server's setting of which events it announces.
func (c *Client) Notifies(ctx context.Context) (string, error) {
	got, err := c.rdb.ConfigGet(ctx, notifySetting).Result()
	if err != nil {
		return "", fmt.Errorf("asking for %s: %w", notifySetting, c.wrap(err))
	}
	return got[notifySetting], nil
}
