// Package fault lets connections to Redis fail: refused, slow, or cut so that
// everything is swallowed.
package fault

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
	"resilab/labs/clock"
)

// Faults of the connections.
const (
	None = "none"
	Down = "down"
	Slow = "slow"
	Cut  = "cut"
)

// latency is what a slow Redis adds in each direction, in the lab's time.
const latency = 60 * time.Millisecond

// Dialer opens connections to Redis: directly, or through a fault-injecting proxy
// when a fault is set, one for each server of a Cluster or behind Sentinels.
type Dialer struct {
	run   context.Context
	clock *clock.Clock

	mu      sync.Mutex
	fault   string
	proxies map[string]*faultproxy.Proxy // by the server's address
	direct  map[net.Conn]struct{}
}

// NewDialer returns a dialer without a fault whose proxies end with ctx. The
// caller must call Close.
func NewDialer(ctx context.Context, c *clock.Clock) *Dialer {
	return &Dialer{run: ctx, clock: c, fault: None, proxies: map[string]*faultproxy.Proxy{}, direct: map[net.Conn]struct{}{}}
}

// Close ends the proxies.
func (d *Dialer) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	var errs []error
	for _, p := range d.proxies {
		errs = append(errs, p.Close())
	}
	return errors.Join(errs...)
}

// Dial opens a connection. It has the form that go-redis asks for.
func (d *Dialer) Dial(ctx context.Context, network, addr string) (net.Conn, error) {
	p, err := d.proxyTo(network, addr)
	if err != nil {
		return nil, err
	}
	if p != nil {
		return p.DialContext(ctx, network, addr)
	}
	var plain net.Dialer
	conn, err := plain.DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	if !d.takeIn(network, conn) {
		return d.Dial(ctx, network, addr) // a fault has begun meanwhile
	}
	return tracked{conn, d}, nil
}

// takeIn remembers a direct connection, or closes it where a fault is set.
func (d *Dialer) takeIn(network string, conn net.Conn) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.proxied(network) {
		_ = conn.Close()
		return false
	}
	d.direct[conn] = struct{}{}
	return true
}

// proxied reports whether a connection goes through a proxy: where a fault is set,
// but not to a socket of this machine. d.mu is held.
func (d *Dialer) proxied(network string) bool { return d.fault != None && network == "tcp" }

// proxyTo returns the proxy to a server; nil: the connection is direct.
func (d *Dialer) proxyTo(network, addr string) (*faultproxy.Proxy, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.proxied(network) {
		return nil, nil
	}
	if p := d.proxies[addr]; p != nil {
		return p, nil
	}
	p, err := faultproxy.New(d.run, addr, rand.Uint64())
	if err != nil {
		return nil, fmt.Errorf("starting a proxy to Redis: %w", err)
	}
	d.inject(p)
	d.proxies[addr] = p
	return p, nil
}

// tracked is a direct connection that the dialer can end.
type tracked struct {
	net.Conn
	d *Dialer
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
	t.d.mu.Lock()
	delete(t.d.direct, t.Conn)
	t.d.mu.Unlock()
	return t.Conn.Close()
}

// Set begins a fault, or ends it. Existing connections are closed.
func (d *Dialer) Set(fault string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fault == fault {
		return
	}
	d.fault = fault
	for _, p := range d.proxies {
		d.inject(p)
	}
	for conn := range d.direct {
		_ = conn.Close() // its user sees the error
	}
	clear(d.direct)
}

// Adjust gives slow connections the latency that belongs to the present speed of
// the clock.
func (d *Dialer) Adjust() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fault == Slow {
		for _, p := range d.proxies {
			d.slow(p)
		}
	}
}

func (d *Dialer) slow(p *faultproxy.Proxy) {
	real := d.clock.Real(latency)
	p.SetLatency(real, real/4)
}

// inject gives a proxy the fault. d.mu is held.
func (d *Dialer) inject(p *faultproxy.Proxy) {
	p.Up()
	p.SetLatency(0, 0)
	switch d.fault {
	case Down:
		p.Down(faultproxy.Refuse)
	case Cut:
		p.Down(faultproxy.BlackHole)
	case Slow:
		d.slow(p)
	case None:
		p.Cut()
	}
}
