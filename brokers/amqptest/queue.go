package amqptest

import (
	"fmt"
	"strings"
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"
)

func queueTests() []test {
	return []test{
		{"server-named", testServerNamed},
		{"exclusive goes with its connection", testExclusive},
		{"auto-delete goes with its last consumer", testAutoDelete},
		{"auto-delete goes with its consumer's channel", testAutoDeleteChannel},
		{"declare counts messages and consumers", testDeclareCounts},
		{"purge", testPurge},
		{"delete", testDeleteQueue},
		{"get", testGet},
		{"redeclare with the same arguments", testRedeclareQueue},
		{"priority", testPriority},
		{"priority bounds", testPriorityBounds},
		{"quorum delivery limit", testQuorumDeliveryLimit},
		{"many queues", testManyQueues},
	}
}

func testServerNamed(t *testing.T, b broker) {
	ch := b.channel(t)
	seen := map[string]bool{}
	for range 20 {
		q, err := ch.QueueDeclare("", false, false, true, false, nil)
		ch.ok(err)
		if !strings.HasPrefix(q.Name, "amq.gen-") || len(q.Name) < 20 || seen[q.Name] {
			t.Errorf("named %q", q.Name)
		}
		seen[q.Name] = true
		ch.publish("", q.Name, "1")
		ch.wantDrained(q.Name, "1")
	}
}

func testExclusive(t *testing.T, b broker) {
	owner, other := b.channel(t), b.channel(t)
	x := other.exchange("fanout", nil)
	q := owner.bound(x, "")
	ds := owner.conn.channel().consume(q) // another channel of the owner may
	other.publish(x, "", "1")
	if got := bodies(t, ds, 1); got != "1" {
		t.Errorf("got %s", got)
	}
	owner.ok(owner.conn.Close())
	other.eventually(func() error {
		again := other.conn.channel()
		if _, err := again.QueueDeclarePassive(q, false, false, false, false, nil); err == nil {
			return fmt.Errorf("the queue is there after its connection")
		}
		return nil
	})
}

func (ch *channel) wantGone(queue string) {
	ch.t.Helper()
	ch.eventually(func() error {
		_, err := ch.conn.channel().QueueDeclarePassive(queue, false, false, false, false, nil)
		if err == nil {
			return fmt.Errorf("the queue is still there")
		}
		wantError(ch.t, err, amqp.NotFound, fmt.Sprintf("NOT_FOUND - no queue '%s' in vhost '/'", queue))
		return nil
	})
}

// autoDeleteQueue declares a queue that goes with its last consumer.
func (ch *channel) autoDeleteQueue() string {
	ch.t.Helper()
	q, err := ch.QueueDeclare(name("queue"), false, true, false, false, nil)
	ch.ok(err)
	ch.atEnd(func(ch *amqp.Channel) error {
		_, err := ch.QueueDelete(q.Name, false, false, false)
		return err
	})
	return q.Name
}

func testAutoDelete(t *testing.T, b broker) {
	ch := b.channel(t)
	q := ch.autoDeleteQueue()
	ch.publish("", q, "1")
	ch.wantDrained(q, "1") // a get is no consumer
	ch.ready(q)
	ch.consumeWith(q, "one", true, nil)
	ch.consumeWith(q, "two", true, nil)
	ch.ok(ch.Cancel("one", false))
	ch.ready(q)
	ch.ok(ch.Cancel("two", false))
	ch.wantGone(q)
}

func testAutoDeleteChannel(t *testing.T, b broker) {
	ch := b.channel(t)
	q := ch.autoDeleteQueue()
	consumer := ch.conn.channel()
	consumer.consume(q)
	ch.ready(q)
	ch.ok(consumer.Close())
	ch.wantGone(q)
}

func testDeclareCounts(t *testing.T, b broker) {
	ch := b.channel(t)
	q := ch.queue(nil)
	check := func(messages, consumers int) {
		t.Helper()
		ch.eventually(func() error { // the count may lag behind what was just published
			got, err := ch.QueueDeclare(q, false, false, true, false, nil)
			ch.ok(err)
			if got.Name != q || got.Messages != messages || got.Consumers != consumers {
				return fmt.Errorf("%d messages, %d consumers; want %d, %d", got.Messages, got.Consumers, messages, consumers)
			}
			return nil
		})
	}
	check(0, 0)
	ch.publish("", q, "1", "2", "3")
	check(3, 0)
	d := ch.get(q)
	check(2, 0) // an unacked one is not ready
	ch.ok(d.Nack(false, true))
	check(3, 0)
	ch.ok(ch.Qos(2, 0, false))
	ds := ch.consume(q)
	next(t, ds)
	next(t, ds)
	check(1, 1)
}

func testPurge(t *testing.T, b broker) {
	ch := b.channel(t)
	q := ch.queue(nil)
	ch.publish("", q, "1", "2", "3")
	d := ch.get(q)
	n, err := ch.QueuePurge(q, false)
	if err != nil || n != 2 {
		t.Errorf("purged %d, %v; want the 2 that are ready", n, err)
	}
	ch.ok(d.Nack(false, true)) // the unacked one survives
	ch.wantDrained(q, "1*")
}

