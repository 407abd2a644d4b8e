package amqptest

import (
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

func prefetchTests() []test {
	return []test{
		{"per consumer", testPrefetchConsumer},
		{"per channel", testPrefetchChannel},
		{"both", testPrefetchBoth},
		{"per consumer lifts per channel", testPrefetchConsumerLast},
		{"applies to later consumers", testPrefetchLater},
		{"zero is no limit", testPrefetchZero},
		{"a get does not count", testPrefetchGet},
		{"nack makes room", testPrefetchNack},
		{"goes to whoever has room", testPrefetchRoom},
		{"raised for the channel", testPrefetchRaised},
	}
}

// taken counts the deliveries until no more come.
func (ch *channel) taken(queue string, consumers ...<-chan amqp.Delivery) int {
	ch.t.Helper()
	ch.ready(queue)
	ch.ready(queue)
	n := 0
	for _, ds := range consumers {
		for more := true; more; {
			select {
			case <-ds:
				n++
			case <-time.After(quietTime):
				more = false
			}
		}
	}
	return n
}

func testPrefetchConsumer(t *testing.T, b broker) {
	ch := b.channel(t)
	q := ch.queue(nil)
	ch.ok(ch.Qos(2, 0, false))
	one, two := ch.consume(q), ch.consume(q)
	ch.publish("", q, "1", "2", "3", "4", "5", "6")
	if n := ch.taken(q, one); n != 2 {
		t.Errorf("the first has %d, want 2", n)
	}
	if n := ch.taken(q, two); n != 2 {
		t.Errorf("the second has %d, want 2", n)
	}
	ch.ok(ch.Ack(4, true))
	if n := ch.taken(q, one, two); n != 2 {
		t.Errorf("%d more, want the 2 that are left", n)
	}
}

func testPrefetchChannel(t *testing.T, b broker) {
	ch := b.channel(t)
	q := ch.queue(nil)
	ch.ok(ch.Qos(3, 0, true))
	one, two := ch.consume(q), ch.consume(q)
	ch.publish("", q, "1", "2", "3", "4", "5", "6")
	if n := ch.taken(q, one, two); n != 3 {
		t.Errorf("the channel has %d, want 3", n)
	}
	ch.ok(ch.Ack(1, false))
	if n := ch.taken(q, one, two); n != 1 {
		t.Errorf("%d more after one ack", n)
	}
}

func testPrefetchBoth(t *testing.T, b broker) {
	ch := b.channel(t)
	q := ch.queue(nil)
	ch.ok(ch.Qos(2, 0, false))
	ch.ok(ch.Qos(3, 0, true))
	one, two := ch.consume(q), ch.consume(q)
	ch.publish("", q, "1", "2", "3", "4", "5", "6")
	if a, c := ch.taken(q, one), ch.taken(q, two); a > 2 || c > 2 || a+c != 3 {
		t.Errorf("%d and %d, want at most 2 each and 3 together", a, c)
	}
}

// testPrefetchConsumerLast: asking for a limit per consumer lifts that of the
// channel, so whoever wants both asks for the channel's last.
func testPrefetchConsumerLast(t *testing.T, b broker) {
	ch := b.channel(t)
	q := ch.queue(nil)
	ch.ok(ch.Qos(3, 0, true))
	ch.ok(ch.Qos(2, 0, false))
	one, two := ch.consume(q), ch.consume(q)
	ch.publish("", q, "1", "2", "3", "4", "5", "6")
	if a, c := ch.taken(q, one), ch.taken(q, two); a != 2 || c != 2 {
		t.Errorf("%d and %d, want 2 each", a, c)
	}
}

func testPrefetchLater(t *testing.T, b broker) {
	ch := b.channel(t)
	q := ch.queue(nil)
	ch.ok(ch.Qos(1, 0, false))
	before := ch.consume(q)
	ch.ok(ch.Qos(3, 0, false))
	after := ch.consume(q)
	ch.publish("", q, "1", "2", "3", "4", "5", "6")
	if n := ch.taken(q, before); n != 1 {
		t.Errorf("the consumer from before has %d, want 1", n)
	}
	if n := ch.taken(q, after); n != 3 {
		t.Errorf("the consumer from after has %d, want 3", n)
	}
}

func testPrefetchZero(t *testing.T, b broker) {
	ch := b.channel(t)
	q := ch.queue(nil)
	ch.ok(ch.Qos(1, 0, false))
	ch.ok(ch.Qos(0, 0, false))
	ds := ch.consume(q)
	ch.publish("", q, "1", "2", "3", "4")
	if got := bodies(t, ds, 4); got != "1 2 3 4" {
		t.Errorf("got %s", got)
	}
}

func testPrefetchGet(t *testing.T, b broker) {
	ch := b.channel(t)
	q := ch.queue(nil)
	ch.ok(ch.Qos(1, 0, false))
	ch.publish("", q, "1", "2", "3", "4")
	ch.get(q)
	ch.get(q)
	ds := ch.consume(q)
	if got := bodies(t, ds, 1); got != "3" {
		t.Errorf("got %s", got)
	}
	if d := ch.get(q); string(d.Body) != "4" {
		t.Errorf("got %s", d.Body)
	}
}

func testPrefetchNack(t *testing.T, b broker) {
	ch := b.channel(t)
	q := ch.queue(nil)
	ch.ok(ch.Qos(1, 0, false))
	ds := ch.consume(q)
	ch.publish("", q, "1", "2")
	d := next(t, ds)
	ch.quiet(q, ds)
	ch.ok(d.Nack(false, true))
	if got := bodies(t, ds, 1); got != "1*" {
		t.Errorf("got %s, want the one given back", got)
	}
	ch.ok(ch.Nack(2, false, false))
	if got := bodies(t, ds, 1); got != "2" {
		t.Errorf("got %s", got)
	}
}

// testPrefetchRoom: a consumer that acks gets more, one that does not gets none.
func testPrefetchRoom(t *testing.T, b broker) {
	c := b.connect(t)
	lazy, busy := c.channel(), c.channel()
	q := lazy.queue(nil)
	lazy.ok(lazy.Qos(1, 0, false))
	busy.ok(busy.Qos(1, 0, false))
	idle, work := lazy.consume(q), busy.consume(q)
	lazy.publish("", q, "1", "2", "3", "4", "5")
	next(t, idle)
	for range 4 {
		busy.ok(next(t, work).Ack(false))
	}
	lazy.quiet(q, idle)
}

func testPrefetchRaised(t *testing.T, b broker) {
	ch := b.channel(t)
	q := ch.queue(nil)
	ch.ok(ch.Qos(1, 0, true))
	ds := ch.consume(q)
	ch.publish("", q, "1", "2", "3", "4")
	if n := ch.taken(q, ds); n != 1 {
		t.Errorf("%d before, want 1", n)
	}
	ch.ok(ch.Qos(3, 0, true)) // holds at once, unlike that of a consumer
	if n := ch.taken(q, ds); n != 2 {
		t.Errorf("%d more, want 2", n)
	}
}
