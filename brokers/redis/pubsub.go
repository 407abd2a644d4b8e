package redis

import (
	"context"
	"fmt"
)

// Publish sends data to everybody who listens on a channel now.
func (c *Client) Publish(ctx context.Context, channel string, data []byte) error {
	return c.wrap(c.rdb.Publish(ctx, channel, data).Err())
}

// Listen calls receive with what is published on a channel until ctx ends. When
// the connection is lost it subscribes again; what is published meanwhile is
// missed. ready, which may be nil, is called when the channel is subscribed for
// the first time.
func (c *Client) Listen(ctx context.Context, channel string, ready func(), receive func(data string)) error {
	sub := c.rdb.Subscribe(ctx, channel)
	defer sub.Close()
	if _, err := sub.Receive(ctx); err != nil {
		return fmt.Errorf("listening on %s: %w", channel, c.wrap(err))
	}
	if ready != nil {
		ready()
	}
	messages := sub.Channel()
	for {
		select {
		case <-ctx.Done():
			return nil
		case m, ok := <-messages:
			if !ok {
				return nil
			}
			receive(m.Payload)
		}
	}
}
