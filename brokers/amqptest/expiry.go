package amqptest

import (
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

func expiryTests() []test {
	return []test{
		{"queue", testQueueTTL},
		{"message", testMessageTTL},
		{"the shorter one counts", testShorterTTL},
		{"zero", testZeroTTL},
		{"a message waits for those before it", testTTLAtHead},
		{"an unacked message does not expire", testTTLUnacked},
		{"of the queue itself", testExpires},
		{"use keeps a queue", testExpiresUsed},
	}
}

func testQueueTTL(t *testing.T, b broker) {
	ch := b.channel(t)
	q := ch.queue(amqp.Table{"x-message-ttl": int32(400)})
	ch.publish("", q, "1", "2")
	ch.becomes(q, 2)
	ch.becomes(q, 0)
}

func testMessageTTL(t *testing.T, b broker) {
	ch := b.channel(t)
	q := ch.queue(nil)
	ch.send("", q, amqp.Publishing{Expiration: "400", Body: []byte("1")})
	ch.publish("", q, "2")
	ch.becomes(q, 2)
	ch.becomes(q, 1)
	ch.wantDrained(q, "2")
	ch.send("", q, amqp.Publishing{Expiration: "60000", Body: []byte("3")})
	if d := ch.get(q); d.Expiration != "60000" {
		t.Errorf("expiration %q", d.Expiration)
	}
}

func testShorterTTL(t *testing.T, b broker) {
	ch := b.channel(t)
	q := ch.queue(amqp.Table{"x-message-ttl": int32(60000)})
	ch.send("", q, amqp.Publishing{Expiration: "20"})
	ch.becomes(q, 0)
	q = ch.queue(amqp.Table{"x-message-ttl": int32(20)})
	ch.send("", q, amqp.Publishing{Expiration: "60000"})
	ch.becomes(q, 0)
}

func testZeroTTL(t *testing.T, b broker) {
	ch := b.channel(t)
	q := ch.queue(amqp.Table{"x-message-ttl": int32(0)})
	ch.publish("", q, "lost")
	ch.wantDrained(q, "")
	ds := ch.consumeWith(q, "", true, nil)
	ch.publish("", q, "at once")
	if got := bodies(t, ds, 1); got != "at once" {
		t.Errorf("got %s", got)
	}
	q = ch.queue(nil)
	ch.send("", q, amqp.Publishing{Expiration: "0"})
	ch.wantDrained(q, "")
}

// testTTLAtHead: only the message at the head of a queue expires, so one that has
// to go sooner stays while the head does.
func testTTLAtHead(t *testing.T, b broker) {
	ch := b.channel(t)
	q := ch.queue(nil)
	ch.publish("", q, "head")
	ch.send("", q, amqp.Publishing{Expiration: "10", Body: []byte("short")})
	ch.becomes(q, 2)
	time.Sleep(30 * time.Millisecond) // three lives long
	if n := ch.ready(q); n != 2 {
		t.Errorf("%d are ready, want 2: the second is not at the head", n)
	}
	if d := ch.get(q); string(d.Body) != "head" {
		t.Errorf("got %s", d.Body)
	}
	ch.becomes(q, 0)
}

func testTTLUnacked(t *testing.T, b broker) {
	ch := b.channel(t)
	dlx, dead := ch.deadLetterQueue()
	q := ch.queue(amqp.Table{"x-message-ttl": int32(400), "x-dead-letter-exchange": dlx})
	ds := ch.consume(q)
	ch.publish("", q, "1")
	d := next(t, ds)
	time.Sleep(500 * time.Millisecond)
	if n := ch.ready(dead); n != 0 {
		t.Error("it expired while a consumer had it")
	}
	ch.ok(ch.Cancel(d.ConsumerTag, false))
	ch.ok(d.Nack(false, true)) // back in the queue its time is over
	ch.deadLetter(dead)
}

func testExpires(t *testing.T, b broker) {
	ch := b.channel(t)
	dlx, dead := ch.deadLetterQueue()
	q := ch.sharedQueue(amqp.Table{"x-expires": int32(60), "x-dead-letter-exchange": dlx})
	ch.publish("", q, "1")
	eventuallyGone(ch, q)
	if n := ch.ready(dead); n != 0 {
		t.Error("messages of an expired queue were dead-lettered")
	}
}

// eventuallyGone waits for a queue to go without using it, as far as that can be:
// a declaration counts as use, so it polls rarely.
func eventuallyGone(ch *channel, queue string) {
	ch.t.Helper()
	for range 40 {
		time.Sleep(250 * time.Millisecond)
		if _, err := ch.conn.channel().QueueDeclarePassive(queue, false, false, false, false, nil); err != nil {
			return
		}
	}
	ch.t.Fatal("the queue did not expire")
}

func testExpiresUsed(t *testing.T, b broker) {
	ch := b.channel(t)
	const life = 1500 * time.Millisecond
	q := ch.sharedQueue(amqp.Table{"x-expires": int32(life.Milliseconds())})
	for range 15 { // a get is use
		time.Sleep(life / 10) // far below it, for a slow machine
		_, _, err := ch.Get(q, true)
		ch.ok(err)
	}
	ds := ch.consumeWith(q, "c", true, nil) // and so is a consumer, while it lasts
	time.Sleep(life * 3 / 2)
	ch.publish("", q, "1")
	if got := bodies(t, ds, 1); got != "1" {
		t.Errorf("got %s", got)
	}
	ch.ok(ch.Cancel("c", false))
	time.Sleep(life)
	eventuallyGone(ch, q)
}
