package amqptest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

const (
	// testLimit cuts the connections of a test that a silent broker keeps
	// waiting, so that its calls fail.
	testLimit = 2 * time.Minute
	// waitLimit is how long anything may take that the broker has to do.
	waitLimit = 10 * time.Second
	// quietTime is how long nothing more must come, after the broker has shown
	// that it is done.
	quietTime = 20 * time.Millisecond
)

// broker is the broker under test, seen from one test.
type broker struct{ Target }

// conn is a connection that the test's end closes.
type conn struct {
	*amqp.Connection
	t      *testing.T
	b      broker
	closed chan *amqp.Error
}

// channel is a channel with shorthands that end the test where they fail.
type channel struct {
	*amqp.Channel
	t      *testing.T
	conn   *conn
	closed chan *amqp.Error

	returns chan amqp.Return // in confirm mode, as many as fit
}

// connect opens a connection, as the options change it.
func (b broker) connect(t *testing.T, options ...func(*amqp.Config)) *conn {
	t.Helper()
	c, err := b.dial(t, options...)
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	return c
}

func (b broker) dial(t *testing.T, options ...func(*amqp.Config)) (*conn, error) {
	cfg := amqp.Config{Dial: b.dialTCP(t), Properties: amqp.NewConnectionProperties()}
	for _, o := range options {
		o(&cfg)
	}
	c, err := amqp.DialConfig(b.URL, cfg)
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { c.Close() })
	return &conn{Connection: c, t: t, b: b, closed: c.NotifyClose(make(chan *amqp.Error, 1))}, nil
}

// dialTCP makes connections that end when the test has taken too long.
func (b broker) dialTCP(t *testing.T) func(network, addr string) (net.Conn, error) {
	return func(network, addr string) (net.Conn, error) {
		c, err := net.DialTimeout(network, addr, waitLimit)
		if err != nil {
			return nil, err
		}
		watchdog := time.AfterFunc(testLimit, func() { c.Close() })
		t.Cleanup(func() { watchdog.Stop() })
		return c, nil
	}
}

// channel opens a connection with one channel.
func (b broker) channel(t *testing.T) *channel {
	t.Helper()
	return b.connect(t).channel()
}

func (c *conn) channel() *channel {
	c.t.Helper()
	ch, err := c.Channel()
	if err != nil {
		c.t.Fatalf("open a channel: %v", err)
	}
	return &channel{Channel: ch, t: c.t, conn: c, closed: ch.NotifyClose(make(chan *amqp.Error, 1))}
}

// confirms opens a channel in confirm mode.
func (c *conn) confirms() *channel {
	c.t.Helper()
	ch := c.channel()
	ch.ok(ch.Confirm(false))
	ch.returns = ch.NotifyReturn(make(chan amqp.Return, 100))
	return ch
}

// acked waits for a confirm and reports whether it is an ack.
func (ch *channel) acked(confirm *amqp.DeferredConfirmation) bool {
	ch.t.Helper()
	select {
	case <-confirm.Done():
	case <-time.After(waitLimit):
		ch.t.Fatalf("no confirm after %v", waitLimit)
	}
	return confirm.Acked()
}

func (ch *channel) ok(err error) {
	ch.t.Helper()
	if err != nil {
		ch.t.Fatal(err)
	}
}

// name returns a unique name.
func name(kind string) string { return fmt.Sprintf("amqptest.%s.%08x", kind, rand.Uint32()) }

// queue declares an exclusive queue, which is deleted with the connection.
func (ch *channel) queue(args amqp.Table) string {
	ch.t.Helper()
	q, err := ch.QueueDeclare(name("queue"), false, false, true, false, args)
	if err != nil {
		ch.t.Fatalf("declare a queue: %v", err)
	}
	return q.Name
}

// sharedQueue declares a queue that other connections may use as well.
func (ch *channel) sharedQueue(args amqp.Table) string {
	ch.t.Helper()
	q, err := ch.QueueDeclare(name("queue"), false, false, false, false, args)
	if err != nil {
		ch.t.Fatalf("declare a queue: %v", err)
	}
	ch.atEnd(func(ch *amqp.Channel) error {
		_, err := ch.QueueDelete(q.Name, false, false, false)
		return err
	})
	return q.Name
}

// exchange declares an exchange of a kind.
func (ch *channel) exchange(kind string, args amqp.Table) string {
	ch.t.Helper()
	x := name(kind)
	if err := ch.ExchangeDeclare(x, kind, false, false, false, false, args); err != nil {
		ch.t.Fatalf("declare a %s exchange: %v", kind, err)
	}
	ch.atEnd(func(ch *amqp.Channel) error { return ch.ExchangeDelete(x, false, false) })
	return x
}

// atEnd cleans up on a new connection, because that of the test may be closed.
func (ch *channel) atEnd(do func(*amqp.Channel) error) {
	t, b := ch.t, ch.conn.b
	t.Cleanup(func() {
		c, err := amqp.Dial(b.URL)
		if err != nil {
			t.Errorf("clean up: %v", err)
			return
		}
		defer c.Close()
		fresh, err := c.Channel()
		if err == nil {
			err = do(fresh)
		}
		if err != nil {
			t.Errorf("clean up: %v", err)
		}
	})
}

func (ch *channel) bind(queue, key, exchange string, args amqp.Table) {
	ch.t.Helper()
	if err := ch.QueueBind(queue, key, exchange, false, args); err != nil {
		ch.t.Fatalf("bind: %v", err)
	}
}

