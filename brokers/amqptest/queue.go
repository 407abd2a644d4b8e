package amqptest

import (
	"fmt"
	"strings"
	"testing"
	"time"

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
		{"exclusive is not durable", testExclusiveDurable},
		{"line breaks in names", testLineBreaks},
		{"priority", testPriority},
		{"priority bounds", testPriorityBounds},
		{"only the head of all priorities expires", testPriorityExpiry},
		{"quorum delivery limit", testQuorumDeliveryLimit},
		{"quorum order of what returns", testQuorumReturns},
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

// autoDeleteQueue declares a queue that is deleted with its last consumer.
func autoDeleteQueue(ch *channel) string {
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
	q := autoDeleteQueue(ch)
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
	q := autoDeleteQueue(ch)
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
	ch.ok(d.Ack(false)) // the tag is known, but its queue was deleted
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

// testExclusiveDurable: an exclusive queue outlives nothing, so being durable as
// well means nothing.
func testExclusiveDurable(t *testing.T, b broker) {
	ch := b.channel(t)
	q := name("queue")
	for _, durable := range []bool{true, false} {
		_, err := ch.QueueDeclare(q, durable, false, true, false, nil)
		ch.ok(err)
	}
}

// testLineBreaks: they are removed from names where something is declared, bound
// or deleted, but not where it is used.
func testLineBreaks(t *testing.T, b broker) {
	ch := b.channel(t)
	plain := name("queue")
	broken := plain[:5] + "\r\n" + plain[5:] + "\n"
	q, err := ch.QueueDeclare(broken, false, false, true, false, nil)
	if err != nil || q.Name != plain {
		t.Fatalf("declared %q, %v; want %q", q.Name, err, plain)
	}
	x := ch.exchange("direct", nil)
	ch.bind(broken, "k\n", x+"\n", nil)
	ch.ok(ch.ExchangeDeclarePassive("\r"+x, "direct", false, false, false, false, nil))
	ch.publish(x, "k\n", "1") // keys are left as they are
	ch.becomes(plain+"\n", 1)
	ch.wantDrained(plain, "1")
	_, _, err = ch.Get(plain+"\n", true)
	wantError(t, err, amqp.NotFound, fmt.Sprintf("NOT_FOUND - no queue '%s\n' in vhost '/'", plain))
	again := ch.conn.channel()
	_, err = again.QueueDelete(broken, false, false, false)
	again.ok(err)
	again.wantGone(plain)
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

// testPriorityExpiry: a message that is over stays while one of a higher priority
// is in front of it.
func testPriorityExpiry(t *testing.T, b broker) {
	ch := b.channel(t)
	q := ch.queue(amqp.Table{"x-max-priority": int32(5)})
	ch.send("", q, amqp.Publishing{Priority: 5, Body: []byte("high")})
	ch.send("", q, amqp.Publishing{Priority: 1, Expiration: "10", Body: []byte("low")})
	ch.send("", q, amqp.Publishing{Priority: 5, Expiration: "10", Body: []byte("high, too")})
	ch.becomes(q, 3)
	time.Sleep(30 * time.Millisecond) // three lives long
	if n := ch.ready(q); n != 3 {
		t.Errorf("%d are ready, want 3: none at the head is over", n)
	}
	if d := ch.get(q); string(d.Body) != "high" || d.MessageCount != 0 {
		t.Errorf("got %s, and %d are left", d.Body, d.MessageCount)
	}
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
	ch.publish("", q.Name, "fetched")
	ch.becomes(q.Name, 1)
	if d := ch.get(q.Name); d.Headers["x-delivery-count"] != int64(0) {
		t.Errorf("fetched with x-delivery-count %v", d.Headers["x-delivery-count"])
	}
	ch.ok(ch.Ack(1, false))
	ch.ok(ch.Qos(1, 0, false))
	ds := ch.consume(q.Name)
	ch.publish("", q.Name, "poison")
	for i := range int64(3) {
		d := next(t, ds)
		count, told := d.Headers["x-delivery-count"].(int64)
		if d.Redelivered != (i > 0) || told != (i > 0) || count != i {
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

// testQuorumReturns: with a delivery limit what returns goes first, in the order in
// which it returned. Without one a client's return goes to the end, and what a closed
// channel leaves goes first.
func testQuorumReturns(t *testing.T, b broker) {
	for _, tt := range []struct {
		args amqp.Table
		want string
	}{
		{amqp.Table{"x-queue-type": "quorum", "x-delivery-limit": int32(9)}, "3* 1* 2* 4"},
		{amqp.Table{"x-queue-type": "quorum"}, "2* 4 3* 1*"},
	} {
		ch := b.channel(t)
		q, err := ch.QueueDeclare(name("quorum"), true, false, false, false, tt.args)
		ch.ok(err)
		ch.atEnd(func(ch *amqp.Channel) error {
			_, err := ch.QueueDelete(q.Name, false, false, false)
			return err
		})
		ch.publish("", q.Name, "1", "2", "3", "4")
		ch.becomes(q.Name, 4)
		for range 3 {
			ch.get(q.Name)
		}
		ch.ok(ch.Nack(3, false, true))
		ch.becomes(q.Name, 2) // the queue is told of it apart from the next
		ch.ok(ch.Reject(1, true))
		ch.becomes(q.Name, 3)
		wantGivenBack(ch, q.Name, tt.want, 4)
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
