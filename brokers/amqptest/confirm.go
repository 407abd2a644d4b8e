package amqptest

import (
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"
)

func confirmTests() []test {
	return []test{
		{"in order", testConfirmOrder},
		{"mandatory return comes before its ack", testReturn},
		{"without a route", testConfirmUnroutable},
		{"return carries the message", testReturnContent},
		{"return without confirms", testReturnUnconfirmed},
		{"a closed channel confirms no more", testConfirmClosed},
		{"persistent to a durable queue", testConfirmPersistent},
		{"to many queues", testConfirmFanout},
	}
}

func testConfirmOrder(t *testing.T, b broker) {
	ch := b.channel(t)
	q := ch.queue(nil)
	ch.publish("", q, "before the count starts")
	ch.ok(ch.Confirm(false))
	const n = 2000
	confirms := ch.NotifyPublish(make(chan amqp.Confirmation, n))
	for range n {
		ch.publish("", q, "m")
	}
	for i := uint64(1); i <= n; i++ { // the client gives them one by one, also those acked together
		c := receive(t, confirms, "confirm")
		if c.DeliveryTag != i || !c.Ack {
			t.Fatalf("confirm %d: tag %d, ack %v", i, c.DeliveryTag, c.Ack)
		}
	}
	ch.becomes(q, n+1)
}

func testReturn(t *testing.T, b broker) {
	ch := b.connect(t).confirms()
	x := ch.exchange("direct", nil)
	q := ch.bound(x, "k")
	if r := ch.mandatory(x, "k", amqp.Publishing{Body: []byte("1")}); r != nil {
		t.Errorf("returned with %s", r.ReplyText)
	}
	r := ch.mandatory(x, "nokey", amqp.Publishing{Body: []byte("2")})
	if r == nil {
		t.Fatal("acked and not returned before")
	}
	if r.ReplyCode != amqp.NoRoute || r.ReplyText != "NO_ROUTE" || r.Exchange != x || r.RoutingKey != "nokey" || string(r.Body) != "2" {
		t.Errorf("returned %d %s from %s %s: %s", r.ReplyCode, r.ReplyText, r.Exchange, r.RoutingKey, r.Body)
	}
	ch.wantDrained(q, "1")
}

func testConfirmUnroutable(t *testing.T, b broker) {
	ch := b.connect(t).confirms()
	if got := verdicts(ch, ch.exchange("fanout", nil), "", "1", "2"); got != "ack ack" {
		t.Errorf("got %s", got)
	}
}

func testReturnContent(t *testing.T, b broker) {
	ch := b.connect(t).confirms()
	big := make([]byte, 300_000)
	r := ch.mandatory("", name("none"), amqp.Publishing{
		MessageId: "id", Headers: amqp.Table{"a": "b"}, Expiration: "1000", Body: big,
	})
	if r == nil || len(r.Body) != len(big) || r.MessageId != "id" || r.Headers["a"] != "b" || r.Expiration != "1000" {
		t.Errorf("returned %+v", r)
	}
	if r := ch.mandatory("", name("none"), amqp.Publishing{}); r == nil || len(r.Body) != 0 {
		t.Errorf("returned %v", r)
	}
}

func testReturnUnconfirmed(t *testing.T, b broker) {
	ch := b.channel(t)
	returns := ch.NotifyReturn(make(chan amqp.Return, 1))
	ch.ok(ch.Publish("amq.direct", name("none"), true, false, amqp.Publishing{Body: []byte("1")}))
	if r := receive(t, returns, "return"); string(r.Body) != "1" {
		t.Errorf("returned %s", r.Body)
	}
}

func testConfirmClosed(t *testing.T, b broker) {
	ch := b.connect(t).confirms()
	q := ch.queue(nil)
	if got := verdicts(ch, "", q, "1"); got != "ack" {
		t.Error(got)
	}
	ch.ok(ch.Close())
	again := ch.conn.confirms()
	if got := verdicts(again, "", q, "2"); got != "ack" { // counts from 1 again
		t.Error(got)
	}
	again.wantDrained(q, "1 2")
}

func testConfirmPersistent(t *testing.T, b broker) {
	ch := b.connect(t).confirms()
	q, err := ch.QueueDeclare(name("durable"), true, false, false, false, nil)
	ch.ok(err)
	ch.atEnd(func(ch *amqp.Channel) error {
		_, err := ch.QueueDelete(q.Name, false, false, false)
		return err
	})
	confirm, err := ch.PublishWithDeferredConfirm("", q.Name, false, false, amqp.Publishing{DeliveryMode: amqp.Persistent, Body: []byte("1")})
	ch.ok(err)
	if !ch.acked(confirm) {
		t.Error("nacked")
	}
	if d := ch.get(q.Name); d.DeliveryMode != amqp.Persistent {
		t.Errorf("delivery mode %d", d.DeliveryMode)
	}
}

