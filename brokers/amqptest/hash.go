package amqptest

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"resilab/brokers/minirabbit/chash"
	"resilab/brokers/minirabbit/codec"
)

func hashTests() []test {
	return []test{
		{"placement", testPlacement},
		{"weights", testHashWeights},
		{"header", testHashHeader},
		{"property", testHashProperty},
		{"arguments of other types", testHashArguments},
		{"second binding", testHashSecondBinding},
		{"a deleted queue leaves", testHashDeletedQueue},
		{"nothing bound", testHashNothingBound},
		{"to exchanges", testHashToExchanges},
	}
}

// lanes is a consistent-hash exchange with queues, beside a ring that is changed
// along with it.
type lanes struct {
	*channel
	exchange string
	ring     chash.Ring
	queues   []string
	index    map[string]int // of the queues, by their names
	arrived  <-chan amqp.Delivery
}

// lanes declares the exchange and n queues, bound to nothing yet.
func (b broker) lanes(t *testing.T, n int, args amqp.Table) *lanes {
	t.Helper()
	l := &lanes{channel: b.channel(t), index: map[string]int{}}
	l.exchange = l.channel.exchange("x-consistent-hash", args)
	// Consumers on another connection keep the queues short.
	consumer := b.channel(t)
	for i := range n {
		q := l.sharedQueue(nil)
		l.queues = append(l.queues, q)
		l.index[q] = i
	}
	l.arrived = merge(consumer, l.queues)
	return l
}

// merge consumes from all queues, with their names as consumer tags.
func merge(ch *channel, queues []string) <-chan amqp.Delivery {
	ch.t.Helper()
	all, ended := make(chan amqp.Delivery, 1000), make(chan struct{})
	var wg sync.WaitGroup
	ch.t.Cleanup(func() { close(ended); ch.Close(); wg.Wait() })
	for _, q := range queues {
		ds := ch.consumeWith(q, q, true, nil)
		wg.Go(func() {
			for d := range ds {
				select {
				case all <- d:
				case <-ended:
				}
			}
		})
	}
	return all
}

func (l *lanes) bindLane(i, weight int) {
	l.t.Helper()
	l.bind(l.queues[i], strconv.Itoa(weight), l.exchange, nil)
	l.ring.Bind(l.queues[i], weight)
}

func (l *lanes) unbindLane(i, weight int) {
	l.t.Helper()
	l.ok(l.QueueUnbind(l.queues[i], strconv.Itoa(weight), l.exchange, nil))
	l.ring.Unbind(l.queues[i])
}

// check publishes n messages and compares the queue of each one with the ring's.
// The message function returns the i-th message and its hash.
func (l *lanes) check(n int, message func(i int) (key string, msg amqp.Publishing, hash uint32)) {
	l.t.Helper()
	want := make([]string, n)
	published := make(chan error, 1)
	go func() {
		for i := range n {
			key, msg, hash := message(i)
			want[i], _ = l.ring.Route(hash)
			msg.Body = binary.BigEndian.AppendUint32(nil, uint32(i))
			if err := l.Publish(l.exchange, key, false, false, msg); err != nil {
				published <- err
				return
			}
		}
		published <- nil
	}()
	got := make([]string, n)
	for range n {
		d := next(l.t, l.arrived)
		got[binary.BigEndian.Uint32(d.Body)] = d.ConsumerTag
	}
	l.ok(<-published)
	for i := range n {
		if got[i] != want[i] {
			key, _, hash := message(i)
			l.t.Fatalf("message %d (key %q, hash %d) went to queue %d, want %d", i, key, hash, l.index[got[i]], l.index[want[i]])
		}
	}
}

// byKey is a message whose routing key is hashed.
func byKey(i int) (string, amqp.Publishing, uint32) {
	key := "user-" + strconv.Itoa(i)
	return key, amqp.Publishing{}, chash.Hash(key)
}

// testPlacement: 5,000 keys are routed as the ring computes, for rings of several shapes.
func testPlacement(t *testing.T, b broker) {
	const keys = 5_000
	l := b.lanes(t, 16, nil)
	bound := 0
	for _, n := range []int{1, 2, 3, 5, 8, 16} {
		for ; bound < n; bound++ {
			l.bindLane(bound, 1)
		}
		l.check(keys, byKey)
	}
	l.unbindLane(3, 1)
	l.check(keys, byKey)
	l.bindLane(3, 1) // now it is the last one
	l.check(keys, byKey)
}

