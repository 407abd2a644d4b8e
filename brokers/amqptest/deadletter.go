package amqptest

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

func deadLetterTests() []test {
	return []test{
		{"rejected", testDeadRejected},
		{"expired", testDeadExpired},
		{"expired by the queue", testDeadQueueTTL},
		{"too many", testDeadMaxLength},
		{"keeps properties and body", testDeadProperties},
		{"with a dead-letter routing key", testDeadKey},
		{"to the default exchange", testDeadDefaultExchange},
		{"second death counts", testDeadTwice},
		{"two reasons, two entries", testDeadTwoReasons},
		{"a cycle of expiry ends", testDeadCycle},
		{"a cycle with a reject goes on", testDeadRejectCycle},
		{"missing exchange", testDeadMissingExchange},
		{"x-death that is no list", testDeadForged},
		{"requeue is no death", testDeadRequeue},
		{"order", testDeadOrder},
		{"purge and delete are no deaths", testDeadPurge},
	}
}

// deadLetterQueue declares a fanout exchange with a queue.
func (ch *channel) deadLetterQueue() (exchange, queue string) {
	ch.t.Helper()
	x := ch.exchange("fanout", nil)
	return x, ch.bound(x, "")
}

// deadLetter waits for a message in a dead-letter queue and gets it.
func (ch *channel) deadLetter(queue string) amqp.Delivery {
	ch.t.Helper()
	ch.eventually(func() error {
		if ch.ready(queue) == 0 {
			return fmt.Errorf("nothing was dead-lettered")
		}
		return nil
	})
	return ch.get(queue)
}

// wantDeaths returns the n entries of the x-death header, after checking the
// types of their fields.
func wantDeaths(t *testing.T, d amqp.Delivery, n int) []amqp.Table {
	t.Helper()
	list, _ := d.Headers["x-death"].([]any)
	if len(list) != n {
		t.Fatalf("x-death has %d entries, want %d: %v", len(list), n, d.Headers)
	}
	var deaths []amqp.Table
	for _, e := range list {
		death, _ := e.(amqp.Table)
		_, count := death["count"].(int64)
		_, reason := death["reason"].(string)
		_, queue := death["queue"].(string)
		_, exchange := death["exchange"].(string)
		_, keys := death["routing-keys"].([]any)
		at, when := death["time"].(time.Time)
		if !count || !reason || !queue || !exchange || !keys || !when {
			t.Fatalf("x-death entry with other types: %#v", death)
		}
		if age := time.Since(at); age < -2*time.Second || age > time.Minute {
			t.Errorf("died %v ago", age)
		}
		deaths = append(deaths, death)
	}
	return deaths
}

// wantDeath asserts all fields of one entry of x-death but its time.
func wantDeath(t *testing.T, death amqp.Table, count int64, reason, queue, exchange string, keys ...any) {
	t.Helper()
	want := amqp.Table{
		"count": count, "reason": reason, "queue": queue, "exchange": exchange,
		"routing-keys": keys, "time": death["time"],
	}
	if !reflect.DeepEqual(death, want) {
		t.Errorf("x-death entry\n%v\nwant\n%v", death, want)
	}
}

func wantFirstDeath(t *testing.T, d amqp.Delivery, reason, queue, exchange string) {
	t.Helper()
	h := d.Headers
	if h["x-first-death-reason"] != reason || h["x-first-death-queue"] != queue || h["x-first-death-exchange"] != exchange {
		t.Errorf("first death of %v in %v from %v, want %s in %s from %q", h["x-first-death-reason"],
			h["x-first-death-queue"], h["x-first-death-exchange"], reason, queue, exchange)
	}
}

func testDeadRejected(t *testing.T, b broker) {
	ch := b.channel(t)
	dlx, dead := ch.deadLetterQueue()
	x, q := ch.exchange("direct", nil), ch.queue(amqp.Table{"x-dead-letter-exchange": dlx})
	ch.bind(q, "k", x, nil)
	ch.publish(x, "k", "1", "2")
	ch.ok(ch.get(q).Reject(false))
	d := ch.deadLetter(dead)
	if string(d.Body) != "1" || d.Exchange != dlx || d.RoutingKey != "k" || d.Redelivered {
		t.Errorf("got %s from %s %s, redelivered %v", d.Body, d.Exchange, d.RoutingKey, d.Redelivered)
	}
	wantDeath(t, wantDeaths(t, d, 1)[0], 1, "rejected", q, x, "k")
	wantFirstDeath(t, d, "rejected", q, x)
	if len(d.Headers) != 4 {
		t.Errorf("headers %v", d.Headers)
	}
	ch.ok(ch.get(q).Nack(false, false))
	wantDeath(t, wantDeaths(t, ch.deadLetter(dead), 1)[0], 1, "rejected", q, x, "k")
}

