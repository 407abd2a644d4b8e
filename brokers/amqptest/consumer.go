package amqptest

import (
	"fmt"
	"slices"
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"
)

func consumerTests() []test {
	return []test{
		{"delivery fields", testDeliveryFields},
		{"auto-ack", testAutoAck},
		{"several take turns", testTurns},
		{"exclusive", testExclusiveConsumer},
		{"higher priority first", testConsumerPriority},
		{"cancel leaves the unacked", testCancel},
		{"cancelled by the delete of its queue", testCancelNotify},
		{"not cancelled by the end of its connection", testNoCancelAtEnd},
		{"no-local is ignored", testNoLocal},
		{"waiting messages come in order", testBacklog},
		{"two queues on one channel", testTwoQueues},
		{"tags are per channel", testTagsPerChannel},
		{"a closed connection gives back", testConnectionGivesBack},
	}
}

func testDeliveryFields(t *testing.T, b broker) {
	ch := b.channel(t)
	x := ch.exchange("direct", nil)
	q := ch.bound(x, "k")
	ds := ch.consumeWith(q, "my-tag", false, nil)
	ch.publish(x, "k", "1", "2")
	for i := uint64(1); i <= 2; i++ {
		d := next(t, ds)
		if d.ConsumerTag != "my-tag" || d.DeliveryTag != i || d.Exchange != x || d.RoutingKey != "k" || d.Redelivered {
			t.Errorf("got %q tag %d from %s %s, redelivered %v", d.ConsumerTag, d.DeliveryTag, d.Exchange, d.RoutingKey, d.Redelivered)
		}
	}
}

func testAutoAck(t *testing.T, b broker) {
	ch := b.channel(t)
	q := ch.queue(nil)
	ch.ok(ch.Qos(1, 0, false)) // means nothing to an auto-acking consumer
	ch.publish("", q, "1", "2", "3")
	consumer := ch.conn.channel()
	ds := consumer.consumeWith(q, "", true, nil)
	if got := bodies(t, ds, 3); got != "1 2 3" {
		t.Errorf("got %s", got)
	}
	ch.ok(consumer.Close())
	ch.wantDrained(q, "")
}

func testTurns(t *testing.T, b broker) {
	ch := b.channel(t)
	q := ch.queue(nil)
	var consumers []<-chan amqp.Delivery
	for range 3 {
		consumers = append(consumers, ch.consume(q))
	}
	ch.publish("", q, "1", "2", "3", "4", "5", "6")
	var all []string
	for _, ds := range consumers {
		all = append(all, bodies(t, ds, 2))
	}
	slices.Sort(all)
	if got := fmt.Sprint(all); got != "[1 4 2 5 3 6]" {
		t.Errorf("got %s", got)
	}
}

func testExclusiveConsumer(t *testing.T, b broker) {
	ch, other := b.channel(t), b.channel(t)
	q := ch.sharedQueue(nil)
	_, err := ch.Consume(q, "only", false, true, false, false, nil)
	ch.ok(err)
	refused := fmt.Sprintf("ACCESS_REFUSED - queue '%s' in vhost '/' in exclusive use", q)
	_, err = other.Consume(q, "", false, false, false, false, nil)
	wantError(t, err, amqp.AccessRefused, refused)
	ch.ok(ch.Cancel("only", false))
	ds := other.conn.channel().consume(q)
	ch.publish("", q, "1")
	if got := bodies(t, ds, 1); got != "1" {
		t.Errorf("got %s", got)
	}
}

func testConsumerPriority(t *testing.T, b broker) {
	ch := b.channel(t)
	q := ch.queue(nil)
	ch.ok(ch.Qos(2, 0, false))
	low := ch.consumeWith(q, "low", false, amqp.Table{"x-priority": int32(-1)})
	high := ch.consumeWith(q, "high", false, amqp.Table{"x-priority": int32(10)})
	normal := ch.consume(q)
	ch.publish("", q, "1", "2", "3", "4", "5", "6", "7")
	if h, n, l := bodies(t, high, 2), bodies(t, normal, 2), bodies(t, low, 2); h != "1 2" || n != "3 4" || l != "5 6" {
		t.Errorf("high got %s, normal %s, low %s", h, n, l)
	}
}

func testCancel(t *testing.T, b broker) {
	ch := b.channel(t)
	q := ch.queue(nil)
	ds := ch.consumeWith(q, "c", false, nil)
	ch.publish("", q, "1", "2")
	first, second := next(t, ds), next(t, ds)
	ch.ok(ch.Cancel("c", false))
	if _, ok := <-ds; ok {
		t.Error("a delivery after the cancel")
	}
	ch.publish("", q, "3")
	ch.becomes(q, 1) // the others are still this channel's
	ch.ok(first.Ack(false))
	ch.ok(second.Nack(false, true))
	ch.becomes(q, 2)
	ch.wantDrained(q, "2* 3")
	again := ch.consumeWith(q, "c", false, nil) // the tag is free
	ch.publish("", q, "4")
	if got := bodies(t, again, 1); got != "4" {
		t.Errorf("got %s", got)
	}
}