func testHashWeights(t *testing.T, b broker) {
	const keys = 5_000
	l := b.lanes(t, 5, nil)
	for i, weight := range []int{3, 1, 10, 2, 7} {
		l.bindLane(i, weight)
	}
	l.check(keys, byKey)
	l.unbindLane(2, 10)
	l.check(keys, byKey)
	l.bindLane(2, 4)
	l.check(keys, byKey)
	for key, reason := range map[string]string{
		"0": "greater than 0", "-1": "greater than 0", "-0": "greater than 0",
		"": `an integer: <<>>`, "1.5": `an integer: <<"1.5">>`, " 1": `an integer: <<" 1">>`,
		"abc": `an integer: <<"abc">>`, "1 ": `an integer: <<"1 ">>`, "--1": `an integer: <<"--1">>`,
		"ñ": `an integer: <<"ñ">>`, "€": "an integer: <<226,130,172>>", "\x1b": `an integer: <<"\e">>`,
		"日本日本": "an integer: <<230,151,165,230,156,172,230,151,165,230,\n" + strings.Repeat(" ", 38) + "156,172>>",
	} {
		ch := l.conn.channel()
		err := ch.QueueBind(l.queues[0], key, l.exchange, false, nil)
		wantError(t, err, amqp.PreconditionFailed, "PRECONDITION_FAILED - The binding key must be "+reason)
	}
	other := b.lanes(t, 2, nil)
	for i, key := range []string{"+3", "007"} {
		weight, err := chash.ParseWeight(key, chash.MaxWeight)
		other.ok(err)
		other.bind(other.queues[i], key, other.exchange, nil)
		other.ring.Bind(other.queues[i], weight)
	}
	other.check(1000, byKey)
}

func testHashHeader(t *testing.T, b broker) {
	l := b.lanes(t, 5, amqp.Table{"hash-header": "order"})
	for i := range 5 {
		l.bindLane(i, i+1)
	}
	l.check(1000, func(i int) (string, amqp.Publishing, uint32) {
		v := "order-" + strconv.Itoa(i)
		return "same", amqp.Publishing{Headers: amqp.Table{"order": v}}, chash.HashTuple(v)
	})
	l.check(50, func(i int) (string, amqp.Publishing, uint32) { // the key means nothing
		return fmt.Sprint(i), amqp.Publishing{Headers: amqp.Table{"other": "x"}}, chash.HashUndefined
	})
	l.check(50, func(i int) (string, amqp.Publishing, uint32) {
		return fmt.Sprint(i), amqp.Publishing{}, chash.HashUndefined
	})
	values := []any{
		true, false, int8(-5), uint8(200), int16(-300), uint16(60000), int32(-1 << 30), uint32(1 << 31),
		int64(5), int64(1 << 40), int64(-1 << 40), float32(0.5), 0.1, []byte("bytes"), nil, "", time.Unix(1_700_000_000, 0),
		amqp.Decimal{Scale: 2, Value: 314}, amqp.Decimal{Scale: 255, Value: -1}, amqp.Table{}, []any{},
		amqp.Table{"one": int32(7)}, amqp.Table{"nested": amqp.Table{"a": []any{"x", true}}}, []any{"a", int8(1), nil, []any{}},
	}
	l.check(len(values)*5, func(i int) (string, amqp.Publishing, uint32) {
		v := values[i%len(values)]
		return "", amqp.Publishing{Headers: amqp.Table{"order": v}}, chash.HashField(asField(v))
	})
	l.check(180, func(i int) (string, amqp.Publishing, uint32) {
		v := []any{int32(i), "item"}
		return "", amqp.Publishing{Headers: amqp.Table{"order": v}}, chash.HashField(asField(v))
	})
	l.check(1000, func(i int) (string, amqp.Publishing, uint32) {
		v := int32(i * 1000)
		return "", amqp.Publishing{Headers: amqp.Table{"order": v}}, chash.HashField(v)
	})
}

// asField converts a header value of amqp091-go to one of minirabbit's. A table
// must not have more than one field: amqp091-go sends them in any order.
func asField(value any) any {
	switch v := value.(type) {
	case amqp.Decimal:
		return codec.Decimal{Scale: v.Scale, Value: v.Value}
	case []any:
		a := codec.Array{}
		for _, element := range v {
			a = append(a, asField(element))
		}
		return a
	case amqp.Table:
		var t codec.Table
		for name, element := range v {
			t = append(t, codec.Field{Name: name, Value: asField(element)})
		}
		return t
	}
	return value
}