func testDeleteQueue(t *testing.T, b broker) {
	ch := b.channel(t)
	q := ch.queue(nil)
	ch.publish("", q, "1", "2", "3")
	d := ch.get(q)
	n, err := ch.QueueDelete(q, true, false, false)
	if err != nil || n != 2 {
		t.Errorf("deleted with %d, %v; want the 2 that were ready", n, err)
	}
	ch.ok(d.Ack(false)) // the tag is known, though its queue is gone
	ch.wantGone(q)
}

func testGet(t *testing.T, b broker) {
	ch := b.channel(t)
	q := ch.queue(nil)
	if _, ok, err := ch.Get(q, false); ok || err != nil {
		t.Errorf("got something from an empty queue: %v", err)
	}
	ch.publish("", q, "1", "2", "3")
	for i := uint64(1); i <= 3; i++ {
		d := ch.get(q)
		if d.DeliveryTag != i || d.MessageCount != uint32(3-i) || d.Redelivered {
			t.Errorf("tag %d, %d left, redelivered %v", d.DeliveryTag, d.MessageCount, d.Redelivered)
		}
	}
	ch.ok(ch.Ack(2, false))
	ch.ok(ch.Close())
	again := ch.conn.channel()
	again.becomes(q, 2)
	again.wantDrained(q, "1* 3*")
}

func testRedeclareQueue(t *testing.T, b broker) {
	ch := b.channel(t)
	q := ch.sharedQueue(amqp.Table{"x-max-length": int32(3), "x-message-ttl": int64(60000), "x-note": "any"})
	// the width of an integer does not matter, nor do arguments that mean nothing
	_, err := ch.QueueDeclare(q, false, false, false, false, amqp.Table{"x-max-length": int64(3), "x-message-ttl": int16(30000), "x-note": "other"})
	wantError(t, err, amqp.PreconditionFailed, fmt.Sprintf(
		"PRECONDITION_FAILED - inequivalent arg 'x-message-ttl' for queue '%s' in vhost '/': received '30000' but current is '60000'", q))
	ch = ch.conn.channel()
	_, err = ch.QueueDeclare(q, false, false, false, false, amqp.Table{"x-max-length": int64(3), "x-message-ttl": int32(60000)})
	ch.ok(err)
	_, err = ch.QueueDeclare(q, false, false, false, false, nil)
	wantError(t, err, amqp.PreconditionFailed, fmt.Sprintf(
		"PRECONDITION_FAILED - inequivalent arg 'x-message-ttl' for queue '%s' in vhost '/': received none but current is the value '60000' of type 'long'", q))
}

func testPriority(t *testing.T, b broker) {
	ch := b.channel(t)
	q := ch.queue(amqp.Table{"x-max-priority": int32(5)})
	for i, p := range []uint8{0, 1, 5, 9, 1, 0, 3} { // 9 counts as 5
		ch.send("", q, amqp.Publishing{Priority: p, Body: fmt.Appendf(nil, "%d:%d", p, i)})
	}
	first := ch.get(q)
	ch.send("", q, amqp.Publishing{Priority: 5, Body: []byte("5:late")})
	ch.ok(first.Nack(false, true)) // back to the head of its priority
	ch.wantDrained(q, "5:2* 9:3 5:late 3:6 1:1 1:4 0:0 0:5")
}

func testPriorityBounds(t *testing.T, b broker) {
	ch := b.channel(t)
	q := ch.queue(nil) // no priorities here
	for i, p := range []uint8{0, 9, 5} {
		ch.send("", q, amqp.Publishing{Priority: p, Body: fmt.Append(nil, i)})
	}
	d := ch.get(q)
	ch.ok(d.Nack(false, true))
	ch.wantDrained(q, "0* 1 2")
}

func testQuorumDeliveryLimit(t *testing.T, b broker) {
	ch := b.channel(t)
	x := ch.exchange("fanout", nil)
	dead := ch.bound(x, "")
	q, err := ch.QueueDeclare(name("quorum"), true, false, false, false, amqp.Table{
		"x-queue-type": "quorum", "x-delivery-limit": int32(2), "x-dead-letter-exchange": x,
	})
	ch.ok(err)
	ch.atEnd(func(ch *amqp.Channel) error {
		_, err := ch.QueueDelete(q.Name, false, false, false)
		return err
	})
	ch.ok(ch.Qos(1, 0, false))
	ds := ch.consume(q.Name)
	ch.publish("", q.Name, "poison")
	for i := range int64(3) {
		d := next(t, ds)
		count, _ := d.Headers["x-delivery-count"].(int64)
		if d.Redelivered != (i > 0) || count != i {
			t.Errorf("delivery %d: redelivered %v, x-delivery-count %v", i, d.Redelivered, d.Headers["x-delivery-count"])
		}
		ch.ok(d.Nack(false, true))
	}
	ch.becomes(dead, 1)
	d := ch.get(dead)
	deaths := wantDeaths(t, d, 1)
	if deaths[0]["reason"] != "delivery_limit" || deaths[0]["queue"] != q.Name {
		t.Errorf("died of %v in %v", deaths[0]["reason"], deaths[0]["queue"])
	}
}

func testManyQueues(t *testing.T, b broker) {
	ch := b.channel(t)
	x := ch.exchange("direct", nil)
	var queues []string
	for i := range 100 {
		queues = append(queues, ch.bound(x, fmt.Sprint(i), "all"))
	}
	ch.publish(x, "all", "all")
	for i, q := range queues {
		ch.publish(x, fmt.Sprint(i), fmt.Sprint(i))
		ch.wantDrained(q, fmt.Sprintf("all %d", i))
	}
}
