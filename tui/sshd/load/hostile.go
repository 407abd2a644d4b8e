package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode"
)

// hostile measures clients with nothing beside them, and then beside each attack.
func (l load) hostile(ctx context.Context) (err error) {
	chosen, err := chooseAttacks(l.attacks)
	if err != nil {
		return err
	}
	most := 0
	for i, a := range chosen {
		if l.attackers > 0 {
			chosen[i].attackers = min(a.attackers, l.attackers)
		}
		most = max(most, chosen[i].attackers)
	}
	from, flags := addresses(l.sessions)
	// The labs of those who have left are removed after a while.
	if l.server, err = startServer(ctx, l.sessions+3*most, flags...); err != nil {
		return err
	}
	l.addr = l.server.addr
	return errors.Join(l.attacked(ctx, chosen, from), l.server.stop())
}

// chooseAttacks returns the attacks with the names, or whose names begin with one
// and a hyphen.
func chooseAttacks(names string) (chosen []attack, err error) {
	all := attacks()
	if names == "all" {
		return all, nil
	}
	for name := range strings.SplitSeq(names, ",") {
		before := len(chosen)
		for _, a := range all {
			if a.name == name || strings.HasPrefix(a.name, name+"-") {
				chosen = append(chosen, a)
			}
		}
		if len(chosen) == before {
			var allowed []string
			for _, a := range all {
				allowed = append(allowed, a.name)
			}
			return nil, fmt.Errorf("unknown attack %q; allowed: all, %s", name, strings.Join(allowed, ", "))
		}
	}
	return chosen, nil
}

// addresses returns the addresses of attackers and the flags of a server that
// exempts those of the measured clients alone. Where a machine has only one loopback
// address, from is nil and the server exempts none.
func addresses(sessions int) (from func(int) *net.TCPAddr, flags []string) {
	from = func(n int) *net.TCPAddr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, byte(2+n))} }
	listener, err := net.ListenTCP("tcp", from(0))
	if err != nil {
		fmt.Println("this machine has one loopback address: the attackers have that of the sessions")
		return nil, []string{"--exempt", "", "--max-per-address", strconv.Itoa(sessions + 40)}
	}
	_ = listener.Close()
	return from, []string{"--exempt", "127.0.0.1"}
}

// attacked fails if a client is lost, or if the server has more goroutines or
// descriptors after all have left than before. The first visits, which start what
// is shared, count as before.
func (l load) attacked(ctx context.Context, chosen []attack, from func(int) *net.TCPAddr) error {
	if err := l.visits(ctx, max(l.sessions, len(ways))); err != nil {
		return err
	}
	before := l.quiet(ctx, usage{})
	err := l.together(ctx, func(clients []*client) error { return l.attackInTurn(ctx, clients, chosen, from) })
	if err == nil {
		err = ctx.Err()
	}
	if err != nil || !before.known {
		return err
	}
	after := l.quiet(ctx, before)
	fmt.Printf("\nafter all left: %d goroutines (before: %d), %d descriptors (before: %d), %.1f MB (before: %.1f)\n",
		after.goroutines, before.goroutines, after.files, before.files, after.rss/1e6, before.rss/1e6)
	if !after.asFewAs(before) {
		return fmt.Errorf("something is left behind: %d goroutines instead of %d, %d descriptors instead of %d",
			after.goroutines, before.goroutines, after.files, before.files)
	}
	return l.server.checkLog()
}

// attackInTurn prints one row of a table for each attack.
func (l load) attackInTurn(ctx context.Context, clients []*client, chosen []attack, from func(int) *net.TCPAddr) error {
	fmt.Printf("%d sessions, %s beside each attack, all on this machine; from a key to its frame:\n\n", l.sessions, l.duration)
	fmt.Printf("%-15s %8s %8s %8s %6s %5s %6s | %9s %11s %8s %9s %8s | %6s %7s\n", "beside", "p50", "p99", "longest", "p99 ×",
		"keys", "missed", "attackers", "connections", "MB sent", "requests", "refused", "CPU %", "MB")
	quiet, err := l.work(ctx, clients)
	if err != nil {
		return err
	}
	quiet.row("nothing", quiet, 0, &tally{})
	for _, a := range chosen {
		t := &tally{}
		f, err := l.beside(ctx, clients, a, from, t)
		if err != nil {
			return fmt.Errorf("beside %s: %w", a.name, err)
		}
		f.row(a.name, quiet, a.attackers, t)
	}
	return nil
}

// row prints a row of the table.
func (f figures) row(name string, quiet figures, attackers int, t *tally) {
	p99 := quantile(f.waits, 0.99)
	ratio := float64(p99) / float64(max(quantile(quiet.waits, 0.99), time.Millisecond))
	fmt.Printf("%-15s %8s %8s %8s %6.1f %5d %6d | %9d %11d %8.1f %9d %8d | %6.0f %7.1f\n", name, quantile(f.waits, 0.5), p99,
		quantile(f.waits, 1), ratio, len(f.waits), f.missed, attackers, t.connections.Load(), float64(t.bytes.Load())/1e6,
		t.requests.Load(), f.end.refusals-f.start.refusals, 100*f.cpu(), f.end.rss/1e6)
}

