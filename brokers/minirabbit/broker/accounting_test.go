package broker

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestTotalsAddUp does anything a client can do with two queues, one the
// other's dead-letter queue, and checks the totals: no message is
// lost or doubled, and the memory that is counted is what is there.
func TestTotalsAddUp(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		b := New(Options{})
		defer b.Close()
		c := b.client(t)
		c.queue("a", arg("x-dead-letter-exchange", ""), arg("x-dead-letter-routing-key", "b"))
		c.queue("b")
		k := &books{client: c, broker: b}
		rt.Repeat(map[string]func(*rapid.T){
			"publish": k.publishOne,
			"consume": k.subscribe,
			"cancel":  k.unsubscribe,
			"get":     k.fetch,
			"ack":     func(rt *rapid.T) { k.done += k.settle(rt, c.Ack) },
			"requeue": func(rt *rapid.T) {
				k.settle(rt, func(tag uint64, multiple bool) error { return c.Nack(tag, multiple, true) })
			},
			"reject": k.rejectFirst,
			"purge":  k.purge,
			"":       k.balance,
		})
		c.conn.Close()
		for _, q := range []string{"a", "b"} {
			_, err := b.vhosts["/"].deleteNamed(q, false, false, nil)
			c.ok(err)
		}
		if n := b.memory.used.Load(); n != 0 {
			rt.Fatalf("%d bytes of nothing", n)
		}
	})
}

// books are what a client did.
type books struct {
	client          *client
	broker          *Broker
	published, done int
	tags            []string // of its consumers
	held            []holding
}

// A holding is a delivery that is not settled.
type holding struct {
	tag    uint64
	mayDie bool // it comes from b, so rejecting it ends it
}

func anyQueue(rt *rapid.T) string { return rapid.SampledFrom([]string{"a", "b"}).Draw(rt, "queue") }

func (k *books) publishOne(rt *rapid.T) {
	k.published++
	k.client.publish(anyQueue(rt), fmt.Sprint(k.published))
}

func (k *books) subscribe(rt *rapid.T) {
	k.client.ok(k.client.Qos(0, rapid.IntRange(0, 3).Draw(rt, "prefetch"), rapid.Bool().Draw(rt, "global")))
	k.tags = append(k.tags, k.client.consume(anyQueue(rt)))
}

func (k *books) unsubscribe(*rapid.T) {
	if len(k.tags) > 0 {
		k.client.Cancel(k.tags[0])
		k.tags = k.tags[1:]
	}
}

func (k *books) fetch(rt *rapid.T) {
	d, ok, err := k.client.Get(anyQueue(rt), false)
	k.client.ok(err)
	k.collect()
	if ok {
		k.hold(d.Tag, d.Message)
	}
}

// collect takes note of what was delivered.
func (k *books) collect() {
	k.client.mu.Lock()
	defer k.client.mu.Unlock()
	for _, a := range k.client.got {
		k.hold(a.tag, a.message)
	}
	k.client.got = nil
}

func (k *books) hold(tag uint64, m *Message) {
	k.held = append(k.held, holding{tag, m.RoutingKey == "b"})
	slices.SortFunc(k.held, func(x, y holding) int { return int(x.tag) - int(y.tag) })
}

// settle settles one delivery or all up to it and returns how many.
func (k *books) settle(rt *rapid.T, how func(tag uint64, multiple bool) error) int {
	k.collect()
	if len(k.held) == 0 {
		return 0
	}
	i := rapid.IntRange(0, len(k.held)-1).Draw(rt, "which")
	tag := k.held[i].tag
	if rapid.Bool().Draw(rt, "multiple") {
		k.held = slices.Delete(k.held, 0, i+1)
		k.client.ok(how(tag, true))
		return i + 1
	}
	k.held = slices.Delete(k.held, i, i+1)
	k.client.ok(how(tag, false))
	return 1
}

// rejectFirst drops the oldest delivery: one from a goes on to b.
func (k *books) rejectFirst(rt *rapid.T) {
	k.collect()
	if len(k.held) == 0 {
		return
	}
	first := k.held[0]
	k.held = k.held[1:]
	k.client.ok(k.client.Nack(first.tag, false, false))
	if first.mayDie {
		k.done++
	}
}

func (k *books) purge(rt *rapid.T) {
	n, err := k.client.PurgeQueue(anyQueue(rt))
	k.client.ok(err)
	k.done += n
}

func (k *books) balance(rt *rapid.T) {
	k.collect()
	s := k.broker.Snapshot()
	there, unacked := 0, 0
	var bytes int64
	for _, q := range s.Queues {
		there += q.Ready + q.Unacked
		unacked += q.Unacked
		bytes += q.Bytes
	}
	if there+k.done != k.published {
		rt.Fatalf("%d there and %d done of %d", there, k.done, k.published)
	}
	if unacked != len(k.held) {
		rt.Fatalf("%d unacknowledged, the client holds %d", unacked, len(k.held))
	}
	if bytes != s.Bytes || (there == 0) != (bytes == 0) {
		rt.Fatalf("%d messages in %d bytes, %d in all", there, bytes, s.Bytes)
	}
}
