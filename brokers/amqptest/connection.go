package amqptest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

func connectionTests() []test {
	return []test{
		{"properties", testServerProperties},
		{"tuning", testTuning},
		{"AMQPLAIN", testAMQPlain},
		{"wrong password", testWrongPassword},
		{"new password", testUpdateSecret},
		{"vhost", testVhost},
		{"channel error leaves the others", testChannelsApart},
		{"connection error closes the channels", testConnectionError},
		{"channels come and go", testManyChannels},
		{"connections come and go", testManyConnections},
		{"a cut connection gives back", testCut},
		{"small frames", testSmallFrames},
		{"heartbeats keep it open", testHeartbeat},
		{"several publishers", testPublishers},
	}
}

func testServerProperties(t *testing.T, b broker) {
	c := b.connect(t)
	for _, key := range []string{"product", "version", "platform"} {
		if s, _ := c.Properties[key].(string); s == "" {
			t.Errorf("no %s", key)
		}
	}
	capabilities, _ := c.Properties["capabilities"].(amqp.Table)
	for _, key := range []string{
		"publisher_confirms", "exchange_exchange_bindings", "basic.nack", "consumer_cancel_notify",
		"connection.blocked", "consumer_priorities", "authentication_failure_close", "per_consumer_qos",
	} {
		if capabilities[key] != true {
			t.Errorf("capability %s is %v", key, capabilities[key])
		}
	}
	if fmt.Sprint(c.Locales) != "[en_US]" {
		t.Errorf("locales %v", c.Locales)
	}
	if c.Major != 0 || c.Minor != 9 {
		t.Errorf("protocol %d.%d", c.Major, c.Minor)
	}
}

func testTuning(t *testing.T, b broker) {
	c := b.connect(t, func(cfg *amqp.Config) { cfg.Heartbeat = 100 * time.Second })
	if c.Config.ChannelMax != 2047 || c.Config.FrameSize != 131_072 || c.Config.Heartbeat != 60*time.Second {
		t.Errorf("%d channels, frames of %d, a heartbeat every %v", c.Config.ChannelMax, c.Config.FrameSize, c.Config.Heartbeat)
	}
	c = b.connect(t, func(cfg *amqp.Config) { cfg.ChannelMax, cfg.FrameSize = 3, 5000 })
	if c.Config.ChannelMax != 3 || c.Config.FrameSize != 5000 {
		t.Errorf("%d channels, frames of %d", c.Config.ChannelMax, c.Config.FrameSize)
	}
	for range 3 {
		c.channel()
	}
}

func testAMQPlain(t *testing.T, b broker) {
	sasl := &amqp.AMQPlainAuth{Username: "guest", Password: "guest"}
	b.connect(t, func(c *amqp.Config) { c.SASL = []amqp.Authentication{sasl} }).channel().queue(nil)
}

func testWrongPassword(t *testing.T, b broker) {
	sasl := &amqp.PlainAuth{Username: "guest", Password: "wrong"}
	_, err := b.dial(t, func(c *amqp.Config) { c.SASL = []amqp.Authentication{sasl} })
	if !errors.Is(err, amqp.ErrCredentials) {
		t.Errorf("got %v, want %v", err, amqp.ErrCredentials)
	}
}

// testUpdateSecret: a secret that does not run out may be renewed all the same.
func testUpdateSecret(t *testing.T, b broker) {
	c := b.connect(t)
	if err := c.UpdateSecret("guest", "renewal"); err != nil {
		t.Error(err)
	}
	c.channel().queue(nil)
}

// testVhost: a virtual host that does not exist is refused.
func testVhost(t *testing.T, b broker) {
	if _, err := b.dial(t, func(c *amqp.Config) { c.Vhost = "amqptest" }); err == nil {
		t.Error("a missing virtual host was opened")
	}
}

func testChannelsApart(t *testing.T, b broker) {
	c := b.connect(t)
	good, bad := c.channel(), c.channel()
	q := good.queue(nil)
	bad.publish("", q, "1")
	bad.becomes(q, 1)
	bad.get(q)
	bad.publish(name("none"), "k", "2")
	e := receive(t, bad.closed, "closing of the channel")
	if e == nil || e.Code != amqp.NotFound {
		t.Errorf("closed with %v", e)
	}
	good.becomes(q, 1) // what it had not acked is back
	good.wantDrained(q, "1*")
	again := c.channel() // perhaps under the number of the closed one
	again.publish("", q, "3")
	again.wantDrained(q, "3")
}

func testConnectionError(t *testing.T, b broker) {
	c := b.connect(t)
	one, two := c.channel(), c.channel()
	q := two.queue(nil)
	_, err := one.QueueDeclarePassive(q, false, false, false, false, nil)
	one.ok(err)
	err = one.ExchangeDeclare(name("none"), "x-nope", false, false, false, false, nil)
	wantError(t, err, amqp.CommandInvalid, "COMMAND_INVALID - unknown exchange type 'x-nope'")
	two.wantClosed(amqp.CommandInvalid, "COMMAND_INVALID - unknown exchange type 'x-nope'")
	c.wantClosed(amqp.CommandInvalid, "COMMAND_INVALID - unknown exchange type 'x-nope'")
	b.channel(t).wantGone(q)
}