// bound declares an exclusive queue bound to exchange under each key.
func (ch *channel) bound(exchange string, keys ...string) string {
	ch.t.Helper()
	q := ch.queue(nil)
	for _, key := range keys {
		ch.bind(q, key, exchange, nil)
	}
	return q
}

// publish sends one message for each body.
func (ch *channel) publish(exchange, key string, bodies ...string) {
	ch.t.Helper()
	for _, body := range bodies {
		ch.send(exchange, key, amqp.Publishing{Body: []byte(body)})
	}
}

func (ch *channel) send(exchange, key string, msg amqp.Publishing) {
	ch.t.Helper()
	if err := ch.Publish(exchange, key, false, false, msg); err != nil {
		ch.t.Fatalf("publish: %v", err)
	}
}

// consume starts a consumer with manual acks and returns its deliveries.
func (ch *channel) consume(queue string) <-chan amqp.Delivery {
	ch.t.Helper()
	return ch.consumeWith(queue, "", false, nil)
}

func (ch *channel) consumeWith(queue, tag string, autoAck bool, args amqp.Table) <-chan amqp.Delivery {
	ch.t.Helper()
	ds, err := ch.Consume(queue, tag, autoAck, false, false, false, args)
	if err != nil {
		ch.t.Fatalf("consume: %v", err)
	}
	return ds
}

// next waits for the next delivery.
func next(t *testing.T, ds <-chan amqp.Delivery) amqp.Delivery {
	t.Helper()
	return receive(t, ds, "a delivery")
}

// receive waits for something on a channel of the client.
func receive[T any](t *testing.T, from <-chan T, what string) T {
	t.Helper()
	select {
	case v, ok := <-from:
		if !ok {
			t.Fatalf("the channel closed before %s", what)
		}
		return v
	case <-time.After(waitLimit):
		t.Fatalf("no %s after %v", what, waitLimit)
	}
	panic("unreachable")
}

// bodies waits for n deliveries and returns their bodies, each with a * if it was
// marked as redelivered.
func bodies(t *testing.T, ds <-chan amqp.Delivery, n int) string {
	t.Helper()
	var all []string
	for range n {
		all = append(all, mark(next(t, ds)))
	}
	return strings.Join(all, " ")
}

func mark(d amqp.Delivery) string {
	if d.Redelivered {
		return string(d.Body) + "*"
	}
	return string(d.Body)
}

// quiet asserts that no delivery comes. The round trips to the queue make sure
// that the broker has sent everything before.
func (ch *channel) quiet(queue string, ds <-chan amqp.Delivery) {
	ch.t.Helper()
	ch.ready(queue)
	ch.ready(queue)
	select {
	case d, ok := <-ds:
		if ok {
			ch.t.Fatalf("unexpected delivery of %q", d.Body)
		}
	case <-time.After(quietTime):
	}
}

// get fetches one message without acking it.
func (ch *channel) get(queue string) amqp.Delivery {
	ch.t.Helper()
	d, ok, err := ch.Get(queue, false)
	if err != nil {
		ch.t.Fatalf("get: %v", err)
	}
	if !ok {
		ch.t.Fatalf("get: %s is empty", queue)
	}
	return d
}

// drain takes all messages out of a queue and returns their marked bodies.
func (ch *channel) drain(queue string) string {
	ch.t.Helper()
	var all []string
	for {
		d, ok, err := ch.Get(queue, true)
		if err != nil {
			ch.t.Fatalf("get: %v", err)
		}
		if !ok {
			return strings.Join(all, " ")
		}
		all = append(all, mark(d))
	}
}

// ready returns how many messages of the queue wait for a consumer.
func (ch *channel) ready(queue string) int {
	ch.t.Helper()
	q, err := ch.QueueDeclarePassive(queue, false, false, false, false, nil)
	if err != nil {
		ch.t.Fatalf("declare passively: %v", err)
	}
	return q.Messages
}

// becomes polls until the queue holds n ready messages.
func (ch *channel) becomes(queue string, n int) {
	ch.t.Helper()
	ch.eventually(func() error {
		if got := ch.ready(queue); got != n {
			return fmt.Errorf("%d messages are ready, want %d", got, n)
		}
		return nil
	})
}

// eventually polls until check has no error any more.
func (ch *channel) eventually(check func() error) {
	ch.t.Helper()
	deadline := time.Now().Add(waitLimit)
	for {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			ch.t.Fatalf("after %v: %v", waitLimit, err)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// wantDrained empties the queue and asserts what it held.
func (ch *channel) wantDrained(queue, want string) {
	ch.t.Helper()
	if got := ch.drain(queue); got != want {
		ch.t.Errorf("the queue holds %q, want %q", got, want)
	}
}

// wantError asserts that err came from the broker, with this code and text.
func wantError(t *testing.T, err error, code int, reason string) {
	t.Helper()
	var e *amqp.Error
	switch {
	case !errors.As(err, &e) || e == nil:
		t.Errorf("got error %v, want %d %s", err, code, reason)
	case e.Code != code || e.Reason != reason || !e.Server:
		t.Errorf("got %d %s\nwant %d %s", e.Code, e.Reason, code, reason)
	}
}

// wantClosed waits until the broker closes the channel, for this reason.
func (ch *channel) wantClosed(code int, reason string) {
	ch.t.Helper()
	wantError(ch.t, receive(ch.t, ch.closed, "closing of the channel"), code, reason)
}

// wantClosed waits until the broker closes the connection, for this reason.
func (c *conn) wantClosed(code int, reason string) {
	c.t.Helper()
	wantError(c.t, receive(c.t, c.closed, "closing of the connection"), code, reason)
}