// beside measures the clients beside an attack, from when each attacker has done
// all that it does once. It returns when the sessions of the attackers have ended.
func (l load) beside(ctx context.Context, clients []*client, a attack, from func(int) *net.TCPAddr, t *tally) (f figures, err error) {
	start := l.server.usage()
	attacking, stop := context.WithCancel(ctx)
	defer stop()
	var attackers sync.WaitGroup
	acted := make(chan struct{}, a.attackers)
	for i := range a.attackers {
		one := &attacker{addr: l.addr, number: i, attack: a.name, tally: t, acted: sync.OnceFunc(func() { acted <- struct{}{} })}
		if from != nil {
			one.from = func(n int) *net.TCPAddr { return from(n % a.addresses) }
		}
		attackers.Go(func() { one.goOn(attacking, a.run) })
	}
	timeout := time.NewTimer(4 * patience)
	defer timeout.Stop()
	for i := 0; i < a.attackers && err == nil; i++ {
		select {
		case <-acted:
		case <-timeout.C:
			err = fmt.Errorf("%d of %d attackers have not done what they do; one of them: %w", a.attackers-i, a.attackers, t.why())
		case <-ctx.Done():
			err = ctx.Err()
		}
	}
	if err == nil {
		f, err = l.work(ctx, clients)
	}
	stop()
	attackers.Wait()
	f.start.refusals = start.refusals
	return f, errors.Join(err, l.alone(ctx))
}

// alone waits until the server has no sessions but the measured ones, and refuses
// nobody any more.
func (l load) alone(ctx context.Context) error {
	deadline := time.Now().Add(4 * patience)
	for last := -1; ; {
		now := l.server.usage()
		if now.sessions <= l.sessions && now.refusals == last {
			return nil
		}
		last = now.refusals
		if time.Now().After(deadline) {
			return errors.New("the server still has sessions of attackers that have left")
		}
		if !sleep(ctx, 4*keyPause) {
			return ctx.Err()
		}
	}
}

// goOn attacks again and again until ctx ends.
func (a *attacker) goOn(ctx context.Context, run func(context.Context, *attacker) error) {
	for ctx.Err() == nil {
		if err := run(ctx, a); err != nil {
			a.tally.ended(err)
			sleep(ctx, keyPause) // the server has refused or cut it
		}
	}
}

// checkLog returns an error if a control character of a client is in the log.
func (s *server) checkLog() error {
	log, err := os.ReadFile(s.log())
	if err != nil {
		return fmt.Errorf("reading the server's log: %w", err)
	}
	bad := func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }
	if at := bytes.IndexFunc(log, bad); at >= 0 {
		return fmt.Errorf("a control character in the server's log, %s: %q", s.log(), log[max(0, at-40):min(len(log), at+40)])
	}
	return nil
}

// attacker is one hostile client. Its limits are those of its address, which is not
// exempt from them.
type attacker struct {
	addr    string
	attack  string
	number  int
	visits  int
	from    func(number int) *net.TCPAddr // nil: this machine has one loopback address
	tally   *tally
	stalled atomic.Bool // reads nothing
	acted   func()      // is called when the attacker has done all that it does
}

// tally is what the attackers have done. It is safe for concurrent use.
type tally struct {
	connections, bytes, requests atomic.Int64

	mu   sync.Mutex
	last error // of the newest attack that has ended
}

func (t *tally) ended(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last = err
}

// why returns why the newest attack has ended; nil if none has.
func (t *tally) why() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.last
}

// counting is the connection of an attacker.
type counting struct {
	*net.TCPConn
	ctx      context.Context
	attacker *attacker
	release  func() bool
}

// Read implements net.Conn.
func (c counting) Read(p []byte) (int, error) {
	if c.attacker.stalled.Load() {
		<-c.ctx.Done()
	}
	return c.TCPConn.Read(p)
}

// Write implements net.Conn.
func (c counting) Write(p []byte) (int, error) {
	n, err := c.TCPConn.Write(p)
	c.attacker.tally.bytes.Add(int64(n))
	return n, err
}

// Close implements net.Conn.
func (c counting) Close() error {
	c.release()
	return c.TCPConn.Close()
}

// dial connects until ctx ends.
func (a *attacker) dial(ctx context.Context) (*counting, error) {
	a.tally.connections.Add(1)
	dialer := net.Dialer{Timeout: patience}
	if a.from != nil {
		dialer.LocalAddr = a.from(a.number)
	}
	conn, err := dialer.DialContext(ctx, "tcp", a.addr)
	if err != nil {
		return nil, err
	}
	tcp := conn.(*net.TCPConn)
	return &counting{tcp, ctx, a, context.AfterFunc(ctx, func() { _ = tcp.Close() })}, nil
}

// logIn connects and logs in.
func (a *attacker) logIn(ctx context.Context, user string) (*client, error) {
	conn, err := a.dial(ctx)
	if err != nil {
		return nil, err
	}
	return logIn(conn.TCPConn, conn, user)
}

// visit opens the labs.
func (a *attacker) visit(ctx context.Context) (*client, error) {
	c, err := a.logIn(ctx, a.newName())
	if err != nil {
		return nil, err
	}
	if err := c.openIn(ctx, usual(), "1"); err != nil {
		c.leave()
		return nil, err
	}
	return c, nil
}

// newName returns a name that nobody has: the start screen asks for the personal code
// of one that is known.
func (a *attacker) newName() string {
	a.visits++
	return fmt.Sprintf("%s %d.%d ", a.attack, a.number, a.visits)
}

func (a *attacker) resize(c *client, w window) error {
	a.tally.requests.Add(1)
	return c.session.WindowChange(int(w.rows), int(w.columns))
}

// request counts a request that may have been refused.
func (a *attacker) request(_ bool, err error) error {
	a.tally.requests.Add(1)
	return err
}
