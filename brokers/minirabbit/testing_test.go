package minirabbit

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"resilab/brokers/minirabbit/broker"
)

// fakeTB records what RunT does with a test.
type fakeTB struct {
	cleanups []func()
	logged   []string
	failed   string
}

func (f *fakeTB) Helper()           {}
func (f *fakeTB) Cleanup(do func()) { f.cleanups = append(f.cleanups, do) }
func (f *fakeTB) Logf(format string, a ...any) {
	f.logged = append(f.logged, fmt.Sprintf(format, a...))
}
func (f *fakeTB) Fatalf(format string, a ...any) {
	f.failed = fmt.Sprintf(format, a...)
	panic(f)
}

func TestRunT(t *testing.T) {
	var tb fakeTB
	s := RunT(&tb, Options{})
	p := s.dial(t, "named")
	closed := p.NotifyClose(make(chan *amqp.Error, 1))
	p.publish("x", "")
	p.ok(p.PublishWithContext(t.Context(), "missing", "", false, false, amqp.Publishing{}))
	receive(t, closed, "the end of the channel")
	for _, do := range tb.cleanups {
		do()
	}
	if _, err := amqp.Dial(s.URL()); err == nil {
		t.Error("the server runs after the end of the test")
	}
	if log := strings.Join(tb.logged, "\n"); !strings.Contains(log, "no exchange 'missing'") || !strings.Contains(log, "name=named") {
		t.Errorf("logged %s", log)
	}
	defer func() {
		if _, ok := recover().(*fakeTB); !ok || !strings.Contains(tb.failed, "256.0.0.1") {
			t.Errorf("failed with %q, want the address", tb.failed)
		}
	}()
	RunT(&tb, Options{Addr: "256.0.0.1:1"})
}

func TestPublishErrors(t *testing.T) {
	s := RunT(t, Options{})
	if err := s.Publish("", "missing", nil); err == nil || !strings.Contains(err.Error(), "no queue accepted") {
		t.Errorf("to a missing queue: %v", err)
	}
	var refusal *broker.Error
	if err := s.Publish("missing", "", nil); !errors.As(err, &refusal) || refusal.Code != broker.NotFound {
		t.Errorf("to a missing exchange: %v", err)
	}
}

func TestQueueView(t *testing.T) {
	s := RunT(t, Options{})
	if _, ok := s.Queue("q").State(); ok || s.Queue("q").Messages() != nil {
		t.Error("a queue that does not exist has a state")
	}
	if err := s.Queue("q").WaitForAcks(t.Context(), 1); err == nil {
		t.Error("waited for a queue that does not exist")
	}
	p := s.dial(t, "")
	p.queue("q", amqp.Table{"x-max-priority": 1})
	for i, priority := range []uint8{0, 0, 1} {
		p.ok(p.PublishWithContext(t.Context(), "", "q", false, false, amqp.Publishing{
			Body: fmt.Append(nil, i), Priority: priority, Headers: amqp.Table{"n": int32(i)},
		}))
	}
	becomes(t, "three are ready", func() bool { return s.ready("q") == 3 })
	d, _, err := p.Get("q", false)
	p.ok(err)
	p.ok(d.Nack(false, true))
	var got []string
	becomes(t, "three are ready again", func() bool { return s.ready("q") == 3 })
	for _, m := range s.Queue("q").Messages() {
		n, _ := m.Headers.Get("n")
		got = append(got, fmt.Sprintf("%s %v %v", m.Body, n, m.Redelivered))
	}
	if want := "2 2 true, 0 0 false, 1 1 false"; strings.Join(got, ", ") != want {
		t.Errorf("got %s, want %s", strings.Join(got, ", "), want)
	}
	short, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if err := s.Queue("q").WaitForAcks(short, 1); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v before the ack", err)
	}
	ds := p.consume("q", false)
	p.ok(receive(t, ds, "a delivery").Ack(false))
	p.ok(receive(t, ds, "a delivery").Ack(false))
	if err := s.Queue("q").WaitForAcks(t.Context(), 2); err != nil {
		t.Error(err)
	}
	if dump := s.Dump(); !strings.Contains(dump, `queue "q" in "/": 0 ready, 1 unacked, 1 consumers`) {
		t.Errorf("dump:\n%s", dump)
	}
}

func TestFailures(t *testing.T) {
	s := RunT(t, Options{})
	s.Fail("basic.publish").With(broker.AccessRefused).Times(1)
	p := s.dial(t, "")
	closed := p.NotifyClose(make(chan *amqp.Error, 1))
	p.queue("q", nil) // other methods work
	p.publish("q", "refused")
	if err := receive(t, closed, "the end of the channel"); err == nil || err.Code != amqp.AccessRefused {
		t.Errorf("closed with %v", err)
	}
	s.Fail("queue.declare").Times(5)
	s.Fail("queue.declare").Times(0)
	s.dial(t, "").queue("q", nil)
	s.Fail("basic.qos").Times(1)
	p = s.dial(t, "")
	if err := p.Qos(1, 0, false); err == nil {
		t.Error("a failing method succeeded")
	}
	if err := receive(t, p.closed, "the end of the connection"); err == nil || err.Code != amqp.InternalError {
		t.Errorf("closed with %v", err)
	}
	defer func() {
		if recover() == nil {
			t.Error("an unknown method was accepted")
		}
	}()
	s.Fail("queue.destroy")
}

// TestImports: a program that uses the package depends on the standard library only.
func TestImports(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	for path := range strings.FieldsSeq(string(out)) {
		if !strings.HasPrefix(path, "resilab/brokers/minirabbit") && path != "resilab/brokers/loopback" {
			t.Errorf("depends on %s", path)
		}
	}
}
