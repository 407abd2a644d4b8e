package redis

import (
	"context"
	"fmt"
)

// Channel is one channel of Redis's publish and subscribe.
type Channel struct {
	client *Client
	name   string
}

// Channel returns the channel with a name.
func (c *Client) Channel(name string) Channel { return Channel{c, name} }

// Publish sends data to all who listen on the channel now.
func (c Channel) Publish(ctx context.Context, data []byte) error {
	return c.client.wrap(c.client.rdb.Publish(ctx, c.name, data).Err())
}

// Listen calls receive with what is published on the channel until ctx ends. When
// the connection is lost it subscribes again; what is published meanwhile is
// missed. ready, which may be nil, is called when the channel is subscribed for
// the first time.
func (c Channel) Listen(ctx context.Context, ready func(), receive func(data string)) error {
	sub := c.client.rdb.Subscribe(ctx, c.name)
	defer sub.Close()
	if _, err := sub.Receive(ctx); err != nil {
		return fmt.Errorf("listening on %s: %w", c.name, c.client.wrap(err))
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