func testConfirmFanout(t *testing.T, b broker) {
	ch := b.connect(t).confirms()
	x := ch.exchange("fanout", nil)
	queues := []string{ch.bound(x, ""), ch.bound(x, ""), ch.bound(x, "")}
	if got := verdicts(ch, x, "", "1"); got != "ack" {
		t.Error(got)
	}
	for _, q := range queues { // acked means it is in all of them
		ch.wantDrained(q, "1")
	}
}

func txTests() []test {
	return []test{
		{"commit publishes", testTxPublish},
		{"rollback forgets", testTxRollback},
		{"acks wait for the commit", testTxAck},
		{"commit returns what has no route", testTxReturn},
		{"routes are those of the publishing", testTxRoutes},
		{"queues are those of the commit", testTxQueues},
		{"closing the channel rolls back", testTxClose},
	}
}

func (c *conn) transaction() *channel {
	c.t.Helper()
	ch := c.channel()
	ch.ok(ch.Tx())
	return ch
}

func testTxPublish(t *testing.T, b broker) {
	c := b.connect(t)
	tx, plain := c.transaction(), c.channel()
	q := plain.queue(nil)
	tx.publish("", q, "1", "2")
	tx.ok(tx.Flow(true)) // a round trip
	plain.wantDrained(q, "")
	tx.ok(tx.TxCommit())
	plain.wantDrained(q, "1 2")
	tx.publish("", q, "3")
	tx.ok(tx.TxCommit())
	tx.ok(tx.TxCommit()) // nothing to do
	plain.wantDrained(q, "3")
}

func testTxRollback(t *testing.T, b broker) {
	c := b.connect(t)
	tx, plain := c.transaction(), c.channel()
	q := plain.queue(nil)
	tx.publish("", q, "1")
	tx.ok(tx.TxRollback())
	tx.publish("", q, "2")
	tx.ok(tx.TxCommit())
	plain.wantDrained(q, "2")
}

func testTxAck(t *testing.T, b broker) {
	c := b.connect(t)
	tx, plain := c.transaction(), c.channel()
	q := plain.queue(nil)
	plain.publish("", q, "1", "2", "3")
	plain.becomes(q, 3)
	first, second := tx.get(q), tx.get(q)
	tx.ok(first.Ack(false))
	tx.ok(second.Nack(false, true))
	tx.ok(tx.TxRollback()) // both are unacked again
	tx.ok(first.Ack(false))
	tx.ok(tx.TxCommit())
	tx.ok(tx.Close())
	plain.becomes(q, 2)
	plain.wantDrained(q, "2* 3")
}

func testTxReturn(t *testing.T, b broker) {
	tx := b.connect(t).transaction()
	returns := tx.NotifyReturn(make(chan amqp.Return, 1))
	tx.ok(tx.Publish("", name("none"), true, false, amqp.Publishing{Body: []byte("1")}))
	tx.ok(tx.TxCommit())
	if r := receive(t, returns, "return"); string(r.Body) != "1" {
		t.Errorf("returned %s", r.Body)
	}
}

func testTxClose(t *testing.T, b broker) {
	c := b.connect(t)
	tx, plain := c.transaction(), c.channel()
	q := plain.queue(nil)
	tx.publish("", q, "1")
	tx.ok(tx.Close())
	plain.wantDrained(q, "")
}

// testTxRoutes: a message is routed when it is published, though it goes there only
// with the commit.
func testTxRoutes(t *testing.T, b broker) {
	tx := b.connect(t).transaction()
	x, q := tx.exchange("direct", nil), tx.queue(nil)
	tx.publish(x, "k", "before the binding")
	tx.bind(q, "k", x, nil)
	tx.publish(x, "k", "bound")
	tx.ok(tx.QueueUnbind(q, "k", x, nil))
	tx.publish(x, "k", "after it")
	tx.ok(tx.TxCommit())
	tx.wantDrained(q, "bound")
}

// testTxQueues: where it was routed to is a name.
func testTxQueues(t *testing.T, b broker) {
	tx := b.connect(t).transaction()
	returns := tx.NotifyReturn(make(chan amqp.Return, 1))
	gone, again := tx.queue(nil), tx.queue(nil)
	tx.ok(tx.Publish("", gone, true, false, amqp.Publishing{Body: []byte("1")}))
	tx.ok(tx.Publish("", again, true, false, amqp.Publishing{Body: []byte("2")}))
	for _, q := range []string{gone, again} {
		_, err := tx.QueueDelete(q, false, false, false)
		tx.ok(err)
	}
	_, err := tx.QueueDeclare(again, false, false, true, false, nil)
	tx.ok(err)
	tx.ok(tx.TxCommit())
	if r := receive(t, returns, "return"); string(r.Body) != "1" {
		t.Errorf("returned %s", r.Body)
	}
	tx.wantDrained(again, "2")
}
