package amqptest

import (
	"fmt"
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
		{"goes to a consumer with room", testPrefetchRoom},
		{"raised for the channel", testPrefetchRaised},
	}
}

// take waits until the consumers have n deliveries between them, asserts that no
// more come, and returns how many each one has.
func (ch *channel) take(queue string, n int, consumers ...<-chan amqp.Delivery) []int {
	ch.t.Helper()
	counts, total := make([]int, len(consumers)), 0
	collect := func() error {
		for i, ds := range consumers {
			for arrived(ds) {
				counts[i]++
				total++
			}
		}
		if total < n {
			return fmt.Errorf("%d deliveries of %d", total, n)
		}
		return nil
	}
	ch.eventually(collect)
	ch.ready(queue) // what the broker is going to send, it has sent now
	ch.ready(queue)
	time.Sleep(quietTime)
	if _ = collect(); total != n {
		ch.t.Errorf("%d deliveries, want %d", total, n)
	}
	return counts
}

func arrived(ds <-chan amqp.Delivery) bool {
	select {
	case _, ok := <-ds:
		return ok
	default:
		return false
	}
}

func testPrefetchConsumer(t *testing.T, b broker) {
	ch := b.channel(t)
	q := ch.queue(nil)
	ch.ok(ch.Qos(2, 0, false))
	one, two := ch.consume(q), ch.consume(q)
	ch.publish("", q, "1", "2", "3", "4", "5", "6")
	if n := ch.take(q, 4, one, two); n[0] != 2 || n[1] != 2 {
		t.Errorf("%d and %d, want 2 each", n[0], n[1])
	}
	ch.ok(ch.Ack(4, true))
	ch.take(q, 2, one, two)
}

func testPrefetchChannel(t *testing.T, b broker) {
	ch := b.channel(t)
	q := ch.queue(nil)
	ch.ok(ch.Qos(3, 0, true))
	one, two := ch.consume(q), ch.consume(q)
	ch.publish("", q, "1", "2", "3", "4", "5", "6")
	ch.take(q, 3, one, two)
	ch.ok(ch.Ack(1, false))
	ch.take(q, 1, one, two)
}

func testPrefetchBoth(t *testing.T, b broker) {
	ch := b.channel(t)
	q := ch.queue(nil)
	ch.ok(ch.Qos(2, 0, false))
	ch.ok(ch.Qos(3, 0, true))
	one, two := ch.consume(q), ch.consume(q)
	ch.publish("", q, "1", "2", "3", "4", "5", "6")
	if n := ch.take(q, 3, one, two); n[0] > 2 || n[1] > 2 {
		t.Errorf("%d and %d, want at most 2 each", n[0], n[1])
	}
}

// testPrefetchConsumerLast: asking for a limit per consumer lifts that of the
// channel, so a client that wants both has to set the channel's last.
func testPrefetchConsumerLast(t *testing.T, b broker) {
	ch := b.channel(t)
	q := ch.queue(nil)
	ch.ok(ch.Qos(3, 0, true))
	ch.ok(ch.Qos(2, 0, false))
	one, two := ch.consume(q), ch.consume(q)
	ch.publish("", q, "1", "2", "3", "4", "5", "6")
	if n := ch.take(q, 4, one, two); n[0] != 2 || n[1] != 2 {
		t.Errorf("%d and %d, want 2 each", n[0], n[1])
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
	if n := ch.take(q, 4, before, after); n[0] != 1 || n[1] != 3 {
		t.Errorf("the consumer from before has %d, the one from after %d; want 1 and 3", n[0], n[1])
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
	ch.take(q, 1, ds)
	ch.ok(ch.Qos(3, 0, true)) // holds at once, unlike that of a consumer
	ch.take(q, 2, ds)
}
