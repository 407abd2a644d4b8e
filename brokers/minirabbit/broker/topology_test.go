package broker

import (
	"errors"
	"strings"
	"testing"

	"resilab/brokers/minirabbit/codec"
)

func TestExchangesOfExchanges(t *testing.T) {
	c := newBroker(t, Options{}).client(t)
	c.queue("q")
	c.queue("lost")
	c.fanout("inner", "q", "q")
	c.fanout("unrouted", "lost")
	c.ok(c.DeclareExchange(ExchangeSpec{
		Name: "outer", Type: "topic", Arguments: codec.Table{arg("alternate-exchange", "unrouted")},
	}))
	for _, key := range []string{"a.#", "#.b"} { // both match, one copy comes
		c.ok(c.Bind(BindSpec{Source: "outer", Destination: "inner", ToExchange: true, Key: key}))
	}
	c.ok(c.Bind(BindSpec{Source: "inner", Destination: "outer", ToExchange: true})) // a circle
	c.consume("q")
	c.consume("lost")
	for _, key := range []string{"a.b", "z"} {
		_, err := c.Publish(c.message("outer", key, key, codec.Properties{}), false)
		c.ok(err)
	}
	c.wants("a.b z")
}

func TestAutoDelete(t *testing.T) {
	b := newBroker(t, Options{})
	c := b.client(t)
	c.ok(c.DeclareExchange(ExchangeSpec{Name: "x", Type: "direct", AutoDelete: true}))
	_, err := c.DeclareQueue(QueueSpec{Name: "q", AutoDelete: true})
	c.ok(err)
	c.ok(c.Bind(BindSpec{Source: "x", Destination: "q", Key: "k"}))
	one, two := c.consume("q"), c.consume("q")
	c.Cancel(one)
	c.ok(c.FindExchange("x"))
	c.Cancel(two)
	var refusal *Error
	if _, err := c.FindQueue("q"); !errors.As(err, &refusal) || refusal.Code != NotFound {
		t.Errorf("the queue: %v", err)
	}
	if err := c.FindExchange("x"); !errors.As(err, &refusal) || refusal.Code != NotFound {
		t.Errorf("the exchange: %v", err)
	}
}

func TestExclusiveQueuesGoWithTheirConnection(t *testing.T) {
	b := newBroker(t, Options{})
	owner, other := b.client(t), b.client(t)
	info, err := owner.DeclareQueue(QueueSpec{Exclusive: true})
	owner.ok(err)
	var refusal *Error
	if _, err := other.FindQueue(info.Name); !errors.As(err, &refusal) || refusal.Code != ResourceLocked {
		t.Errorf("another connection: %v", err)
	}
	owner.conn.Close()
	if n := len(b.Snapshot().Queues); n != 0 {
		t.Errorf("%d queues are left", n)
	}
}

func TestDeletingTellsConsumers(t *testing.T) {
	b := newBroker(t, Options{})
	c, other := b.client(t), b.client(t)
	c.queue("q")
	tag := c.consume("q")
	c.publish("q", "a")
	_, err := other.DeleteQueue("q", false, false)
	c.ok(err)
	if len(c.cancelled) != 1 || c.cancelled[0] != tag {
		t.Errorf("cancelled %v", c.cancelled)
	}
	c.ok(c.Ack(1, false)) // what it holds may still be settled
	if n := b.Snapshot().Bytes; n != 0 {
		t.Errorf("%d bytes are left", n)
	}
}

