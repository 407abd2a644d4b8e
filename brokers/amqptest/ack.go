package amqptest

import (
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"
)

func ackTests() []test {
	return []test{
		{"multiple", testAckMultiple},
		{"all", testAckAll},
		{"nack multiple", testNackMultiple},
		{"nack drops", testNackDrops},
		{"requeue goes to the original position", testRequeuePosition},
		{"requeue in any order", testRequeueOrder},
		{"requeue keeps the flag", testRequeueFlag},
		{"a requeued message goes to another", testRequeueOther},
		{"what is prefetched overtakes", testRequeueOvertaken},
		{"recover", testRecover},
		{"recover keeps the acked", testRecoverAcked},
		{"unacked on two channels", testUnackedTwoChannels},
		{"tag of another channel", testForeignTag},
		{"multiple over two queues", testMultipleTwoQueues},
	}
}

// unacked publishes the bodies and gets them all.
func unacked(ch *channel, bodies ...string) (queue string) {
	ch.t.Helper()
	q := ch.queue(nil)
	ch.publish("", q, bodies...)
	for range bodies {
		ch.get(q)
	}
	return q
}

// wantGivenBack closes the channel and then asserts what its queue holds.
func wantGivenBack(ch *channel, queue, want string, n int) {
	ch.t.Helper()
	ch.ok(ch.Close())
	again := ch.conn.channel()
	again.becomes(queue, n)
	again.wantDrained(queue, want)
}

func testAckMultiple(t *testing.T, b broker) {
	ch := b.channel(t)
	q := unacked(ch, "1", "2", "3", "4")
	ch.ok(ch.Ack(3, true))
	wantGivenBack(ch, q, "4*", 1)
}

func testAckAll(t *testing.T, b broker) {
	ch := b.channel(t)
	q := unacked(ch, "1", "2", "3")
	ch.ok(ch.Ack(0, true))
	ch.publish("", q, "4")
	wantGivenBack(ch, q, "4", 1)
}

func testNackMultiple(t *testing.T, b broker) {
	ch := b.channel(t)
	q := unacked(ch, "1", "2", "3", "4")
	ch.ok(ch.Ack(2, false))
	ch.ok(ch.Nack(3, true, true))
	ch.becomes(q, 2)
	ch.wantDrained(q, "1* 3*")
	ch.ok(ch.Nack(0, true, true))
	ch.wantDrained(q, "4*")
}

func testNackDrops(t *testing.T, b broker) {
	ch := b.channel(t)
	q := unacked(ch, "1", "2", "3")
	ch.ok(ch.Nack(1, false, false))
	ch.ok(ch.Reject(2, false))
	wantGivenBack(ch, q, "3*", 1)
}

func testRequeuePosition(t *testing.T, b broker) {
	ch := b.channel(t)
	q := ch.queue(nil)
	ch.publish("", q, "1", "2", "3", "4", "5")
	ch.get(q)
	second := ch.get(q)
	ch.get(q)
	ch.ok(second.Nack(false, true)) // in front of 4 and 5
	ch.becomes(q, 3)
	d := ch.get(q)
	if mark(d) != "2*" {
		t.Errorf("got %s", mark(d))
	}
	ch.ok(d.Reject(true))
	ch.ok(ch.Nack(1, false, true))
	ch.becomes(q, 4)
	ch.wantDrained(q, "1* 2* 4 5")
}

func testRequeueOrder(t *testing.T, b broker) {
	ch := b.channel(t)
	q := ch.queue(nil)
	ch.publish("", q, "1", "2", "3", "4", "5", "6")
	for range 5 {
		ch.get(q)
	}
	for _, tag := range []uint64{4, 2, 5, 1, 3} {
		ch.ok(ch.Nack(tag, false, true))
	}
	ch.becomes(q, 6)
	ch.wantDrained(q, "1* 2* 3* 4* 5* 6")
}

