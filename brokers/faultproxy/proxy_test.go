package faultproxy

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"go.uber.org/goleak"

	"resilab/brokers/minirabbit"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// echo is a server that sends back what it gets and counts what it has.
type echo struct {
	net.Listener
	mu   sync.Mutex
	open int
	ever int
}

func newEcho(t *testing.T) *echo {
	t.Helper()
	p, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	e := &echo{Listener: p}
	var wg sync.WaitGroup
	t.Cleanup(func() { p.Close(); wg.Wait() })
	wg.Go(func() {
		for {
			c, err := p.Accept()
			if err != nil {
				return
			}
			e.add(1)
			wg.Go(func() {
				defer e.add(-1)
				defer c.Close()
				_, _ = io.Copy(c, c)
			})
		}
	})
	return e
}

func (e *echo) add(n int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.open += n
	e.ever += max(n, 0)
}

func (e *echo) counts() (open, ever int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.open, e.ever
}

func newProxy(t *testing.T, target string) *Proxy {
	t.Helper()
	p, err := New(t.Context(), target, 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// relayCount returns how many connections the proxy forwards.
func (p *Proxy) relayCount() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.relays)
}

func dial(t *testing.T, p *Proxy) net.Conn {
	t.Helper()
	c, err := p.DialContext(t.Context(), "tcp", "ignored:1")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	_ = c.SetDeadline(time.Now().Add(2 * time.Minute))
	return c
}

// ask sends a text, waits for its echo and returns how long that took.
func ask(c net.Conn, text string) (time.Duration, error) {
	start := time.Now()
	if _, err := io.WriteString(c, text); err != nil {
		return 0, err
	}
	buf := make([]byte, len(text))
	if _, err := io.ReadFull(c, buf); err != nil {
		return 0, err
	}
	if string(buf) != text {
		return 0, errors.New("another text came back")
	}
	return time.Since(start), nil
}

func mustAsk(t *testing.T, c net.Conn, text string) time.Duration {
	t.Helper()
	took, err := ask(c, text)
	if err != nil {
		t.Fatal(err)
	}
	return took
}

// tryAsk asks on a new connection. A refusal may reach the client while it connects.
func tryAsk(t *testing.T, p *Proxy) error {
	t.Helper()
	c, err := p.DialContext(t.Context(), "tcp", "")
	if err != nil {
		return err
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(2 * time.Minute))
	_, err = ask(c, "hello?")
	return err
}

// eventually waits for what other goroutines have to do.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal(what)
		}
	}
}

func TestCarriesBytesUnchanged(t *testing.T) {
	for name, set := range map[string]func(*Proxy){
		"plain":  func(*Proxy) {},
		"jitter": func(p *Proxy) { p.SetLatency(2*time.Millisecond, 2*time.Millisecond) },
	} {
		p := newProxy(t, newEcho(t).Addr().String())
		set(p)
		c := dial(t, p).(*net.TCPConn)
		sent := make([]byte, 3<<20)
		_, _ = rand.NewChaCha8([32]byte{}).Read(sent)
		go func() { // ends with the connection
			for rest := sent; len(rest) > 0; {
				n := min(len(rest), 1+rand.IntN(100_000))
				if _, err := c.Write(rest[:n]); err != nil {
					return
				}
				rest = rest[n:]
			}
			_ = c.CloseWrite()
		}()
		got, err := io.ReadAll(c) // the echo ends when the sending has
		if err != nil || !bytes.Equal(got, sent) {
			t.Errorf("%s: %d bytes came back of %d: %v", name, len(got), len(sent), err)
		}
		eventually(t, "the connection is still carried after its end", func() bool { return p.relayCount() == 0 })
	}
}

func TestDelays(t *testing.T) {
	p := newProxy(t, newEcho(t).Addr().String())
	c := dial(t, p)
	mustAsk(t, c, "warm")
	for name, tt := range map[string]struct {
		set   func()
		least time.Duration
	}{
		"latency": {func() { p.SetLatency(30*time.Millisecond, 0) }, 60 * time.Millisecond},
		"jitter":  {func() { p.SetLatency(50*time.Millisecond, 20*time.Millisecond) }, 60 * time.Millisecond},
	} {
		p.SetLatency(0, 0)
		tt.set()
		if took := mustAsk(t, c, "a text that has thirty letters"); took < tt.least {
			t.Errorf("%s: %v there and back, want at least %v", name, took, tt.least)
		}
	}
}

func TestCut(t *testing.T) {
	server := newEcho(t)
	p := newProxy(t, server.Addr().String())
	conns := []net.Conn{dial(t, p), dial(t, p), dial(t, p)}
	for _, c := range conns {
		mustAsk(t, c, "hello")
	}
	if n := p.Cut(); n != len(conns) {
		t.Errorf("%d were cut, want %d", n, len(conns))
	}
	for _, c := range conns {
		if _, err := ask(c, "hello?"); err == nil {
			t.Error("a cut connection works")
		}
	}
	eventually(t, "the server did not notice", func() bool { open, _ := server.counts(); return open == 0 })
	mustAsk(t, dial(t, p), "hello again")
}