func TestVHosts(t *testing.T) {
	b := newBroker(t, Options{VHosts: []string{"/", "one"}})
	one, err := b.Connect("one", "guest")
	if err != nil {
		t.Fatal(err)
	}
	ch := one.OpenChannel(&client{t: t})
	if _, err := ch.DeclareQueue(QueueSpec{Name: "q"}); err != nil {
		t.Fatal(err)
	}
	c := b.client(t)
	if _, err := c.FindQueue("q"); err == nil {
		t.Error("a queue shows in another virtual host")
	}
	for _, name := range []string{"two", ""} {
		var refusal *Error
		if _, err := b.Connect(name, "guest"); !errors.As(err, &refusal) || refusal.Code != NotAllowed {
			t.Errorf("virtual host %q: %v, want code 530", name, err)
		}
	}
	if _, err := newBroker(t, Options{}).Connect("one", "guest"); err == nil {
		t.Error("a virtual host that was not asked for exists")
	}
}

func TestTransactions(t *testing.T) {
	b := newBroker(t, Options{})
	c, other := b.client(t), b.client(t)
	c.queue("q")
	other.publish("q", "1", "2")
	c.ok(c.SelectTx())
	c.consume("q")
	c.wants("1 2")
	c.ok(c.Ack(1, false))
	c.publish("q", "3")
	c.ok(c.Rollback())
	if n := c.waiting("q"); n != 0 {
		t.Errorf("%d wait after the rollback", n)
	}
	c.ok(c.Ack(2, true)) // both: the rollback undid the ack
	c.publish("q", "4")
	_, err := c.Publish(c.message("", "nowhere", "5", codec.Properties{}), true)
	c.ok(err)
	var returned []string
	_, err = c.Commit(func(m *Message) { returned = append(returned, string(m.Body)) })
	c.ok(err)
	c.wants("4")
	if len(returned) != 1 || returned[0] != "5" {
		t.Errorf("returned %v", returned)
	}
	c.ok(c.Ack(3, false)) // and never commits
	c.conn.Close()
	if n := other.waiting("q"); n != 1 {
		t.Errorf("%d wait after the connection closed", n)
	}
}

func TestSnapshot(t *testing.T) {
	b := newBroker(t, Options{})
	c := b.client(t)
	c.queue("q")
	c.fanout("x", "q")
	c.ok(c.Qos(0, 2, false))
	tag := c.consume("q")
	c.numbered("q", 1, 5)
	c.ok(c.Ack(1, false))
	s := b.Snapshot()
	q, ok := s.Queue("q")
	if !ok || q.Ready != 2 || q.Unacked != 2 || q.Counts != (QueueCounts{Published: 5, Delivered: 3, Acked: 1}) {
		t.Errorf("queue %+v", q)
	}
	if len(q.Consumers) != 1 || q.Consumers[0] != (ConsumerState{Tag: tag, Active: true, Prefetch: 2, InFlight: 2}) {
		t.Errorf("consumers %+v", q.Consumers)
	}
	if len(s.Bindings) != 1 || s.Bindings[0].Source != "x" || s.Bindings[0].Destination != "q" {
		t.Errorf("bindings %+v", s.Bindings)
	}
	if _, ok := s.Queue("none"); ok {
		t.Error("a queue that does not exist")
	}
}

// TestTransactionIsBounded: what waits for a commit counts as the broker's memory,
// and is refused where there is no more.
func TestTransactionIsBounded(t *testing.T) {
	b := newBroker(t, Options{MemoryLimitBytes: 100_000})
	c := b.client(t)
	c.queue("q")
	c.ok(c.SelectTx())
	body := strings.Repeat("x", 10_000)
	taken := 0
	for ; taken < 100; taken++ {
		_, err := c.Publish(c.message("", "q", body, codec.Properties{}), false)
		if e, ok := err.(*Error); ok && e.Code == ResourceError && e.Hard {
			break
		}
		c.ok(err)
	}
	if taken > 10 {
		t.Errorf("%d messages of 10 kB in 100 kB", taken)
	}
	c.ok(c.Rollback())
	if used := b.memory.used.Load(); used != 0 {
		t.Errorf("%d bytes are left after the rollback", used)
	}
	c.publish("q", "1")
	c.Channel.Close()
	if used := b.memory.used.Load(); used != 0 {
		t.Errorf("%d bytes are left after the channel", used)
	}
}
