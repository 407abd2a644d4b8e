package minirabbit

import (
	"net"
	"strings"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

func TestCutBreaksOnlyTheNamed(t *testing.T) {
	s := run(t, Options{})
	victim, other := s.dial(t, "victim"), s.dial(t, "other")
	if n := s.Cut("victim"); n != 1 {
		t.Errorf("cut %d", n)
	}
	if err := receive(t, victim.closed, "the end"); err == nil || err.Code == amqp.ConnectionForced {
		t.Errorf("the client received %v, want a broken connection", err)
	}
	other.queue("q", nil)
	if n := s.CutAll(); n < 1 {
		t.Errorf("cut %d of all", n)
	}
	receive(t, other.closed, "the end")
	becomes(t, "no connections", func() bool { return len(s.Snapshot().Connections) == 0 })
}

func TestKickSendsTheReason(t *testing.T) {
	s := run(t, Options{})
	p := s.dial(t, "victim")
	if n := s.Kick("missing", ""); n != 0 {
		t.Errorf("kicked %d", n)
	}
	s.Kick("victim", "Closed via management plugin")
	err := receive(t, p.closed, "the end")
	if err == nil || err.Code != amqp.ConnectionForced || err.Reason != "CONNECTION_FORCED - Closed via management plugin" {
		t.Errorf("the client received %v", err)
	}
}

func TestCancelConsumers(t *testing.T) {
	s := run(t, Options{})
	p := s.dial(t, "")
	cancelled := p.NotifyCancel(make(chan string, 2))
	p.queue("q", nil)
	ds := p.consume("q", false)
	p.publish("q", "held")
	d := receive(t, ds, "a delivery")
	if n := s.CancelConsumers("q"); n != 1 {
		t.Errorf("cancelled %d", n)
	}
	receive(t, cancelled, "basic.cancel")
	if _, open := <-ds; open {
		t.Error("another delivery")
	}
	p.ok(d.Ack(false)) // what it holds is still its own
	p.publish("q", "waits")
	becomes(t, "one message waits", func() bool { return s.ready("q") == 1 })
	if n := s.CancelConsumers("no such queue"); n != 0 {
		t.Errorf("cancelled %d", n)
	}
}

func TestBlockHoldsPublishers(t *testing.T) {
	s := run(t, Options{})
	publisher, consumer := s.dial(t, "publisher"), s.dial(t, "consumer")
	notices := publisher.conn.NotifyBlocked(make(chan amqp.Blocking, 4))
	consumer.queue("q", nil)
	ds := consumer.consume("q", true)
	publisher.publish("q", "before")
	receive(t, ds, "the first")
	s.Block("low on disk")
	s.Block("again") // changes nothing
	if b := receive(t, notices, "a notice"); !b.Active || b.Reason != "low on disk" {
		t.Errorf("notice %+v", b)
	}
	publisher.publish("q", "during")
	late := s.dial(t, "late")
	late.publish("q", "late") // is held at its first publish
	becomes(t, "two are held", func() bool {
		n := 0
		for _, c := range s.Snapshot().Connections {
			if c.Blocked {
				n++
			}
		}
		return n == 2
	})
	consumer.queue("another", nil) // only publishers are held
	select {
	case d := <-ds:
		t.Errorf("%q came through", d.Body)
	case <-time.After(20 * time.Millisecond):
	}
	s.Unblock()
	s.Unblock()
	if b := receive(t, notices, "a notice"); b.Active {
		t.Errorf("notice %+v", b)
	}
	receive(t, ds, "one held message")
	receive(t, ds, "the other held message")
}

func TestCloseReachesHeldPublishers(t *testing.T) {
	s := run(t, Options{})
	p := s.dial(t, "held")
	s.Block("until the end")
	p.publish("q", "never")
	becomes(t, "held", func() bool { c := s.Snapshot().Connections; return len(c) == 1 && c[0].Blocked })
	s.Close()
	if err := receive(t, p.closed, "the end"); err == nil || err.Code != amqp.ConnectionForced {
		t.Errorf("the client received %v", err)
	}
}

func TestFullQueueHoldsItsPublisher(t *testing.T) {
	const limit = 1 << 20
	s := run(t, Options{QueueLimitBytes: limit})
	publisher, consumer := s.dial(t, "publisher"), s.dial(t, "consumer")
	notices := publisher.conn.NotifyBlocked(make(chan amqp.Blocking, 1))
	publisher.queue("q", nil)
	const messages = 4000
	body := strings.Repeat("x", 1000)
	done := make(chan error, 1)
	go func() {
		for range messages {
			if err := publisher.PublishWithContext(t.Context(), "", "q", false, false, amqp.Publishing{Body: []byte(body)}); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	if b := receive(t, notices, "a notice"); !b.Active || b.Reason != "low on memory" {
		t.Errorf("notice %+v", b)
	}
	if bytes := s.Snapshot().Bytes; bytes > limit+4096 {
		t.Errorf("%d bytes are kept, the limit is %d", bytes, limit)
	}
	consumer.ok(consumer.Qos(100, 0, false))
	ds := consumer.consume("q", false)
	go func() { // notices come and go while the queue drains
		for range notices {
		}
	}()
	for range messages {
		consumer.ok(receive(t, ds, "a message").Ack(false))
	}
	publisher.ok(receive(t, done, "the publisher's end"))
}

// TestClientThatDoesNotReadCostsLittle: deliveries to a client that does not
// read stay in their queue, and others' connections go on.
func TestClientThatDoesNotReadCostsLittle(t *testing.T) {
	s := run(t, Options{})
	publisher := s.dial(t, "publisher")
	publisher.queue("q", nil)
	slow := rawDial(t, s.Addr())
	slow.open()
	slow.consumeNoAck("q")
	body := strings.Repeat("x", 100_000)
	for range 300 { // more than sockets hold
		publisher.publish("q", body)
	}
	becomes(t, "most of them wait", func() bool { return s.ready("q") > 100 })
	reader := s.dial(t, "reader")
	reader.publish("other", "x")
	go slow.readAll() // the messages arrive once the client reads
	becomes(t, "none waits", func() bool { return s.ready("q") == 0 })
}

func TestRestart(t *testing.T) {
	s := run(t, Options{})
	p := s.dial(t, "")
	p.queue("durable", nil)
	_, err := p.QueueDeclare("transient", false, false, false, false, nil)
	p.ok(err)
	p.publish("durable", "kept")
	p.publish("transient", "lost")
	becomes(t, "both wait", func() bool { return s.ready("durable")+s.ready("transient") == 2 })
	addr := s.Addr()
	if err := s.Restart(); err != nil {
		t.Fatal(err)
	}
	if err := receive(t, p.closed, "the end"); err == nil || err.Code != amqp.ConnectionForced {
		t.Errorf("the client received %v", err)
	}
	if s.Addr() != addr {
		t.Errorf("came back at %s, not %s", s.Addr(), addr)
	}
	p = s.dial(t, "")
	if d := receive(t, p.consume("durable", true), "the message"); string(d.Body) != "kept" {
		t.Errorf("got %q", d.Body)
	}
	if n := len(s.Snapshot().Queues); n != 1 {
		t.Errorf("%d queues", n)
	}
	s.Close()
	if err := s.Restart(); err == nil {
		t.Error("a closed server restarted")
	}
}

func TestCloseIsIdempotentAndReleasesTheAddress(t *testing.T) {
	s, err := Run(Options{})
	if err != nil {
		t.Fatal(err)
	}
	p := s.dial(t, "")
	for range 3 {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	receive(t, p.closed, "the end")
	l, err := net.Listen("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if _, err := Run(Options{Addr: "256.0.0.1:1"}); err == nil {
		t.Error("listens nowhere")
	}
}

// TestThousandConnectionsLeaveNothing opens many connections that hold
// something and breaks them in different ways.
func TestThousandConnectionsLeaveNothing(t *testing.T) {
	s := run(t, Options{})
	keeper := s.dial(t, "keeper")
	keeper.queue("shared", nil)
	for range 10 {
		var raws []*rawClient
		for range 100 {
			r := rawDial(t, s.Addr())
			r.open()
			r.declareExclusive()
			r.consumeNoAck("shared")
			raws = append(raws, r)
		}
		for i, r := range raws {
			switch i % 3 {
			case 0:
				r.conn.Close()
			case 1:
				_ = r.conn.(*net.TCPConn).SetLinger(0)
				r.conn.Close()
			case 2:
				r.send([]byte("nonsense, not a frame"))
				r.conn.Close()
			}
		}
	}
	becomes(t, "only the keeper is left", func() bool { return len(s.Snapshot().Connections) == 1 })
	becomes(t, "only its queue is left", func() bool {
		shot := s.Snapshot()
		return len(shot.Queues) == 1 && len(shot.Queues[0].Consumers) == 0 && shot.Bytes == 0
	})
}