func TestRefuse(t *testing.T) {
	server := newEcho(t)
	p := newProxy(t, server.Addr().String())
	before := dial(t, p)
	mustAsk(t, before, "hello")
	p.Down(Refuse)
	if _, err := ask(before, "hello?"); err == nil {
		t.Error("a connection outlived the outage")
	}
	for range 3 {
		if tryAsk(t, p) == nil {
			t.Error("connected in an outage")
		}
	}
	p.Up()
	mustAsk(t, dial(t, p), "hello again")
	if _, ever := server.counts(); ever != 2 {
		t.Errorf("the server saw %d connections, want 2", ever)
	}
}

func TestBlackHole(t *testing.T) {
	server := newEcho(t)
	p := newProxy(t, server.Addr().String())
	busy, idle, leaving := dial(t, p), dial(t, p), dial(t, p)
	for _, c := range []net.Conn{busy, idle, leaving} {
		mustAsk(t, c, "hello")
	}
	p.Down(BlackHole)
	fresh := dial(t, p) // accepted
	for _, c := range []net.Conn{busy, fresh} {
		_ = c.SetDeadline(time.Now().Add(50 * time.Millisecond))
		var timeout net.Error
		if _, err := ask(c, "hello?"); !errors.As(err, &timeout) || !timeout.Timeout() {
			t.Errorf("got %v, want nothing until the deadline", err)
		}
	}
	leaving.Close()
	if open, ever := server.counts(); open != 3 || ever != 3 {
		t.Errorf("the server has %d connections of %d, want all 3: a black hole hides the close", open, ever)
	}

	p.Up()
	for _, c := range []net.Conn{busy, fresh} {
		_ = c.SetDeadline(time.Now().Add(10 * time.Second))
		if _, err := ask(c, "hello?"); err == nil || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the end of a connection that missed something", err)
		}
	}
	mustAsk(t, idle, "I missed nothing")
	eventually(t, "more than one connection is left", func() bool { open, _ := server.counts(); return open == 1 && p.relayCount() == 1 })
}

func TestTargetMayBeMissing(t *testing.T) {
	server := newEcho(t)
	addr := server.Addr().String()
	server.Close()
	p := newProxy(t, addr)
	if tryAsk(t, p) == nil {
		t.Error("got an answer from a missing target")
	}
	eventually(t, "a failed connection is carried", func() bool { return p.relayCount() == 0 })
}

func TestServerEnds(t *testing.T) {
	p := newProxy(t, newEcho(t).Addr().String())
	c := dial(t, p).(*net.TCPConn)
	p.SetLatency(10*time.Millisecond, 0)
	if _, err := io.WriteString(c, "last words"); err != nil {
		t.Fatal(err)
	}
	_ = c.CloseWrite()
	if got, err := io.ReadAll(c); string(got) != "last words" || err != nil {
		t.Errorf("got %q, %v: an orderly end comes after what was under way", got, err)
	}
}

func TestContextEndsTheProxy(t *testing.T) {
	server := newEcho(t)
	ctx, cancel := context.WithCancel(t.Context())
	p, err := New(ctx, server.Addr().String(), 1)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	c := dial(t, p)
	mustAsk(t, c, "hello")
	cancel()
	if _, err := c.Read(make([]byte, 1)); err == nil {
		t.Error("the connection outlived the link")
	}
	eventually(t, "the link still accepts", func() bool {
		c, err := net.Dial("tcp", p.Addr())
		if err == nil {
			c.Close()
		}
		return err != nil
	})
	if _, err := New(ctx, server.Addr().String(), 1); err == nil {
		t.Error("opened under a context that has ended")
	}
}

// TestManyAtOnce changes the link while connections come, talk and go.
func TestManyAtOnce(t *testing.T) {
	p := newProxy(t, newEcho(t).Addr().String())
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				c, err := p.DialContext(t.Context(), "tcp", "")
				if err != nil {
					continue // refused
				}
				_ = c.SetDeadline(time.Now().Add(20 * time.Millisecond))
				_, _ = ask(c, "hello")
				c.Close()
			}
		})
	}
	for i := range 40 {
		[]func(){
			func() { p.Cut() }, func() { p.Down(Refuse) }, func() { p.Down(BlackHole) }, p.Up,
			func() { p.SetLatency(time.Millisecond, time.Millisecond) },
		}[i%5]()
		time.Sleep(time.Millisecond)
	}
	wg.Wait()
	p.Up()
	eventually(t, "connections are left", func() bool { return p.relayCount() == 0 })
	mustAsk(t, dial(t, p), "hello")
}

// TestAMQP: a client of a broker takes a cut as the loss of its connection, and
// gets in again when the outage is over.
func TestAMQP(t *testing.T) {
	server, err := minirabbit.Run(minirabbit.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	p := newProxy(t, server.Addr())
	p.SetLatency(time.Millisecond, time.Millisecond)
	open := func() (*amqp.Connection, error) { return amqp.Dial("amqp://guest:guest@" + p.Addr() + "/") }
	conn, err := open()
	if err != nil {
		t.Fatal(err)
	}
	lost := conn.NotifyClose(make(chan *amqp.Error, 1))
	p.Down(Refuse)
	if reason := <-lost; reason == nil {
		t.Error("the connection ended in order")
	}
	if _, err := open(); err == nil {
		t.Error("connected in an outage")
	}
	p.Up()
	if conn, err = open(); err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(); err != nil {
		t.Error(err)
	}
}