// testHashArguments: an argument that is not a string makes RabbitMQ's plugin crash.
func testHashArguments(t *testing.T, b broker) {
	for _, args := range []amqp.Table{
		{"hash-header": int32(5)}, {"hash-header": true}, {"hash-header": nil}, {"hash-header": amqp.Table{}},
		{"hash-property": int32(5)}, {"hash-property": []byte("message_id")},
		{"hash-header": "h", "hash-property": int32(5)},
	} {
		c := b.connect(t)
		err := c.channel().ExchangeDeclare(name("hash"), "x-consistent-hash", false, true, false, false, args)
		wantError(t, err, amqp.InternalError, "INTERNAL_ERROR")
		c.wantClosed(amqp.InternalError, "INTERNAL_ERROR")
	}
}

func testHashProperty(t *testing.T, b broker) {
	for property, set := range map[string]func(*amqp.Publishing, int) string{
		"message_id": func(m *amqp.Publishing, i int) string {
			m.MessageId = "id-" + strconv.Itoa(i)
			return m.MessageId
		},
		"correlation_id": func(m *amqp.Publishing, i int) string {
			m.CorrelationId = "c-" + strconv.Itoa(i)
			return m.CorrelationId
		},
		"timestamp": func(m *amqp.Publishing, i int) string {
			m.Timestamp = time.Unix(int64(1_700_000_000+i), 0)
			return strconv.Itoa(1_700_000_000 + i)
		},
	} {
		l := b.lanes(t, 5, amqp.Table{"hash-property": property})
		for i := range 5 {
			l.bindLane(i, 1)
		}
		l.check(500, func(i int) (string, amqp.Publishing, uint32) {
			var m amqp.Publishing
			v := set(&m, i)
			return "same", m, chash.Hash(v)
		})
		l.check(20, func(i int) (string, amqp.Publishing, uint32) {
			return fmt.Sprint(i), amqp.Publishing{}, chash.HashUndefined
		})
	}
}

// testHashSecondBinding: a queue that has buckets ignores a second binding, but
// loses them all with it.
func testHashSecondBinding(t *testing.T, b broker) {
	l := b.lanes(t, 3, nil)
	for i := range 3 {
		l.bindLane(i, 2)
	}
	l.bindLane(1, 5)
	l.bindLane(1, 2)
	l.check(1000, byKey)
	l.unbindLane(1, 5)
	l.check(1000, byKey)
	l.unbindLane(1, 2) // there was nothing left to remove
	l.check(1000, byKey)
	l.unbindLane(0, 9) // never bound with this key: nothing happens to the exchange
	l.ring = chash.Ring{}
	l.ring.Bind(l.queues[0], 2)
	l.ring.Bind(l.queues[2], 2)
	l.check(1000, byKey)
}

func testHashDeletedQueue(t *testing.T, b broker) {
	l := b.lanes(t, 4, nil)
	for i := range 4 {
		l.bindLane(i, 1)
	}
	_, err := l.QueueDelete(l.queues[1], false, false, false)
	l.ok(err)
	l.ring.Unbind(l.queues[1])
	l.check(1000, byKey)
}

func testHashNothingBound(t *testing.T, b broker) {
	ch := b.connect(t).confirms()
	x := ch.exchange("x-consistent-hash", nil)
	if r := ch.mandatory(x, "k", amqp.Publishing{}); r == nil || r.ReplyCode != amqp.NoRoute {
		t.Errorf("returned %v, want code %d", r, amqp.NoRoute)
	}
	q := ch.bound(x, "1")
	if r := ch.mandatory(x, "k", amqp.Publishing{}); r != nil {
		t.Error("returned, though a queue is bound")
	}
	ch.ok(ch.QueueUnbind(q, "1", x, nil))
	if r := ch.mandatory(x, "k", amqp.Publishing{}); r == nil {
		t.Error("the last queue is gone, and nothing was returned")
	}
}

func testHashToExchanges(t *testing.T, b broker) {
	ch := b.channel(t)
	x := ch.exchange("x-consistent-hash", nil)
	var ring chash.Ring
	behind := map[string]string{} // the queue behind each exchange
	for i := range 3 {
		y := ch.exchange("fanout", nil)
		behind[y] = ch.bound(y, "")
		ch.ok(ch.ExchangeBind(y, strconv.Itoa(i+1), x, false, nil))
		ring.Bind(y, i+1)
	}
	for i := range 200 {
		key, _, hash := byKey(i)
		ch.publish(x, key, key)
		y, _ := ring.Route(hash)
		ch.wantDrained(behind[y], key)
	}
}