func testCancelNotify(t *testing.T, b broker) {
	ch, other := b.channel(t), b.channel(t)
	q := other.sharedQueue(nil)
	cancelled := ch.NotifyCancel(make(chan string, 1))
	ds := ch.consumeWith(q, "c", false, nil)
	_, err := other.QueueDelete(q, false, false, false)
	other.ok(err)
	if tag := receive(t, cancelled, "cancel"); tag != "c" {
		t.Errorf("cancelled %s", tag)
	}
	if _, ok := <-ds; ok {
		t.Error("a delivery after the cancel")
	}
	ch.queue(nil) // the channel lives
}

// testNoCancelAtEnd: the queues of a connection go with it, without a basic.cancel
// for their consumers.
func testNoCancelAtEnd(t *testing.T, b broker) {
	ch := b.channel(t)
	cancelled := ch.NotifyCancel(make(chan string, 1))
	ch.consume(ch.queue(nil))
	err := ch.ExchangeDeclare(name("none"), "x-nope", false, false, false, false, nil)
	wantError(t, err, amqp.CommandInvalid, "COMMAND_INVALID - unknown exchange type 'x-nope'")
	ch.conn.wantClosed(amqp.CommandInvalid, "COMMAND_INVALID - unknown exchange type 'x-nope'")
	if tag, ok := <-cancelled; ok {
		t.Errorf("%s was cancelled", tag)
	}
}

func testNoLocal(t *testing.T, b broker) {
	ch := b.channel(t)
	q := ch.queue(nil)
	ds, err := ch.Consume(q, "", true, false, true, false, nil)
	ch.ok(err)
	ch.publish("", q, "1")
	if got := bodies(t, ds, 1); got != "1" {
		t.Errorf("got %s", got)
	}
}

func testBacklog(t *testing.T, b broker) {
	ch := b.channel(t)
	q := ch.queue(nil)
	const n = 3000
	for i := range n {
		ch.publish("", q, fmt.Sprint(i))
	}
	ds := ch.consume(q)
	for i := range n {
		d := next(t, ds)
		if string(d.Body) != fmt.Sprint(i) || d.DeliveryTag != uint64(i+1) {
			t.Fatalf("delivery %d is %s with tag %d", i, d.Body, d.DeliveryTag)
		}
	}
	ch.ok(ch.Ack(n, true))
	ch.ok(ch.Close())
	ch.conn.channel().becomes(q, 0)
}

func testTwoQueues(t *testing.T, b broker) {
	ch := b.channel(t)
	q, r := ch.queue(nil), ch.queue(nil)
	fromQ, fromR := ch.consume(q), ch.consume(r)
	ch.publish("", q, "q")
	ch.publish("", r, "r")
	one, two := next(t, fromQ), next(t, fromR)
	if string(one.Body) != "q" || string(two.Body) != "r" || one.DeliveryTag+two.DeliveryTag != 3 {
		t.Errorf("got %s tag %d, %s tag %d", one.Body, one.DeliveryTag, two.Body, two.DeliveryTag)
	}
}

func testTagsPerChannel(t *testing.T, b broker) {
	c := b.connect(t)
	one, two := c.channel(), c.channel()
	q := one.queue(nil)
	one.publish("", q, "1", "2")
	if a, b := one.get(q), two.get(q); a.DeliveryTag != 1 || b.DeliveryTag != 1 {
		t.Errorf("tags %d and %d, want each channel to count from 1", a.DeliveryTag, b.DeliveryTag)
	}
	one.ok(one.Ack(1, false))
	one.ok(one.Close())
	two.ok(two.Close())
	again := c.channel()
	again.becomes(q, 1)
	again.wantDrained(q, "2*")
}

func testConnectionGivesBack(t *testing.T, b broker) {
	ch, other := b.channel(t), b.channel(t)
	q := ch.sharedQueue(nil)
	ch.publish("", q, "1", "2", "3", "4")
	ds := other.consume(q)
	if got := bodies(t, ds, 4); got != "1 2 3 4" {
		t.Errorf("got %s", got)
	}
	other.ok(other.Ack(1, false))
	other.ok(other.conn.Close())
	ch.becomes(q, 3)
	ch.wantDrained(q, "2* 3* 4*")
}
