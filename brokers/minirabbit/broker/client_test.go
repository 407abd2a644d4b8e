package broker

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"resilab/brokers/minirabbit/codec"
)

// A client is a channel on a new connection, and what was delivered to it.
type client struct {
	*Channel
	t    testing.TB
	conn *Connection

	mu        sync.Mutex
	got       []arrival
	cancelled []string
	slow      bool
	asked     bool // Congested was called while slow
}

type arrival struct {
	tag         uint64
	body        string
	redelivered bool
	message     *Message
}

func (c *client) Deliver(_ string, tag uint64, redelivered bool, m *Message) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.got = append(c.got, arrival{tag, string(m.Body), redelivered, m})
}

func (c *client) Cancelled(tag string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cancelled = append(c.cancelled, tag)
}

func (c *client) Room() <-chan struct{} { return nil }

func (c *client) Congested() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked = c.asked || c.slow
	return c.slow
}

func newBroker(t testing.TB, o Options) *Broker {
	b := New(o)
	t.Cleanup(b.Close)
	return b
}

func (b *Broker) client(t testing.TB) *client {
	t.Helper()
	conn, err := b.Connect("/", "guest")
	if err != nil {
		t.Fatal(err)
	}
	c := &client{t: t, conn: conn}
	c.Channel = conn.OpenChannel(c)
	return c
}

func (c *client) ok(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

func (c *client) queue(name string, args ...codec.Field) {
	c.t.Helper()
	_, err := c.DeclareQueue(QueueSpec{Name: name, Durable: true, Arguments: args})
	c.ok(err)
}

func (c *client) fanout(name string, queues ...string) {
	c.t.Helper()
	c.ok(c.DeclareExchange(ExchangeSpec{Name: name, Type: "fanout"}))
	for _, q := range queues {
		c.ok(c.Bind(BindSpec{Source: name, Destination: q}))
	}
}

// message makes one from properties.
func (c *client) message(exchange, key, body string, p codec.Properties) *Message {
	c.t.Helper()
	m, err := NewMessage(exchange, key, p.Encode(), []byte(body), "guest")
	c.ok(err)
	return m
}

// publish sends bodies through the default exchange.
func (c *client) publish(queue string, bodies ...string) {
	c.t.Helper()
	for _, body := range bodies {
		_, err := c.Publish(c.message("", queue, body, codec.Properties{}), false)
		c.ok(err)
	}
}

func (c *client) expiring(queue, body, ms string) {
	c.t.Helper()
	p := codec.Properties{Present: codec.HasExpiration, Expiration: []byte(ms)}
	_, err := c.Publish(c.message("", queue, body, p), false)
	c.ok(err)
}

func (c *client) consume(queue string, args ...codec.Field) string {
	c.t.Helper()
	tag, err := c.Consume(ConsumeSpec{Queue: queue, Arguments: args})
	c.ok(err)
	c.Start(tag)
	return tag
}

// take returns what was delivered since the last time, a star after what was
// redelivered.
func (c *client) take() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []string
	for _, a := range c.got {
		if a.redelivered {
			a.body += "*"
		}
		all = append(all, a.body)
	}
	c.got = nil
	return strings.Join(all, " ")
}

func (c *client) wants(want string) {
	c.t.Helper()
	if got := c.take(); got != want {
		c.t.Errorf("got %q, want %q", got, want)
	}
}

// waiting is how many messages are ready in a queue.
func (c *client) waiting(queue string) int {
	c.t.Helper()
	info, err := c.FindQueue(queue)
	c.ok(err)
	return info.Messages
}

func (c *client) numbered(queue string, from, to int) {
	for i := from; i <= to; i++ {
		c.publish(queue, fmt.Sprint(i))
	}
}
