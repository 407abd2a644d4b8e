package amqptest

import (
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"
)

func singleActiveTests() []test {
	return []test{
		{"only the first gets messages", testSingleActive},
		{"fails over in order when a channel closes", testFailOver},
		{"fails over when a connection closes", testFailOverConnection},
		{"a stand-by may leave", testStandbyLeaves},
		{"exclusive is refused", testSingleActiveExclusive},
		{"gives back in order", testFailOverOrder},
	}
}

// In these tests a consumer leaves by closing its channel. RabbitMQ 3.10 does not
// hand over when it cancels.

func singleActive(ch *channel) string {
	ch.t.Helper()
	return ch.queue(amqp.Table{"x-single-active-consumer": true})
}

func testSingleActive(t *testing.T, b broker) {
	ch := b.channel(t)
	q := singleActive(ch)
	one, two := ch.consume(q), ch.consume(q)
	ch.publish("", q, "1", "2", "3", "4")
	if got := bodies(t, one, 4); got != "1 2 3 4" {
		t.Errorf("the first got %s", got)
	}
	ch.quiet(q, two)
}

func testFailOver(t *testing.T, b broker) {
	c := b.connect(t)
	ch, first, second, third := c.channel(), c.channel(), c.channel(), c.channel()
	q := singleActive(ch)
	one, two, three := first.consume(q), second.consume(q), third.consume(q)
	ch.publish("", q, "1", "2")
	if got := bodies(t, one, 2); got != "1 2" {
		t.Errorf("the first got %s", got)
	}
	ch.ok(first.Ack(1, false))
	ch.ok(first.Close())
	if got := bodies(t, two, 1); got != "2*" {
		t.Errorf("the second got %s", got)
	}
	ch.quiet(q, three)
	ch.ok(second.Close())
	ch.publish("", q, "3")
	if got := bodies(t, three, 2); got != "2* 3" {
		t.Errorf("the third got %s", got)
	}
}

func testFailOverConnection(t *testing.T, b broker) {
	ch, active := b.channel(t), b.channel(t)
	q := ch.sharedQueue(amqp.Table{"x-single-active-consumer": true})
	one := active.consume(q)
	active.ready(q)
	two := ch.consume(q)
	ch.publish("", q, "1", "2", "3")
	if got := bodies(t, one, 3); got != "1 2 3" {
		t.Errorf("the first got %s", got)
	}
	active.ok(active.conn.Close())
	if got := bodies(t, two, 3); got != "1* 2* 3*" {
		t.Errorf("the second got %s", got)
	}
}

func testStandbyLeaves(t *testing.T, b broker) {
	c := b.connect(t)
	ch, first, second, third := c.channel(), c.channel(), c.channel(), c.channel()
	q := singleActive(ch)
	one := first.consume(q)
	second.consume(q)
	three := third.consume(q)
	ch.ok(second.Close())
	ch.publish("", q, "1")
	if got := bodies(t, one, 1); got != "1" {
		t.Errorf("the first got %s", got)
	}
	ch.ok(first.Close())
	if got := bodies(t, three, 1); got != "1*" {
		t.Errorf("the third got %s", got)
	}
}

func testSingleActiveExclusive(t *testing.T, b broker) {
	ch := b.channel(t)
	q := singleActive(ch)
	_, err := ch.Consume(q, "", false, true, false, false, nil)
	wantError(t, err, amqp.AccessRefused, "ACCESS_REFUSED - queue '"+q+"' in vhost '/' in exclusive use")
}

// testFailOverOrder: what the consumer that went away had prefetched comes first,
// and then what no consumer has received.
func testFailOverOrder(t *testing.T, b broker) {
	c := b.connect(t)
	ch, first, second := c.channel(), c.channel(), c.channel()
	q := singleActive(ch)
	ch.ok(first.Qos(3, 0, false))
	ch.ok(second.Qos(1, 0, false))
	one, two := first.consume(q), second.consume(q)
	ch.publish("", q, "1", "2", "3", "4", "5")
	bodies(t, one, 3)
	ch.ok(first.Ack(2, false))
	next(t, one)
	ch.ok(first.Close())
	for _, want := range []string{"1*", "3*", "4*", "5"} {
		d := next(t, two)
		if got := mark(d); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		ch.ok(d.Ack(false))
	}
}
