package rabbitmq

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"resilab/brokers/brokertest"
	"resilab/brokers/minirabbit"
)

var shared brokertest.Shared

func TestMain(m *testing.M) { brokertest.Main(m, &shared) }

// patience is only for a broker that hangs.
const patience = 2 * time.Minute

func worlds(t *testing.T, test func(t *testing.T, url string)) {
	t.Run("embedded", func(t *testing.T) {
		server, err := minirabbit.Run(minirabbit.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { server.Close() })
		test(t, server.URL())
	})
	t.Run("real", func(t *testing.T) { test(t, shared.RabbitMQ(t).URL()) })
}

func connect(t *testing.T, url string) *Conn {
	t.Helper()
	c, err := NewDialer(Options{URL: url, Name: t.Name()}).Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// queue declares a queue that ends with its connection.
func queue(t *testing.T, c *Conn) string {
	t.Helper()
	ch, err := c.Channel()
	if err != nil {
		t.Fatal(err)
	}
	q, err := ch.QueueDeclare("", false, false, true, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	return q.Name
}

func TestDialSaysWhichAddressFailed(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for name, tc := range map[string]struct {
		ctx  context.Context
		addr string
		want string
	}{
		"no broker": {t.Context(), "127.0.0.1:1", "connection refused"},
		"no answer": {t.Context(), silent.Addr().String(), "no answer in time"},
		"cancelled": {cancelled, silent.Addr().String(), "context canceled"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := NewDialer(Options{URL: "amqp://guest:guest@" + tc.addr + "/", Timeout: 200 * time.Millisecond}).Dial(tc.ctx)
			if err == nil {
				t.Fatal("no error")
			}
			for _, part := range []string{tc.addr, tc.want} {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q does not say %q", err, part)
				}
			}
			if strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "guest") {
				t.Errorf("%q is not one line without a password", err)
			}
		})
	}
	if _, err := NewDialer(Options{URL: "http://x"}).Dial(t.Context()); err == nil {
		t.Error("an address of another kind is accepted")
	}
}

// fates collects what became of published messages.
type fates struct {
	mu    sync.Mutex
	of    map[uint64]Fate
	order []uint64
}

func (f *fates) settle(token uint64, fate Fate) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.of == nil {
		f.of = map[uint64]Fate{}
	}
	f.of[token] = fate
	f.order = append(f.order, token)
}

func (f *fates) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.order)
}

func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("time-out: waited until %s", what)
		}
		time.Sleep(time.Millisecond)
	}
}

func TestPublisherReportsEveryFate(t *testing.T) {
	worlds(t, func(t *testing.T, url string) {
		c := connect(t, url)
		q := queue(t, c)
		var f fates
		p, err := c.NewPublisher(50, f.settle)
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		const n = 1000
		for i := range uint64(n) {
			key := q
			if i%10 == 3 {
				key = "nobody.is.bound"
			}
			if err := p.Publish(t.Context(), "", key, i, amqp.Publishing{MessageId: fmt.Sprint(i)}); err != nil {
				t.Fatal(err)
			}
		}
		await(t, "all are settled", func() bool { return f.count() == n })
		last := map[Fate]uint64{}
		for _, token := range f.order {
			want := Confirmed
			if token%10 == 3 {
				want = Returned
			}
			if got := f.of[token]; got != want {
				t.Errorf("token %d: fate %d, want %d", token, got, want)
			}
			// What went to one queue is settled in order; the broker may be late with
			// another's.
			if token < last[want] {
				t.Errorf("token %d was settled after %d", token, last[want])
			}
			last[want] = token
		}
	})
}

