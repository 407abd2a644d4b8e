package main

import (
	"context"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
)

// attacker is one hostile client. Its limits are those of its address, which is not
// exempt from them.
type attacker struct {
	addr    string
	attack  string
	number  int
	visits  int
	apart   int // addresses that the attackers have; 0: that of the sessions
	tally   *counts
	stalled atomic.Bool // reads nothing
	acted   func()      // is called when the attacker has done all that it does
}

// counts are what the attackers have done. They are safe for concurrent use.
type counts struct {
	connections, bytes, requests atomic.Int64

	mu   sync.Mutex
	last error // of the newest attack that has ended
}

func (c *counts) ended(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last = err
}

func (c *counts) tally() tally {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := tally{Connections: c.connections.Load(), Bytes: c.bytes.Load(), Requests: c.requests.Load()}
	if c.last != nil {
		t.Last = c.last.Error()
	}
	return t
}

// ownAddress is the loopback address of an attacker.
func ownAddress(number int) *net.TCPAddr {
	return &net.TCPAddr{IP: net.IPv4(127, 0, 0, byte(2+number))}
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
	if a.apart > 0 {
		dialer.LocalAddr = ownAddress(a.number % a.apart)
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
