package amqptest

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

func valueTests() []test {
	return []test{
		{"header fields", testHeaderFields},
		{"header fields of a dead letter", testHeaderFieldsRewritten},
		{"properties", testProperties},
		{"no properties", testNoProperties},
		{"bodies of every size", testBodies},
		{"longest names", testLongestNames},
		{"names of any bytes", testNames},
		{"many headers", testManyHeaders},
	}
}

// fieldValues is a value of every type that a field table can hold.
func fieldValues() amqp.Table {
	return amqp.Table{
		"bool": true, "bool false": false,
		"int8": int8(-128), "uint8": uint8(255),
		"int16": int16(math.MinInt16), "uint16": uint16(math.MaxUint16),
		"int32": int32(math.MinInt32), "uint32": uint32(math.MaxUint32),
		"int64": int64(math.MinInt64), "int64 max": int64(math.MaxInt64),
		"float32": float32(0.1), "float64": 0.1, "float64 huge": math.MaxFloat64,
		"decimal": amqp.Decimal{Scale: 2, Value: 314},
		"string":  "text", "string empty": "", "string unicode": "ñ€🐇", "string long": strings.Repeat("x", 70_000),
		"bytes": []byte{0, 255, 10}, "bytes empty": []byte{},
		"time":  time.Unix(1_700_000_000, 0),
		"table": amqp.Table{"deep": amqp.Table{"deeper": int32(1)}, "empty": amqp.Table{}},
		"array": []any{int32(1), "two", []any{true}, amqp.Table{"k": "v"}, nil}, "array empty": []any{},
		"void": nil,
	}
}

func wantFields(t *testing.T, got amqp.Table) {
	t.Helper()
	for key, want := range fieldValues() {
		value, ok := got[key]
		switch w := want.(type) {
		case time.Time:
			if g, _ := value.(time.Time); !g.Equal(w) {
				t.Errorf("%s: got %v, want %v", key, value, want)
			}
		case []any:
			if g, isArray := value.([]any); !isArray || len(g) != len(w) || len(g) > 0 && !reflect.DeepEqual(g, w) {
				t.Errorf("%s: got %#v, want %#v", key, value, want)
			}
		default:
			if !ok || !reflect.DeepEqual(value, want) {
				t.Errorf("%s: got %.100v (%T), want %.100v (%T)", key, value, value, want, want)
			}
		}
	}
}

func testHeaderFields(t *testing.T, b broker) {
	ch := b.channel(t)
	q := ch.queue(nil)
	ch.send("", q, amqp.Publishing{Headers: fieldValues()})
	got := ch.get(q).Headers
	wantFields(t, got)
	if len(got) != len(fieldValues()) {
		t.Errorf("%d headers, want %d", len(got), len(fieldValues()))
	}
}

// testHeaderFieldsRewritten: a dead letter's headers are decoded, added to and
// encoded again.
func testHeaderFieldsRewritten(t *testing.T, b broker) {
	ch := b.channel(t)
	dlx, dead := ch.deadLetterQueue()
	q := ch.queue(amqp.Table{"x-dead-letter-exchange": dlx})
	ch.send("", q, amqp.Publishing{Headers: fieldValues()})
	ch.ok(ch.get(q).Reject(false))
	wantFields(t, ch.deadLetter(dead).Headers)
}

func testProperties(t *testing.T, b broker) {
	ch := b.channel(t)
	q := ch.queue(nil)
	want := amqp.Publishing{
		Headers: amqp.Table{"h": "v"}, ContentType: "application/json", ContentEncoding: "gzip",
		DeliveryMode: amqp.Persistent, Priority: 255, CorrelationId: "correlation", ReplyTo: "reply",
		Expiration: "60000", MessageId: "message", Timestamp: time.Unix(1_700_000_000, 0), Type: "type",
		UserId: "guest", AppId: "app", Body: []byte("body"),
	}
	ch.send("", q, want)
	d := ch.get(q)
	got := amqp.Publishing{
		Headers: d.Headers, ContentType: d.ContentType, ContentEncoding: d.ContentEncoding,
		DeliveryMode: d.DeliveryMode, Priority: d.Priority, CorrelationId: d.CorrelationId, ReplyTo: d.ReplyTo,
		Expiration: d.Expiration, MessageId: d.MessageId, Timestamp: d.Timestamp.Local(), Type: d.Type,
		UserId: d.UserId, AppId: d.AppId, Body: d.Body,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
}

func testNoProperties(t *testing.T, b broker) {
	ch := b.channel(t)
	q := ch.queue(nil)
	ch.send("", q, amqp.Publishing{})
	d := ch.get(q)
	if d.Headers != nil || d.ContentType != "" || d.Priority != 0 || d.MessageId != "" || !d.Timestamp.IsZero() || len(d.Body) != 0 {
		t.Errorf("got %+v", d)
	}
}

func testBodies(t *testing.T, b broker) {
	ch := b.channel(t)
	q := ch.queue(nil)
	ds := ch.consumeWith(q, "", true, nil)
	random := rand.NewChaCha8([32]byte{})
	// around the room for a body in a frame of 131,072 bytes, and well beyond
	for _, size := range []int{0, 1, 131_063, 131_064, 131_065, 262_128, 262_129, 3_000_000} {
		body := make([]byte, size)
		_, _ = random.Read(body)
		ch.send("", q, amqp.Publishing{Body: body})
		if d := next(t, ds); !bytes.Equal(d.Body, body) {
			t.Errorf("a body of %d bytes came back as other %d", size, len(d.Body))
		}
	}
}

func testLongestNames(t *testing.T, b broker) {
	ch := b.channel(t)
	x := ch.exchange("direct", nil)
	long := strings.Repeat("k", 255)
	qname := name("queue")
	qname += strings.Repeat("q", 255-len(qname))
	q, err := ch.QueueDeclare(qname, false, false, true, false, nil)
	ch.ok(err)
	ch.bind(q.Name, long, x, nil)
	ch.publish(x, long, "1")
	if d := ch.get(qname); d.RoutingKey != long {
		t.Errorf("the key came back with %d bytes", len(d.RoutingKey))
	}
	tag := strings.Repeat("t", 255)
	ds := ch.consumeWith(qname, tag, true, nil)
	ch.publish("", qname, "2")
	if d := next(t, ds); d.ConsumerTag != tag {
		t.Errorf("the tag came back with %d bytes", len(d.ConsumerTag))
	}
}

func testNames(t *testing.T, b broker) {
	ch := b.channel(t)
	x := ch.exchange("direct", nil)
	for i, key := range []string{"with space", "ñandú", "tab\tnew\nline", "%s %d", "'quoted' \"twice\"", "a/b?c=d"} {
		q, err := ch.QueueDeclare(name(key), false, false, true, false, nil)
		ch.ok(err)
		ch.bind(q.Name, key, x, nil)
		ch.publish(x, key, fmt.Sprint(i))
		ch.wantDrained(q.Name, fmt.Sprint(i))
	}
}

func testManyHeaders(t *testing.T, b broker) {
	ch := b.channel(t)
	q := ch.queue(nil)
	headers := amqp.Table{}
	for i := range 1000 {
		headers[fmt.Sprintf("key-%d", i)] = int32(i)
	}
	ch.send("", q, amqp.Publishing{Headers: headers})
	if got := ch.get(q).Headers; !reflect.DeepEqual(got, headers) {
		t.Errorf("%d headers came back, or other ones", len(got))
	}
}