// TestPublisherReportsEachOutcome sends in turn to a queue that is full and to
// one that is not. The broker nacks the first kind one by one and acks the
// second, often several at once.
func TestPublisherReportsEachOutcome(t *testing.T) {
	worlds(t, func(t *testing.T, url string) {
		c := connect(t, url)
		ch, err := c.Channel()
		if err != nil {
			t.Fatal(err)
		}
		full, err := ch.QueueDeclare("", false, false, true, false, amqp.Table{"x-max-length": int32(3), "x-overflow": "reject-publish"})
		if err != nil {
			t.Fatal(err)
		}
		open := queue(t, c)
		var f fates
		p, err := c.NewPublisher(100, f.settle)
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		const n = 3000
		for i := range uint64(n) {
			key := open
			if i%3 == 1 {
				key = full.Name
			}
			if err := p.Publish(t.Context(), "", key, i, amqp.Publishing{MessageId: fmt.Sprint(i)}); err != nil {
				t.Fatal(err)
			}
		}
		await(t, "all are settled", func() bool { return f.count() == n })
		confirmed := [3]int{}
		for token, fate := range f.of {
			if fate == Confirmed {
				confirmed[token%3]++
			}
		}
		state, err := ch.QueueDeclarePassive(full.Name, false, false, true, false, nil)
		if err != nil {
			t.Fatal(err)
		}
		if confirmed[1] != state.Messages || confirmed[0]+confirmed[2] != n/3*2 {
			t.Errorf("%v confirmed; the full queue holds %d", confirmed, state.Messages)
		}
	})
}

// TestPublisherSettlesWhatACutLeaves: after a cut every accepted token has a fate.
func TestPublisherSettlesWhatACutLeaves(t *testing.T) {
	worlds(t, func(t *testing.T, url string) {
		c := connect(t, url)
		q := queue(t, c)
		var f fates
		p, err := c.NewPublisher(20, f.settle)
		if err != nil {
			t.Fatal(err)
		}
		accepted := 0
		for i := uint64(0); ; i++ {
			if i == 500 {
				go c.Cut()
			}
			if err := p.Publish(t.Context(), "", q, i, amqp.Publishing{}); err != nil {
				break
			}
			accepted++
		}
		p.Close()
		if got := f.count(); got != accepted {
			t.Errorf("%d accepted, %d settled", accepted, got)
		}
		if f.of[0] != Confirmed {
			t.Error("the first one was not confirmed")
		}
		<-c.Done()
		if err := c.Err(); err == nil || !strings.Contains(err.Error(), c.Addr()) {
			t.Errorf("the connection ended by %v", err)
		}
		if err := p.Publish(t.Context(), "", q, 1, amqp.Publishing{}); err == nil {
			t.Error("a closed publisher publishes")
		}
	})
}

// TestPublisherFinishesWhatItHasSent: the outcome of no message stays unknown, unless
// the broker takes too long.
func TestPublisherFinishesWhatItHasSent(t *testing.T) {
	worlds(t, func(t *testing.T, url string) {
		c := connect(t, url)
		q := queue(t, c)
		for _, limit := range []time.Duration{patience, 0} {
			var f fates
			p, err := c.NewPublisher(100, f.settle)
			if err != nil {
				t.Fatal(err)
			}
			for i := range uint64(80) {
				if err := p.Publish(t.Context(), "", q, i, amqp.Publishing{}); err != nil {
					t.Fatal(err)
				}
			}
			p.Finish(limit)
			if f.count() != 80 {
				t.Errorf("within %s %d are settled", limit, f.count())
			}
			for i, fate := range f.of {
				if fate != Confirmed && limit > 0 {
					t.Errorf("the fate of message %d is %d", i, fate)
				}
			}
		}
	})
}

func TestPublisherReportsWhyTheBrokerClosedIt(t *testing.T) {
	worlds(t, func(t *testing.T, url string) {
		c := connect(t, url)
		var f fates
		p, err := c.NewPublisher(20, f.settle)
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		if err := p.Publish(t.Context(), "no-such-exchange", "x", 1, amqp.Publishing{}); err != nil {
			t.Fatal(err)
		}
		select {
		case <-p.Done():
		case <-time.After(patience):
			t.Fatal("the channel does not end")
		}
		if err := p.Err(); err == nil || !strings.Contains(err.Error(), "NOT_FOUND") || !strings.Contains(err.Error(), c.Addr()) {
			t.Errorf("it ended by %v", err)
		}
		if f.count() != 1 || f.of[1] != Unknown || c.Err() != nil {
			t.Errorf("fates %v, the connection: %v", f.of, c.Err())
		}
	})
}