func testDeadExpired(t *testing.T, b broker) {
	ch := b.channel(t)
	dlx, dead := ch.deadLetterQueue()
	q := ch.queue(amqp.Table{"x-dead-letter-exchange": dlx})
	ch.send("", q, amqp.Publishing{Expiration: "30", Body: []byte("1")})
	d := ch.deadLetter(dead)
	death := wantDeaths(t, d, 1)[0]
	if death["original-expiration"] != "30" || d.Expiration != "" {
		t.Errorf("original-expiration %v, expiration %q", death["original-expiration"], d.Expiration)
	}
	delete(death, "original-expiration")
	wantDeath(t, death, 1, "expired", q, "", q)
	wantFirstDeath(t, d, "expired", q, "")
}

func testDeadQueueTTL(t *testing.T, b broker) {
	ch := b.channel(t)
	dlx, dead := ch.deadLetterQueue()
	q := ch.queue(amqp.Table{"x-dead-letter-exchange": dlx, "x-message-ttl": int32(30)})
	ch.publish("", q, "1")
	wantDeath(t, wantDeaths(t, ch.deadLetter(dead), 1)[0], 1, "expired", q, "", q)
}

func testDeadMaxLength(t *testing.T, b broker) {
	ch := b.channel(t)
	dlx, dead := ch.deadLetterQueue()
	q := ch.queue(amqp.Table{"x-dead-letter-exchange": dlx, "x-max-length": int32(2)})
	ch.publish("", q, "1", "2", "3")
	d := ch.deadLetter(dead)
	if string(d.Body) != "1" {
		t.Errorf("%s was dropped, want the oldest", d.Body)
	}
	wantDeath(t, wantDeaths(t, d, 1)[0], 1, "maxlen", q, "", q)
	ch.wantDrained(q, "2 3")
}

func testDeadProperties(t *testing.T, b broker) {
	ch := b.channel(t)
	dlx, dead := ch.deadLetterQueue()
	q := ch.queue(amqp.Table{"x-dead-letter-exchange": dlx})
	ch.send("", q, amqp.Publishing{
		ContentType: "text/plain", MessageId: "id", CorrelationId: "c", ReplyTo: "r", Type: "t", AppId: "app",
		Priority: 3, DeliveryMode: amqp.Persistent, Headers: amqp.Table{"mine": "kept"}, Body: []byte("body"),
	})
	ch.ok(ch.get(q).Reject(false))
	d := ch.deadLetter(dead)
	if d.ContentType != "text/plain" || d.MessageId != "id" || d.CorrelationId != "c" || d.ReplyTo != "r" ||
		d.Type != "t" || d.AppId != "app" || d.Priority != 3 || d.DeliveryMode != amqp.Persistent ||
		d.Headers["mine"] != "kept" || string(d.Body) != "body" {
		t.Errorf("got %+v", d)
	}
}

func testDeadKey(t *testing.T, b broker) {
	ch := b.channel(t)
	dlx := ch.exchange("direct", nil)
	dead := ch.bound(dlx, "grave")
	q := ch.queue(amqp.Table{"x-dead-letter-exchange": dlx, "x-dead-letter-routing-key": "grave"})
	ch.publish("", q, "1")
	ch.ok(ch.get(q).Reject(false))
	d := ch.deadLetter(dead)
	if d.RoutingKey != "grave" {
		t.Errorf("key %s", d.RoutingKey)
	}
	wantDeath(t, wantDeaths(t, d, 1)[0], 1, "rejected", q, "", q) // the key it came with
}

func testDeadDefaultExchange(t *testing.T, b broker) {
	ch := b.channel(t)
	dead := ch.queue(nil)
	q := ch.queue(amqp.Table{"x-dead-letter-exchange": "", "x-dead-letter-routing-key": dead})
	ch.publish("", q, "1")
	ch.ok(ch.get(q).Reject(false))
	wantDeath(t, wantDeaths(t, ch.deadLetter(dead), 1)[0], 1, "rejected", q, "", q)
}

func testDeadTwice(t *testing.T, b broker) {
	ch := b.channel(t)
	dlx := ch.exchange("fanout", nil)
	q := ch.queue(amqp.Table{"x-dead-letter-exchange": dlx})
	ch.bind(q, "", dlx, nil) // back to where it came from
	ch.publish("", q, "1")
	for range 3 {
		ch.ok(ch.deadLetter(q).Reject(false))
	}
	d := ch.deadLetter(q)
	wantDeath(t, wantDeaths(t, d, 1)[0], 3, "rejected", q, "", q)
	wantFirstDeath(t, d, "rejected", q, "")
}

