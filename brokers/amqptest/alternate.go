package amqptest

import (
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"
)

func alternateTests() []test {
	return []test{
		{"takes what has no route", testAlternate},
		{"takes what a bound exchange has no route for", testAlternateBehind},
		{"may be missing", testAlternateMissing},
		{"in a ring", testAlternateRing},
	}
}

// mandatory publishes a message that must have a route and reports what was
// returned, or nil.
func (ch *channel) mandatory(exchange, key string, msg amqp.Publishing) *amqp.Return {
	ch.t.Helper()
	confirm, err := ch.PublishWithDeferredConfirm(exchange, key, true, false, msg)
	ch.ok(err)
	if !ch.acked(confirm) {
		ch.t.Errorf("a mandatory message was nacked")
	}
	select { // a return comes before its ack
	case r := <-ch.returns:
		return &r
	default:
		return nil
	}
}

func testAlternate(t *testing.T, b broker) {
	ch := b.connect(t).confirms()
	last := ch.exchange("fanout", nil)
	alternate := ch.exchange("direct", amqp.Table{"alternate-exchange": last})
	x := ch.exchange("direct", amqp.Table{"alternate-exchange": alternate})
	q, second, third := ch.bound(x, "a"), ch.bound(alternate, "b"), ch.bound(last, "")
	for _, key := range []string{"a", "b", "c"} {
		if r := ch.mandatory(x, key, amqp.Publishing{Body: []byte(key)}); r != nil {
			t.Errorf("%s was returned: %s", key, r.ReplyText)
		}
	}
	ch.wantDrained(q, "a")
	ch.wantDrained(second, "b")
	d := ch.get(third)
	if string(d.Body) != "c" || d.Exchange != x || d.RoutingKey != "c" {
		t.Errorf("got %s from %s %s", d.Body, d.Exchange, d.RoutingKey)
	}
}

// testAlternateBehind: an alternate exchange stands in for its own exchange only,
// also where that one is reached through a binding.
func testAlternateBehind(t *testing.T, b broker) {
	ch := b.channel(t)
	alternate := ch.exchange("fanout", nil)
	inner := ch.exchange("direct", amqp.Table{"alternate-exchange": alternate})
	x := ch.exchange("fanout", nil)
	ch.ok(ch.ExchangeBind(inner, "", x, false, nil))
	q, lost := ch.bound(x, ""), ch.bound(alternate, "")
	ch.publish(x, "nowhere", "1")
	ch.wantDrained(q, "1")
	ch.wantDrained(lost, "1")
}

func testAlternateMissing(t *testing.T, b broker) {
	ch := b.connect(t).confirms()
	x := ch.exchange("direct", amqp.Table{"alternate-exchange": name("none")})
	if r := ch.mandatory(x, "k", amqp.Publishing{}); r == nil || r.ReplyCode != amqp.NoRoute {
		t.Errorf("returned %v, want code %d", r, amqp.NoRoute)
	}
}

func testAlternateRing(t *testing.T, b broker) {
	ch := b.connect(t).confirms()
	x, y := name("direct"), name("direct")
	for from, to := range map[string]string{x: y, y: x} {
		ch.ok(ch.ExchangeDeclare(from, "direct", false, false, false, false, amqp.Table{"alternate-exchange": to}))
		ch.atEnd(func(ch *amqp.Channel) error { return ch.ExchangeDelete(from, false, false) })
	}
	q := ch.bound(y, "a")
	ch.mandatory(x, "a", amqp.Publishing{Body: []byte("1")})
	ch.wantDrained(q, "1")
	if r := ch.mandatory(x, "b", amqp.Publishing{}); r == nil {
		t.Error("unroutable all the way round, and not returned")
	}
}