func testRequeueFlag(t *testing.T, b broker) {
	ch := b.channel(t)
	q := ch.queue(nil)
	ch.publish("", q, "1")
	ch.ok(ch.get(q).Nack(false, true))
	if d := ch.get(q); !d.Redelivered || d.DeliveryTag != 2 {
		t.Errorf("redelivered %v with tag %d", d.Redelivered, d.DeliveryTag)
	}
}

func testRequeueOther(t *testing.T, b broker) {
	c := b.connect(t)
	ch, one, two := c.channel(), c.channel(), c.channel()
	q := ch.queue(nil)
	ch.ok(one.Qos(1, 0, false))
	first := one.consume(q)
	ch.publish("", q, "1")
	d := next(t, first)
	second := two.consume(q)
	ch.ready(q)
	ch.ok(one.Cancel(d.ConsumerTag, false))
	ch.ok(d.Nack(false, true))
	if got := bodies(t, second, 1); got != "1*" {
		t.Errorf("got %s", got)
	}
}

// testRequeueOvertaken: prefetched messages overtake a requeued one.
func testRequeueOvertaken(t *testing.T, b broker) {
	ch := b.channel(t)
	q := ch.queue(nil)
	ch.publish("", q, "1", "2", "3", "4", "5")
	ch.becomes(q, 5)
	ch.ok(ch.Qos(3, 0, false))
	ds := ch.consume(q)
	ch.ok(next(t, ds).Nack(false, true))
	if got := bodies(t, ds, 3); got != "2 3 1*" {
		t.Errorf("got %s", got)
	}
	ch.quiet(q, ds)
}

func testRecover(t *testing.T, b broker) {
	ch := b.channel(t)
	q := ch.queue(nil)
	ch.publish("", q, "1", "2", "3")
	ch.becomes(q, 3)
	ch.get(q)
	ch.get(q)
	//lint:ignore SA1019 basic.recover is what is tested
	ch.ok(ch.Recover(true))
	ch.becomes(q, 3)
	ch.wantDrained(q, "1* 2* 3")
}

func testRecoverAcked(t *testing.T, b broker) {
	ch := b.channel(t)
	q := ch.queue(nil)
	ds := ch.consume(q)
	ch.publish("", q, "1", "2", "3")
	bodies(t, ds, 3)
	ch.ok(ch.Ack(2, false))
	//lint:ignore SA1019 basic.recover is what is tested
	ch.ok(ch.Recover(true))
	if got := bodies(t, ds, 2); got != "1* 3*" {
		t.Errorf("got %s", got)
	}
	ch.ok(ch.Ack(5, true)) // the tags go on
	wantGivenBack(ch, q, "", 0)
}

func testUnackedTwoChannels(t *testing.T, b broker) {
	c := b.connect(t)
	one, two := c.channel(), c.channel()
	q := one.queue(nil)
	one.publish("", q, "1", "2", "3", "4")
	one.get(q)
	two.get(q)
	one.get(q)
	two.get(q)
	one.ok(one.Close())
	two.becomes(q, 2)
	wantGivenBack(two, q, "1* 2* 3* 4*", 4)
}

func testForeignTag(t *testing.T, b broker) {
	c := b.connect(t)
	one, two := c.channel(), c.channel()
	q := one.queue(nil)
	one.publish("", q, "1")
	one.get(q)
	two.ok(two.Ack(1, false))
	two.wantClosed(amqp.PreconditionFailed, "PRECONDITION_FAILED - unknown delivery tag 1")
	one.ok(one.Ack(1, false))
	wantGivenBack(one, q, "", 0)
}

func testMultipleTwoQueues(t *testing.T, b broker) {
	ch := b.channel(t)
	q, r := ch.queue(nil), ch.queue(nil)
	ch.publish("", q, "q1", "q2")
	ch.publish("", r, "r1", "r2")
	ch.get(q)
	ch.get(r)
	ch.get(r)
	ch.get(q)
	ch.ok(ch.Nack(3, true, true))
	ch.becomes(q, 1)
	ch.becomes(r, 2)
	ch.wantDrained(q, "q1*")
	ch.wantDrained(r, "r1* r2*")
}