func testDeadTwoReasons(t *testing.T, b broker) {
	ch := b.channel(t)
	last, dead := ch.deadLetterQueue()
	middle := ch.exchange("fanout", nil)
	second := ch.queue(amqp.Table{"x-dead-letter-exchange": last})
	ch.bind(second, "", middle, nil)
	first := ch.queue(amqp.Table{"x-dead-letter-exchange": middle, "x-message-ttl": int32(10)})
	ch.publish("", first, "1")
	ch.ok(ch.deadLetter(second).Reject(false))
	d := ch.deadLetter(dead)
	deaths := wantDeaths(t, d, 2) // the latest first
	wantDeath(t, deaths[0], 1, "rejected", second, middle, first)
	wantDeath(t, deaths[1], 1, "expired", first, "", first)
	wantFirstDeath(t, d, "expired", first, "")
}

// testDeadCycle: a message that comes round to the same queue without anybody
// rejecting it is dropped, or it would go round for ever.
func testDeadCycle(t *testing.T, b broker) {
	ch := b.channel(t)
	dlx, seen := ch.deadLetterQueue()
	q := ch.queue(amqp.Table{"x-dead-letter-exchange": dlx, "x-message-ttl": int32(10)})
	ch.bind(q, "", dlx, nil)
	ch.publish("", q, "1")
	ch.deadLetter(seen)
	ch.becomes(q, 0)
	time.Sleep(50 * time.Millisecond) // five lives long
	if n := ch.ready(seen); n != 0 {
		t.Errorf("it went round %d more times", n)
	}
}

func testDeadRejectCycle(t *testing.T, b broker) {
	ch := b.channel(t)
	dlx := ch.exchange("fanout", nil)
	work := ch.queue(amqp.Table{"x-dead-letter-exchange": dlx})
	retry := ch.queue(amqp.Table{"x-message-ttl": int32(10), "x-dead-letter-exchange": "", "x-dead-letter-routing-key": work})
	ch.bind(retry, "", dlx, nil)
	ch.publish("", work, "1")
	for range 3 { // rejected, waits, comes back
		ch.ok(ch.deadLetter(work).Reject(false))
	}
	d := ch.deadLetter(work)
	deaths := wantDeaths(t, d, 2)
	wantDeath(t, deaths[0], 3, "expired", retry, dlx, work)
	wantDeath(t, deaths[1], 3, "rejected", work, "", work)
}

func testDeadMissingExchange(t *testing.T, b broker) {
	ch := b.channel(t)
	q := ch.queue(amqp.Table{"x-dead-letter-exchange": name("none")})
	ch.publish("", q, "1")
	ch.ok(ch.get(q).Reject(false))
	ch.wantDrained(q, "")
}

func testDeadRequeue(t *testing.T, b broker) {
	ch := b.channel(t)
	dlx, dead := ch.deadLetterQueue()
	q := ch.queue(amqp.Table{"x-dead-letter-exchange": dlx})
	ch.publish("", q, "1")
	ch.ok(ch.get(q).Reject(true))
	d := ch.get(q)
	if !d.Redelivered || d.Headers != nil {
		t.Errorf("redelivered %v, headers %v", d.Redelivered, d.Headers)
	}
	if n := ch.ready(dead); n != 0 {
		t.Errorf("%d dead letters", n)
	}
}

func testDeadOrder(t *testing.T, b broker) {
	ch := b.channel(t)
	dlx, dead := ch.deadLetterQueue()
	q := ch.queue(amqp.Table{"x-dead-letter-exchange": dlx})
	ch.publish("", q, "1", "2", "3", "4")
	for range 3 {
		ch.get(q)
	}
	ch.ok(ch.Nack(3, true, false))
	ch.becomes(dead, 3)
	ch.wantDrained(dead, "1 2 3")
	ch.wantDrained(q, "4")
}

func testDeadPurge(t *testing.T, b broker) {
	ch := b.channel(t)
	dlx, dead := ch.deadLetterQueue()
	q := ch.queue(amqp.Table{"x-dead-letter-exchange": dlx})
	ch.publish("", q, "1")
	_, err := ch.QueuePurge(q, false)
	ch.ok(err)
	ch.publish("", q, "2")
	_, err = ch.QueueDelete(q, false, false, false)
	ch.ok(err)
	if n := ch.ready(dead); n != 0 {
		t.Errorf("%d dead letters", n)
	}
}

// testDeadForged: a list takes the place of what the publisher called x-death,
// and the first death is then not recorded.
func testDeadForged(t *testing.T, b broker) {
	ch := b.channel(t)
	dlx, dead := ch.deadLetterQueue()
	q := ch.queue(amqp.Table{"x-dead-letter-exchange": dlx})
	ch.send("", q, amqp.Publishing{Headers: amqp.Table{"x-death": "mine"}})
	ch.ok(ch.get(q).Reject(false))
	d := ch.deadLetter(dead)
	wantDeath(t, wantDeaths(t, d, 1)[0], 1, "rejected", q, "", q)
	if len(d.Headers) != 1 {
		t.Errorf("headers %v", d.Headers)
	}
}