func TestPublishWaitsForTheWindow(t *testing.T) {
	server, err := minirabbit.Run(minirabbit.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	c := connect(t, server.URL())
	q := queue(t, c)
	gate := make(chan struct{})
	p, err := c.NewPublisher(3, func(uint64, Fate) { <-gate })
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	sent := 0
	for ctx.Err() == nil {
		if p.Publish(ctx, "", q, 1, amqp.Publishing{}) == nil {
			sent++
		}
	}
	if sent < 3 || sent > 4 { // one more has left the window and waits for its report
		t.Errorf("%d are under way at a window of 3", sent)
	}
	close(gate)
	p.Close()
}

func TestConsumer(t *testing.T) {
	worlds(t, func(t *testing.T, url string) {
		c, other := connect(t, url), connect(t, url)
		ch, err := other.Channel()
		if err != nil {
			t.Fatal(err)
		}
		name := fmt.Sprintf("consumer-%d", time.Now().UnixNano())
		if _, err := ch.QueueDeclare(name, false, false, false, false, amqp.Table{"x-expires": int64(30000)}); err != nil {
			t.Fatal(err)
		}
		for range 5 {
			if err := ch.Publish("", name, false, false, amqp.Publishing{}); err != nil {
				t.Fatal(err)
			}
		}
		k, err := c.Consume(ConsumeOptions{Queue: name, Prefetch: 2})
		if err != nil {
			t.Fatal(err)
		}
		<-k.Deliveries
		<-k.Deliveries
		select {
		case <-k.Deliveries:
			t.Error("three are in flight at a prefetch of 2")
		case <-time.After(50 * time.Millisecond):
		}
		k.Close()
		for range k.Deliveries {
		}
		if err := k.Err(); err != nil {
			t.Errorf("a consumer that was closed says %v", err)
		}
		again, err := c.Consume(ConsumeOptions{Queue: name})
		if err != nil {
			t.Fatal(err)
		}
		for i := range 5 {
			if d := <-again.Deliveries; d.Redelivered != (i < 2) {
				t.Errorf("message %d: redelivered is %v", i, d.Redelivered)
			}
		}
		if _, err := ch.QueueDelete(name, false, false, false); err != nil {
			t.Fatal(err)
		}
		for range again.Deliveries {
		}
		await(t, "the consumer reports why it ended", func() bool { return errors.Is(again.Err(), ErrCancelled) })
		if _, err := c.Consume(ConsumeOptions{Queue: name}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("consuming from a deleted queue: %v", err)
		}
	})
}

func TestKeepConnectsAgain(t *testing.T) {
	worlds(t, func(t *testing.T, url string) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		sessions, downs := 0, []error{}
		Keep(ctx, Options{URL: url}, func(ctx context.Context, c *Conn) error {
			sessions++
			switch sessions {
			case 1:
				go c.Cut()
				<-ctx.Done() // ends with the connection
				return nil
			case 2:
				return errors.New("cannot work")
			}
			cancel()
			return nil
		}, func(err error) { downs = append(downs, err) })
		if sessions != 3 || len(downs) != 2 {
			t.Fatalf("%d sessions, reasons %v", sessions, downs)
		}
		if !strings.Contains(downs[0].Error(), "lost") || downs[1].Error() != "cannot work" {
			t.Errorf("reasons %v", downs)
		}
	})
}

