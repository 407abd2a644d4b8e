package amqptest

import (
	"fmt"
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"
)

// copyTests are about the headers CC and BCC, lists of further routing keys.
func copyTests() []test {
	return []test{
		{"go to every key", testCopies},
		{"one queue gets one", testCopiesOnce},
		{"save a mandatory message", testCopiesMandatory},
		{"hash by the first key alone", testCopiesHash},
		{"are known to the dead", testCopiesDeadLetter},
		{"must be lists", testCopiesInvalid},
	}
}

func testCopies(t *testing.T, b broker) {
	ch := b.channel(t)
	x := ch.exchange("direct", nil)
	to, cc, bcc, none := ch.bound(x, "to"), ch.bound(x, "cc"), ch.bound(x, "bcc"), ch.bound(x, "none")
	ch.send(x, "to", amqp.Publishing{
		Headers: amqp.Table{"CC": []any{"cc", "nobody"}, "BCC": []any{"bcc"}, "other": "kept"}, Body: []byte("1"),
	})
	for _, q := range []string{to, cc, bcc} {
		d := ch.get(q)
		_, seen := d.Headers["BCC"]
		if d.RoutingKey != "to" || seen || d.Headers["other"] != "kept" || fmt.Sprint(d.Headers["CC"]) != "[cc nobody]" {
			t.Errorf("got key %s, headers %v", d.RoutingKey, d.Headers)
		}
	}
	ch.wantDrained(none, "")
}

func testCopiesOnce(t *testing.T, b broker) {
	ch := b.channel(t)
	q := ch.queue(nil)
	ch.send("", q, amqp.Publishing{Headers: amqp.Table{"CC": []any{q, q}}, Body: []byte("1")})
	ch.wantDrained(q, "1")
}

func testCopiesMandatory(t *testing.T, b broker) {
	ch := b.connect(t).confirms()
	q := ch.queue(nil)
	if r := ch.mandatory("", name("none"), amqp.Publishing{Headers: amqp.Table{"BCC": []any{q}}, Body: []byte("1")}); r != nil {
		t.Error("returned, though a copy had a route")
	}
	ch.wantDrained(q, "1")
	hidden := amqp.Table{"CC": []any{name("none")}, "BCC": []any{name("none")}}
	r := ch.mandatory("", name("none"), amqp.Publishing{Headers: hidden})
	if r == nil {
		t.Fatal("not returned, though no copy had a route")
	}
	if _, seen := r.Headers["BCC"]; seen || r.Headers["CC"] == nil {
		t.Errorf("returned with headers %v", r.Headers)
	}
}

func testCopiesHash(t *testing.T, b broker) {
	l := b.lanes(t, 4, nil)
	for i := range 4 {
		l.bindLane(i, 1)
	}
	l.check(200, func(i int) (string, amqp.Publishing, uint32) {
		key, _, hash := byKey(i)
		return key, amqp.Publishing{Headers: amqp.Table{"CC": []any{"another"}}}, hash
	})
}

func testCopiesDeadLetter(t *testing.T, b broker) {
	ch := b.channel(t)
	dlx := ch.exchange("direct", nil)
	viaTo, viaCC := ch.bound(dlx, "to"), ch.bound(dlx, "cc")
	x := ch.exchange("direct", nil)
	q := ch.queue(amqp.Table{"x-dead-letter-exchange": dlx})
	ch.bind(q, "to", x, nil)
	ch.send(x, "to", amqp.Publishing{Headers: amqp.Table{"CC": []any{"cc"}}, Body: []byte("1")})
	ch.ok(ch.get(q).Reject(false))
	for _, dead := range []string{viaTo, viaCC} { // it is routed like the first message
		d := ch.deadLetter(dead)
		wantDeath(t, wantDeaths(t, d, 1)[0], 1, "rejected", q, x, "to", "cc")
		if fmt.Sprint(d.Headers["CC"]) != "[cc]" {
			t.Errorf("CC is %v", d.Headers["CC"])
		}
	}
	keyed := ch.queue(amqp.Table{"x-dead-letter-exchange": dlx, "x-dead-letter-routing-key": "to"})
	ch.send("", keyed, amqp.Publishing{Headers: amqp.Table{"CC": []any{"cc"}}, Body: []byte("2")})
	ch.ok(ch.get(keyed).Reject(false))
	d := ch.deadLetter(viaTo) // a key of the queue's own replaces them all
	if d.Headers["CC"] != nil || ch.ready(viaCC) != 0 {
		t.Errorf("CC is %v", d.Headers["CC"])
	}
}

func testCopiesInvalid(t *testing.T, b broker) {
	ch := b.channel(t)
	ch.send("amq.direct", "k", amqp.Publishing{Headers: amqp.Table{"CC": "not a list"}})
	ch.wantClosed(amqp.PreconditionFailed, `PRECONDITION_FAILED - invalid message: {unacceptable_type_in_header,"CC",longstr}`)
}
