package cacheaside

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"syscall"
	"time"

	"resilab/brokers/faultproxy"
)

// Words of the knob redis-fault.
const (
	faultNone = "none"
	faultDown = "down"
	faultSlow = "slow"
	faultCut  = "cut"
)

// slowness is what a slow Redis adds in each direction.
const slowness = 60 * time.Millisecond

// wire is how the lab reaches Redis: straight, or where a fault is wished for
// over links that have it, one to each server of a Cluster or behind Sentinels.
type wire struct {
	life context.Context

	mu       sync.Mutex
	fault    string
	links    map[string]*faultproxy.Proxy // by the server's address, laid when first needed
	straight map[net.Conn]struct{}
}

func newWire(life context.Context) *wire {
	return &wire{life: life, fault: faultNone, links: map[string]*faultproxy.Proxy{}, straight: map[net.Conn]struct{}{}}
}

func (w *wire) close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	var errs []error
	for _, l := range w.links {
		errs = append(errs, l.Close())
	}
	return errors.Join(errs...)
}

// dial opens a connection as go-redis asks for it.
func (w *wire) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	l, err := w.linkTo(network, addr)
	if err != nil {
		return nil, err
	}
	if l != nil {
		return l.DialContext(ctx, network, addr)
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	if !w.goesStraight(network, conn) {
		return w.dial(ctx, network, addr) // a fault has begun meanwhile
	}
	return tracked{conn, w}, nil
}

// goesStraight takes a new connection in, or closes it where it may not be.
func (w *wire) goesStraight(network string, conn net.Conn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.faulty(network) {
		_ = conn.Close()
		return false
	}
	w.straight[conn] = struct{}{}
	return true
}

// faulty tells whether a connection has to go over a link: where a fault is
// wished for, but not to a socket of this machine, which has no wire. w.mu is held.
func (w *wire) faulty(network string) bool { return w.fault != faultNone && network == "tcp" }

// linkTo returns the link to a server, or nil where the way is straight.
func (w *wire) linkTo(network, addr string) (*faultproxy.Proxy, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.faulty(network) {
		return nil, nil
	}
	if l := w.links[addr]; l != nil {
		return l, nil
	}
	l, err := faultproxy.New(w.life, addr, rand.Uint64())
	if err != nil {
		return nil, fmt.Errorf("laying a wire to Redis: %w", err)
	}
	suffer(l, w.fault)
	w.links[addr] = l
	return l, nil
}

// tracked is a straight connection that the wire can end.
type tracked struct {
	net.Conn
	w *wire
}

// SyscallConn lets go-redis see whether an idle connection is still open.
func (t tracked) SyscallConn() (syscall.RawConn, error) {
	conn, ok := t.Conn.(syscall.Conn)
	if !ok {
		return nil, errors.ErrUnsupported
	}
	return conn.SyscallConn()
}

func (t tracked) Close() error {
	t.w.mu.Lock()
	delete(t.w.straight, t.Conn)
	t.w.mu.Unlock()
	return t.Conn.Close()
}

// set begins a fault, or ends it; connections are opened anew then.
func (w *wire) set(fault string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.fault == fault {
		return
	}
	w.fault = fault
	for _, l := range w.links {
		suffer(l, fault)
	}
	for conn := range w.straight {
		_ = conn.Close() // whoever uses it learns of its end
	}
	clear(w.straight)
}

// suffer gives a link a fault, or none.
func suffer(l *faultproxy.Proxy, fault string) {
	l.Up()
	l.SetLatency(0, 0)
	switch fault {
	case faultDown:
		l.Down(faultproxy.Refuse)
	case faultCut:
		l.Down(faultproxy.BlackHole)
	case faultSlow:
		l.SetLatency(slowness, slowness/4)
	case faultNone:
		l.Cut()
	}
}