// TestKeepGoesToTheNextServer: of three servers the first is away, and the second
// goes away; when it is back and the third is lost, it is used again. Where work
// fails on a server that answers, the next one is tried.
func TestKeepGoesToTheNextServer(t *testing.T) {
	run := func(addr string) *minirabbit.Server {
		s, err := minirabbit.Run(minirabbit.Options{Addr: addr, Users: map[string]string{"me": "secret"}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		return s
	}
	host := func(s *minirabbit.Server) string { return s.Addr() }
	second, third := run(""), run("")
	a, b := host(second), host(third)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var visited []string
	Keep(ctx, Options{URL: "amqp://me:secret@127.0.0.1:1," + a + "," + b + "/"}, func(ctx context.Context, c *Conn) error {
		visited = append(visited, c.Addr())
		switch len(visited) {
		case 1:
			second.Close()
			<-ctx.Done()
		case 2:
			second = run(a)
			go c.Cut()
			<-ctx.Done()
		case 3:
			return errors.New("no majority")
		default:
			cancel()
		}
		return nil
	}, func(err error) {
		if strings.Contains(err.Error(), "secret") {
			t.Errorf("%v", err)
		}
	})
	if want := []string{a, b, a, b}; !slices.Equal(visited, want) {
		t.Errorf("connected to %v, want %v", visited, want)
	}
	second.Close()
	third.Close()
	_, err := NewDialer(Options{URL: "amqp://me:secret@" + a + "," + b + "/"}).Dial(t.Context())
	if err == nil || !strings.Contains(err.Error(), a) || !strings.Contains(err.Error(), b) || strings.Contains(err.Error(), "secret") {
		t.Errorf("with none of them: %v", err)
	}
}

func TestServers(t *testing.T) {
	for url, want := range map[string][]string{
		"amqp://u:p@h:1/v":                 {"amqp://u:p@h:1/v"},
		"amqp://u:p@a,b:2,[::1]:3/v?x=1,2": {"amqp://u:p@a/v?x=1,2", "amqp://u:p@b:2/v?x=1,2", "amqp://u:p@[::1]:3/v?x=1,2"},
		"amqps://a,b":                      {"amqps://a", "amqps://b"},
	} {
		if got, err := Servers(url); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %q, %v", url, got, err)
		}
	}
	if got := Addrs("amqp://u:secret@a,[::1]:3/v"); got != "a:5672, [::1]:3" {
		t.Errorf("for people: %s", got)
	}
	for _, bad := range []string{"", "a:1", "http://u:secret@a", "amqp://u:sec%ret@a", "amqp://u:secret@a,", "amqp://u:secret@a:x,b", "amqp://u:secret@a:70000"} {
		if got, err := Servers(bad); err == nil || strings.Contains(err.Error(), "sec") {
			t.Errorf("%s: %q, %v", bad, got, err)
		}
	}
}

func TestKeepEndsWithoutAnAnswer(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	tries := 0
	Keep(ctx, Options{URL: "amqp://127.0.0.1:1/"}, func(context.Context, *Conn) error {
		t.Error("worked without a connection")
		return nil
	}, func(error) {
		if tries++; tries == 2 {
			cancel()
		}
	})
	if tries != 2 {
		t.Errorf("%d tries", tries)
	}
}

// TestBlocked: a broker that is short of room takes no publishes and says so.
func TestBlocked(t *testing.T) {
	node := shared.RabbitMQ(t)
	if os.Getenv("RESILAB_AMQP_URL") != "" {
		node = brokertest.RabbitMQ(t) // a node of others must not block
	}
	c := connect(t, node.URL())
	q := queue(t, c)
	if _, err := node.Ctl("set_disk_free_limit", "999000GB"); err != nil {
		t.Fatal(err)
	}
	var f fates
	p, err := c.NewPublisher(10, f.settle)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Publish(t.Context(), "", q, 1, amqp.Publishing{}); err != nil {
		t.Fatal(err)
	}
	await(t, "it says that it is blocked", func() bool { return c.Blocked().Reason != "" })
	// The publish that made the broker say so may be through; the next is not.
	if err := p.Publish(t.Context(), "", q, 2, amqp.Publishing{}); err != nil {
		t.Fatal(err)
	}
	time.Sleep(50 * time.Millisecond)
	if f.count() == 2 {
		t.Error("a blocked publish was settled")
	}
	if _, err := node.Ctl("set_disk_free_limit", "50MB"); err != nil {
		t.Fatal(err)
	}
	await(t, "publishing continues", func() bool { return c.Blocked().Since.IsZero() && f.count() == 2 })
	p.Close()
}
