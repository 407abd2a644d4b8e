package amqptest

import (
	"fmt"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

func exchangeTests() []test {
	return []test{
		{"predeclared", testPredeclared},
		{"default routes by queue name", testDefaultExchange},
		{"direct", testDirect},
		{"fanout", testFanout},
		{"topic", testTopic},
		{"topic unbind", testTopicUnbind},
		{"headers", testHeaders},
		{"headers of other types", testHeaderTypes},
		{"a queue bound twice gets one copy", testOneCopy},
		{"binding twice is binding once", testBindTwice},
		{"bindings with other arguments are others", testBindingArguments},
		{"exchange to exchange", testExchangeToExchange},
		{"exchanges in a ring", testExchangeRing},
		{"internal", testInternal},
		{"auto-delete after the last queue", testAutoDeleteExchange},
		{"auto-delete after the last exchange", testAutoDeleteChain},
		{"delete takes the bindings along", testDeleteExchange},
		{"delete of a queue unbinds it", testDeleteQueueUnbinds},
		{"redeclare", testRedeclareExchange},
		{"empty queue name means the last declared", testLastDeclared},
		{"without waiting", testNoWait},
	}
}

func testPredeclared(t *testing.T, b broker) {
	ch := b.channel(t)
	for name, kind := range map[string]string{
		"amq.direct": "direct", "amq.fanout": "fanout", "amq.topic": "topic",
		"amq.headers": "headers", "amq.match": "headers",
	} {
		ch.ok(ch.ExchangeDeclare(name, kind, true, false, false, false, nil))
		q := ch.bound(name, "k")
		ch.publish(name, "k", "m")
		ch.wantDrained(q, "m")
	}
}

func testDefaultExchange(t *testing.T, b broker) {
	ch := b.channel(t)
	q := ch.queue(nil)
	ch.publish("", q, "a", "b")
	ch.publish("", q+".not", "lost")
	d := ch.get(q)
	if d.Exchange != "" || d.RoutingKey != q || string(d.Body) != "a" || d.MessageCount != 1 || d.DeliveryTag != 1 {
		t.Errorf("got %q from %q key %q, %d left, tag %d", d.Body, d.Exchange, d.RoutingKey, d.MessageCount, d.DeliveryTag)
	}
	ch.wantDrained(q, "b")
}

func testDirect(t *testing.T, b broker) {
	ch := b.channel(t)
	x := ch.exchange("direct", nil)
	one, both := ch.bound(x, "a"), ch.bound(x, "a", "b")
	ch.publish(x, "a", "1")
	ch.publish(x, "b", "2")
	ch.publish(x, "", "3")
	ch.publish(x, "a.b", "4")
	ch.wantDrained(one, "1")
	ch.wantDrained(both, "1 2")
}

func testFanout(t *testing.T, b broker) {
	ch := b.channel(t)
	x := ch.exchange("fanout", nil)
	q, r := ch.bound(x, "ignored"), ch.bound(x, "")
	ch.publish(x, "any", "1")
	ch.wantDrained(q, "1")
	ch.wantDrained(r, "1")
}

func testTopic(t *testing.T, b broker) {
	ch := b.channel(t)
	keys := []string{"", ".", "a", "a.b", "a.b.c", "a..c", "b", "x.a", "a.b.c.d", "ab", "*", "#"}
	for pattern, want := range map[string]string{
		"a":     "a",
		"*":     "a b ab * #", // an empty key has no word
		"#":     "_ . a a.b a.b.c a..c b x.a a.b.c.d ab * #",
		"":      "_",
		"a.*":   "a.b",
		"a.#":   "a a.b a.b.c a..c a.b.c.d",
		"*.a":   "x.a",
		"#.a":   "a x.a",
		"a.*.c": "a.b.c a..c",
		"#.c":   "a.b.c a..c",
		"a.#.c": "a.b.c a..c",
		"*.*":   ". a.b x.a",
		"*.#":   ". a a.b a.b.c a..c b x.a a.b.c.d ab * #",
		"#.#":   "_ . a a.b a.b.c a..c b x.a a.b.c.d ab * #",
		"a*":    "",
		"a.#.#": "a a.b a.b.c a..c a.b.c.d",
	} {
		x := ch.exchange("topic", nil)
		q := ch.bound(x, pattern)
		for _, key := range keys {
			body := key
			if body == "" {
				body = "_"
			}
			ch.publish(x, key, body)
		}
		if got := ch.drain(q); got != want {
			t.Errorf("%q matched %q, want %q", pattern, got, want)
		}
	}
}

func testTopicUnbind(t *testing.T, b broker) {
	ch := b.channel(t)
	x := ch.exchange("topic", nil)
	q := ch.bound(x, "a.*", "a.#", "b")
	ch.ok(ch.QueueUnbind(q, "a.#", x, nil))
	ch.publish(x, "a.b", "1")
	ch.publish(x, "a.b.c", "2")
	ch.publish(x, "b", "3")
	ch.wantDrained(q, "1 3")
}

func testHeaders(t *testing.T, b broker) {
	ch := b.channel(t)
	messages := []amqp.Table{
		0: nil,
		1: {"a": "1"},
		2: {"a": "1", "b": int32(2)},
		3: {"a": "2", "b": int32(2)},
		4: {"c": true},
		5: {"x-c": "1"},
		6: {"b": int64(2)},
	}
	for _, tt := range []struct {
		args amqp.Table
		want string
	}{
		{nil, "0 1 2 3 4 5 6"},
		{amqp.Table{"a": "1"}, "1 2"}, // all is the default
		{amqp.Table{"x-match": "all", "a": "1", "b": int32(2)}, "2"},
		{amqp.Table{"x-match": "any", "a": "1", "b": int32(2)}, "1 2 3 6"}, // any width of integer
		{amqp.Table{"x-match": "any"}, ""},
		{amqp.Table{"x-match": "all", "a": nil}, "1 2 3"}, // void matches any value
		{amqp.Table{"x-match": "all", "x-c": "1"}, "0 1 2 3 4 5 6"},
		{amqp.Table{"x-match": "all-with-x", "x-c": "1"}, "5"},
		{amqp.Table{"x-match": "any-with-x", "x-c": "1", "c": true}, "4 5"},
	} {
		x, q := ch.exchange("headers", nil), ch.queue(nil)
		ch.bind(q, "", x, tt.args)
		for i, h := range messages {
			ch.send(x, "", amqp.Publishing{Headers: h, Body: fmt.Append(nil, i)})
		}
		if got := ch.drain(q); got != tt.want {
			t.Errorf("%v matched %q, want %q", tt.args, got, tt.want)
		}
	}
}

// testHeaderTypes: what counts is the value, not the type of its field, unless it is
// inside a table or an array.
func testHeaderTypes(t *testing.T, b broker) {
	ch := b.connect(t).confirms()
	for _, tt := range []struct {
		bound, sent any
		want        bool
	}{
		{int32(1), float64(1), true},
		{float64(1), int64(1), true},
		{float32(0.5), float64(0.5), true},
		{float64(1.5), int32(1), false},
		{time.Unix(5, 0), int32(5), true},
		{"a", []byte("a"), true},
		{[]byte("a"), "a", true},
		{"1", int32(1), false},
		{"true", true, false},
		{nil, "anything", true},
		{"anything", nil, false},
		{amqp.Decimal{Scale: 1, Value: 5}, amqp.Decimal{Scale: 1, Value: 5}, true},
		{amqp.Table{"a": int32(1)}, amqp.Table{"a": int32(1)}, true},
		{amqp.Table{"a": int32(1)}, amqp.Table{"a": int64(1)}, false},
		{[]any{"a", int32(1)}, []any{"a", int32(1)}, true},
		{[]any{"a"}, []any{"b"}, false},
	} {
		x, q := ch.exchange("headers", nil), ch.queue(nil)
		ch.bind(q, "", x, amqp.Table{"h": tt.bound})
		returned := ch.mandatory(x, "", amqp.Publishing{Headers: amqp.Table{"h": tt.sent}}) != nil
		if returned == tt.want {
			t.Errorf("bound with %T %v, sent with %T %v: routed %v, want %v", tt.bound, tt.bound, tt.sent, tt.sent, !returned, tt.want)
		}
	}
}

func testOneCopy(t *testing.T, b broker) {
	ch := b.channel(t)
	x := ch.exchange("topic", nil)
	q := ch.bound(x, "a.*", "*.b", "#")
	ch.publish(x, "a.b", "1")
	ch.wantDrained(q, "1")
}

func testBindTwice(t *testing.T, b broker) {
	ch := b.channel(t)
	x := ch.exchange("direct", nil)
	q := ch.bound(x, "a", "a")
	ch.ok(ch.QueueUnbind(q, "a", x, nil))
	ch.publish(x, "a", "1")
	ch.wantDrained(q, "")
}

func testBindingArguments(t *testing.T, b broker) {
	ch := b.channel(t)
	x, q := ch.exchange("direct", nil), ch.queue(nil)
	ch.bind(q, "a", x, amqp.Table{"v": "1"})
	ch.bind(q, "a", x, amqp.Table{"v": "2"})
	ch.ok(ch.QueueUnbind(q, "a", x, amqp.Table{"v": "3"}))
	ch.ok(ch.QueueUnbind(q, "a", x, amqp.Table{"v": "1"}))
	ch.publish(x, "a", "1")
	ch.wantDrained(q, "1")
	ch.ok(ch.QueueUnbind(q, "a", x, amqp.Table{"v": "2"}))
	ch.publish(x, "a", "2")
	ch.wantDrained(q, "")
}

func testExchangeToExchange(t *testing.T, b broker) {
	ch := b.channel(t)
	in, left, right := ch.exchange("topic", nil), ch.exchange("fanout", nil), ch.exchange("direct", nil)
	ch.ok(ch.ExchangeBind(left, "a.#", in, false, nil))
	ch.ok(ch.ExchangeBind(right, "#", in, false, nil))
	q := ch.bound(left, "")
	ch.bind(q, "a.b", right, nil)
	ch.publish(in, "a.b", "1") // both ways lead to q
	ch.publish(in, "a.c", "2") // left only
	ch.publish(in, "b", "3")   // right, where nothing is bound
	ch.wantDrained(q, "1 2")

	ch.ok(ch.ExchangeUnbind(left, "a.#", in, false, nil))
	ch.publish(in, "a.c", "4")
	ch.publish(in, "a.b", "5")
	d := ch.get(q)
	if string(d.Body) != "5" || d.Exchange != in || d.RoutingKey != "a.b" {
		t.Errorf("got %q from %s %s, want 5 from where it was published", d.Body, d.Exchange, d.RoutingKey)
	}
}

func testExchangeRing(t *testing.T, b broker) {
	ch := b.channel(t)
	x, y := ch.exchange("fanout", nil), ch.exchange("fanout", nil)
	ch.ok(ch.ExchangeBind(x, "", y, false, nil))
	ch.ok(ch.ExchangeBind(y, "", x, false, nil))
	ch.ok(ch.ExchangeBind(x, "", x, false, nil))
	q := ch.bound(y, "")
	ch.publish(x, "", "1")
	ch.wantDrained(q, "1")
}

func testInternal(t *testing.T, b broker) {
	ch := b.channel(t)
	in, inner := ch.exchange("fanout", nil), name("internal")
	ch.ok(ch.ExchangeDeclare(inner, "fanout", false, false, true, false, nil))
	ch.atEnd(func(ch *amqp.Channel) error { return ch.ExchangeDelete(inner, false, false) })
	ch.ok(ch.ExchangeBind(inner, "", in, false, nil))
	q := ch.bound(inner, "")
	ch.publish(in, "", "1")
	ch.wantDrained(q, "1")
}

// autoDelete declares an exchange that is deleted with its last binding.
func autoDelete(ch *channel, kind string) string {
	ch.t.Helper()
	x := name(kind)
	ch.ok(ch.ExchangeDeclare(x, kind, false, true, false, false, nil))
	ch.atEnd(func(ch *amqp.Channel) error { return ch.ExchangeDelete(x, false, false) })
	return x
}

// exists uses a new channel, which a negative answer closes.
func (c *conn) exists(exchange string) bool {
	c.t.Helper()
	return c.channel().ExchangeDeclarePassive(exchange, "direct", false, false, false, false, nil) == nil
}

func testAutoDeleteExchange(t *testing.T, b broker) {
	ch := b.channel(t)
	x := autoDelete(ch, "direct")
	if !ch.conn.exists(x) {
		t.Error("an exchange never used was deleted")
	}
	q, r := ch.bound(x, "a"), ch.bound(x, "b")
	ch.ok(ch.QueueUnbind(q, "a", x, nil))
	if !ch.conn.exists(x) {
		t.Error("deleted while bound")
	}
	_, err := ch.QueueDelete(r, false, false, false)
	ch.ok(err)
	if ch.conn.exists(x) {
		t.Error("not deleted with its last binding")
	}
}

func testAutoDeleteChain(t *testing.T, b broker) {
	ch := b.channel(t)
	x, y := autoDelete(ch, "fanout"), ch.exchange("fanout", nil)
	ch.ok(ch.ExchangeBind(y, "", x, false, nil))
	ch.ok(ch.ExchangeDelete(y, false, false))
	if ch.conn.exists(x) {
		t.Error("not deleted with the exchange that was bound to it")
	}
}

func testDeleteExchange(t *testing.T, b broker) {
	ch := b.channel(t)
	x := ch.exchange("fanout", nil)
	q := ch.bound(x, "")
	ch.ok(ch.ExchangeDelete(x, false, false))
	ch.ok(ch.ExchangeDeclare(x, "direct", false, false, false, false, nil)) // another one of that name
	ch.publish(x, "", "1")
	ch.wantDrained(q, "")
	ch.ok(ch.ExchangeDelete(x, true, false)) // unused
}

func testDeleteQueueUnbinds(t *testing.T, b broker) {
	ch := b.channel(t)
	x := ch.exchange("fanout", nil)
	q := ch.bound(x, "")
	_, err := ch.QueueDelete(q, false, false, false)
	ch.ok(err)
	_, err = ch.QueueDeclare(q, false, false, true, false, nil)
	ch.ok(err)
	ch.publish(x, "", "1")
	ch.wantDrained(q, "")
}

func testRedeclareExchange(t *testing.T, b broker) {
	ch := b.channel(t)
	x := ch.exchange("direct", amqp.Table{"note": "not the broker's business"})
	// only the alternate exchange counts among the arguments
	ch.ok(ch.ExchangeDeclare(x, "direct", false, false, false, false, nil))
	ch.ok(ch.ExchangeDeclarePassive(x, "fanout", true, true, true, false, nil))
}

func testLastDeclared(t *testing.T, b broker) {
	ch := b.channel(t)
	x := ch.exchange("direct", nil)
	q := ch.queue(nil)
	ch.bind("", "", x, nil) // the key is the queue's name too
	ch.publish(x, q, "1")
	if got := ch.drain(""); got != "1" {
		t.Errorf("got %q", got)
	}
	other := ch.conn.channel()
	err := other.QueueBind("", "k", x, false, nil)
	wantError(t, err, amqp.NotFound, "NOT_FOUND - no previously declared queue")
}

func testNoWait(t *testing.T, b broker) {
	ch := b.channel(t)
	x, y, q := name("direct"), name("fanout"), name("queue")
	ch.ok(ch.ExchangeDeclare(x, "direct", false, false, false, true, nil))
	ch.ok(ch.ExchangeDeclare(y, "fanout", false, false, false, true, nil))
	_, err := ch.QueueDeclare(q, false, false, true, true, nil)
	ch.ok(err)
	ch.ok(ch.ExchangeBind(y, "k", x, true, nil))
	ch.ok(ch.QueueBind(q, "", y, true, nil))
	ch.publish(x, "k", "1", "2")
	ds, err := ch.Consume(q, "c", true, false, false, true, nil)
	ch.ok(err)
	if got := bodies(t, ds, 2); got != "1 2" {
		t.Errorf("got %q", got)
	}
	ch.ok(ch.Cancel("c", true))
	ch.ok(ch.ExchangeUnbind(y, "k", x, true, nil))
	ch.publish(x, "k", "3")
	ch.wantDrained(q, "")
	_, err = ch.QueueDelete(q, false, false, true)
	ch.ok(err)
	ch.ok(ch.ExchangeDelete(x, false, true))
	ch.ok(ch.ExchangeDelete(y, false, false)) // by now the others are done
	if ch.conn.exists(x) {
		t.Error("deleted without waiting, and not deleted")
	}
}
