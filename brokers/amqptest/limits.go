package amqptest

import (
	"fmt"
	"strings"
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"
)

func limitTests() []test {
	return []test{
		{"drop-head is the default", testDropHead},
		{"bytes", testMaxBytes},
		{"reject-publish nacks", testRejectPublish},
		{"reject-publish with two queues", testRejectPublishOne},
		{"reject-publish-dlx", testRejectPublishDLX},
		{"unacked do not count", testLimitUnacked},
		{"length 0", testLengthZero},
	}
}

func testDropHead(t *testing.T, b broker) {
	ch := b.channel(t)
	for _, args := range []amqp.Table{
		{"x-max-length": int32(3)},
		{"x-max-length": int32(3), "x-overflow": "drop-head"},
	} {
		q := ch.queue(args)
		ch.publish("", q, "1", "2", "3", "4", "5")
		ch.wantDrained(q, "3 4 5")
	}
}

func testMaxBytes(t *testing.T, b broker) {
	ch := b.channel(t)
	q := ch.queue(amqp.Table{"x-max-length-bytes": int32(100)}) // of bodies
	for _, c := range "abcd" {
		ch.publish("", q, strings.Repeat(string(c), 40))
	}
	ch.wantDrained(q, strings.Repeat("c", 40)+" "+strings.Repeat("d", 40))
	ch.publish("", q, strings.Repeat("x", 101))
	ch.wantDrained(q, "")
}

// verdicts publishes the bodies one after the other and returns which were acked.
func verdicts(ch *channel, exchange, key string, bodies ...string) string {
	ch.t.Helper()
	var all []string
	for _, body := range bodies {
		confirm, err := ch.PublishWithDeferredConfirm(exchange, key, false, false, amqp.Publishing{Body: []byte(body)})
		ch.ok(err)
		verdict := "nack"
		if ch.acked(confirm) {
			verdict = "ack"
		}
		all = append(all, verdict)
	}
	return strings.Join(all, " ")
}

func testRejectPublish(t *testing.T, b broker) {
	ch := b.connect(t).confirms()
	q := ch.queue(amqp.Table{"x-max-length": int32(2), "x-overflow": "reject-publish"})
	if got := verdicts(ch, "", q, "1", "2", "3"); got != "ack ack nack" {
		t.Errorf("got %s", got)
	}
	if d := ch.get(q); string(d.Body) != "1" {
		t.Errorf("got %s first", d.Body)
	}
	if got := verdicts(ch, "", q, "4", "5"); got != "ack nack" {
		t.Errorf("with room again: %s", got)
	}
	ch.wantDrained(q, "2 4")
}

func testRejectPublishOne(t *testing.T, b broker) {
	ch := b.connect(t).confirms()
	x := ch.exchange("fanout", nil)
	full, open := ch.queue(amqp.Table{"x-max-length": int32(1), "x-overflow": "reject-publish"}), ch.queue(nil)
	ch.bind(full, "", x, nil)
	ch.bind(open, "", x, nil)
	if got := verdicts(ch, x, "", "1", "2"); got != "ack nack" {
		t.Errorf("got %s", got)
	}
	ch.wantDrained(full, "1")
	ch.wantDrained(open, "1 2")
}

func testRejectPublishDLX(t *testing.T, b broker) {
	ch := b.connect(t).confirms()
	dlx, dead := ch.deadLetterQueue()
	q := ch.queue(amqp.Table{"x-max-length": int32(1), "x-overflow": "reject-publish-dlx", "x-dead-letter-exchange": dlx})
	if got := verdicts(ch, "", q, "1", "2"); got != "ack nack" {
		t.Errorf("got %s", got)
	}
	d := ch.deadLetter(dead)
	if string(d.Body) != "2" {
		t.Errorf("%s was dead-lettered, want the one refused", d.Body)
	}
	wantDeath(t, wantDeaths(t, d, 1)[0], 1, "maxlen", q, "", q)
	ch.wantDrained(q, "1")
}

func testLimitUnacked(t *testing.T, b broker) {
	ch := b.channel(t)
	q := ch.queue(amqp.Table{"x-max-length": int32(2)})
	ch.publish("", q, "1", "2")
	first := ch.get(q)
	ch.publish("", q, "3")
	ch.becomes(q, 2)
	ch.ok(first.Nack(false, true)) // now the limit is passed, at the head
	ch.eventually(func() error {
		if n := ch.ready(q); n != 2 {
			return fmt.Errorf("%d ready", n)
		}
		return nil
	})
	ch.wantDrained(q, "2 3")
}

func testLengthZero(t *testing.T, b broker) {
	ch := b.connect(t).confirms()
	q := ch.queue(amqp.Table{"x-max-length": int32(0)})
	if got := verdicts(ch, "", q, "1"); got != "ack" {
		t.Errorf("got %s", got)
	}
	ch.wantDrained(q, "")
	ds := ch.consumeWith(q, "", true, nil)
	ch.publish("", q, "2") // is delivered at once
	if got := bodies(t, ds, 1); got != "2" {
		t.Errorf("got %s", got)
	}
}