func testManyChannels(t *testing.T, b broker) {
	c := b.connect(t)
	for range 4 {
		var open []*channel
		for range 50 {
			open = append(open, c.channel())
		}
		for _, ch := range open {
			ch.ok(ch.Close())
		}
	}
}

func testManyConnections(t *testing.T, b broker) {
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 10 {
				c, err := b.dial(t)
				if err != nil {
					t.Error(err)
					return
				}
				if _, err := c.Channel(); err != nil {
					t.Error(err)
				}
				if err := c.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

func testCut(t *testing.T, b broker) {
	var wire net.Conn
	c := b.connect(t, func(cfg *amqp.Config) {
		dial := cfg.Dial
		cfg.Dial = func(network, addr string) (net.Conn, error) {
			var err error
			wire, err = dial(network, addr)
			return wire, err
		}
	})
	ch, other := c.channel(), b.channel(t)
	q, private := other.sharedQueue(nil), ch.queue(nil)
	ds := ch.consume(q)
	other.publish("", q, "1", "2")
	if got := bodies(t, ds, 2); got != "1 2" {
		t.Errorf("got %s", got)
	}
	wire.Close()
	other.becomes(q, 2)
	other.wantDrained(q, "1* 2*")
	other.wantGone(private)
}

// frameMeter reads the sizes of the frames that come over a connection.
type frameMeter struct {
	net.Conn
	w  *io.PipeWriter
	wg sync.WaitGroup

	largest int // frame size in bytes, head and end included
}

func newFrameMeter(c net.Conn) *frameMeter {
	r, w := io.Pipe()
	m := &frameMeter{Conn: c, w: w}
	m.wg.Go(func() {
		for {
			size, err := skipFrame(r)
			if err != nil {
				r.CloseWithError(err)
				return
			}
			m.largest = max(m.largest, size)
		}
	})
	return m
}

func (m *frameMeter) Read(p []byte) (int, error) {
	n, err := m.Conn.Read(p)
	if n > 0 {
		_, _ = m.w.Write(p[:n])
	}
	return n, err
}

// max ends the measuring and returns the size of the largest frame.
func (m *frameMeter) max() int {
	m.w.Close()
	m.wg.Wait()
	return m.largest
}

// testSmallFrames: the broker splits what it sends as the client asked, and puts
// together what the client had to split.
func testSmallFrames(t *testing.T, b broker) {
	const limit = 4096
	var meter *frameMeter
	c := b.connect(t, func(cfg *amqp.Config) {
		dial := cfg.Dial
		cfg.FrameSize = limit
		cfg.Dial = func(network, addr string) (net.Conn, error) {
			wire, err := dial(network, addr)
			if err != nil {
				return nil, err
			}
			meter = newFrameMeter(wire)
			return meter, nil
		}
	})
	ch := c.channel()
	q := ch.queue(nil)
	ds := ch.consumeWith(q, "", true, nil)
	for _, size := range []int{0, 1, limit - 9, limit - 8, limit - 7, 2 * (limit - 8), 100_000} {
		body := bytes.Repeat([]byte{'x'}, size)
		ch.send("", q, amqp.Publishing{Body: body})
		if d := next(t, ds); !bytes.Equal(d.Body, body) {
			t.Errorf("%d bytes came back as %d", size, len(d.Body))
		}
	}
	ch.ok(c.Close())
	if got := meter.max(); got != limit {
		t.Errorf("the largest frame had %d bytes, want %d", got, limit)
	}
}

// testHeartbeat: the client gives up on a broker that is silent for some heartbeats,
// and the broker on a client. A machine that stalls for seconds is neither's silence:
// longer heartbeats are tried then.
func testHeartbeat(t *testing.T, b broker) {
	for _, beat := range []time.Duration{time.Second, 5 * time.Second} {
		c := b.connect(t, func(cfg *amqp.Config) { cfg.Heartbeat = beat })
		ch := c.channel()
		q := ch.queue(nil)
		select {
		case err := <-c.closed:
			t.Logf("with a heartbeat of %v: closed: %v", beat, err)
			continue
		case <-time.After(4 * beat):
		}
		ch.publish("", q, "1")
		ch.wantDrained(q, "1")
		return
	}
	t.Error("closed in spite of heartbeats")
}

func testPublishers(t *testing.T, b broker) {
	const publishers, each = 8, 500
	c := b.connect(t)
	ch := c.channel()
	q := ch.queue(nil)
	var wg sync.WaitGroup
	for p := range publishers {
		mine := c.channel()
		wg.Go(func() {
			for i := range each {
				if err := mine.Publish("", q, false, false, amqp.Publishing{Body: fmt.Appendf(nil, "%d %d", p, i)}); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	ds := ch.consumeWith(q, "", true, nil)
	var last [publishers]int
	for range publishers * each {
		var p, i int
		if _, err := fmt.Sscan(string(next(t, ds).Body), &p, &i); err != nil {
			t.Fatal(err)
		}
		if i != last[p] { // each channel's messages come in its order
			t.Fatalf("publisher %d: message %d came, want %d", p, i, last[p])
		}
		last[p]++
	}
	wg.Wait()
}
