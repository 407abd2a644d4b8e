package faultproxy

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"time"

	"resilab/brokers/loopback"
)

// Outage is a way for a proxy to be down.
type Outage int

const (
	// Refuse resets all connections and every new one, as a host does whose
	// broker is not running.
	Refuse Outage = iota + 1
	// BlackHole keeps connections open and accepts new ones, but discards all
	// bytes, as when a cable is pulled or a firewall drops packets. Neither end
	// sees that the other closes. Up resets the connections that lost bytes.
	BlackHole
)

// acceptRetry is the pause after a failed accept, for example because the
// process has no file descriptor left.
const acceptRetry = 10 * time.Millisecond

// Proxy forwards connections to one target. Its methods may be called by
// several goroutines at once.
type Proxy struct {
	target   string
	listener net.Listener
	ctx      context.Context
	cancel   context.CancelFunc
	wg       sync.WaitGroup

	mu     sync.Mutex
	rng    *rand.Rand // seeds the generator of each connection
	delay  delay
	outage Outage // 0 is none
	relays map[*relay]struct{}
}

// New starts a proxy to target, a host and port, which need not accept
// connections yet. The same seed gives the same jitter as long as the order of
// connections and the sizes of the chunks are the same. The proxy runs until ctx
// ends or Close is called.
func New(ctx context.Context, target string, seed uint64) (*Proxy, error) {
	listener, err := loopback.Listen(ctx)
	if err == nil && ctx.Err() != nil {
		listener.Close()
		err = ctx.Err()
	}
	if err != nil {
		return nil, fmt.Errorf("starting a proxy to %s: %w", target, err)
	}
	p := &Proxy{
		target:   target,
		listener: listener,
		rng:      rand.New(rand.NewPCG(seed, 0)),
		relays:   map[*relay]struct{}{},
	}
	p.ctx, p.cancel = context.WithCancel(ctx)
	p.wg.Go(p.accept)
	p.wg.Go(func() {
		<-p.ctx.Done()
		listener.Close()
		p.Cut()
	})
	return p, nil
}

// Addr returns the host and port where clients reach the target through the proxy.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// DialContext connects through the proxy and ignores the given address. It is for
// clients that take a dial function and use the target's address otherwise.
func (p *Proxy) DialContext(ctx context.Context, _, _ string) (net.Conn, error) {
	return new(net.Dialer).DialContext(ctx, "tcp", p.Addr())
}

// SetLatency delays each direction by latency plus a jitter that is uniform
// between -jitter and +jitter. Bytes already in the proxy keep their delay.
// Negative values count as 0.
func (p *Proxy) SetLatency(latency, jitter time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.delay = delay{latency: max(latency, 0), jitter: max(jitter, 0)}
}

// Cut resets all connections and returns how many there were. New connections
// are accepted.
func (p *Proxy) Cut() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.resetLocked(func(*relay) bool { return true })
}

// Down starts an outage, which lasts until Up.
func (p *Proxy) Down(outage Outage) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.outage = outage
	if outage == Refuse {
		p.resetLocked(func(*relay) bool { return true })
	}
}

// Up ends an outage. The latency stays as it was set.
func (p *Proxy) Up() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.outage = 0
	p.resetLocked(func(r *relay) bool { return r.lostBytes })
}

// Close stops the proxy, resets its connections and waits until they have ended.
func (p *Proxy) Close() error {
	p.cancel()
	p.wg.Wait()
	return nil
}

// resetLocked resets the connections that match, with p.mu held.
func (p *Proxy) resetLocked(match func(*relay) bool) int {
	n := 0
	for _, r := range slices.Collect(maps.Keys(p.relays)) {
		if match(r) {
			r.reset()
			n++
		}
	}
	return n
}

// accept takes connections until the proxy is closed.
func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err == nil {
			p.start(client.(*net.TCPConn))
			continue
		}
		select {
		case <-p.ctx.Done():
			return
		case <-time.After(acceptRetry):
		}
	}
}

// start forwards a client's connection, or resets it where connections are
// refused.
func (p *Proxy) start(client *net.TCPConn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.outage == Refuse || p.ctx.Err() != nil {
		reset(client)
		return
	}
	r := newRelay(p, client)
	p.relays[r] = struct{}{}
	newRand := func() *rand.Rand { return rand.New(rand.NewPCG(p.rng.Uint64(), 0)) }
	toServer, toClient := newRand(), newRand()
	p.wg.Go(func() {
		r.run(toServer, toClient)
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.relays, r)
	})
}

func (p *Proxy) currentDelay() delay {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.delay
}

// discards reports whether bytes are discarded now, and if so, marks the
// connection as one that lost bytes.
func (p *Proxy) discards(r *relay) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.outage != BlackHole {
		return false
	}
	r.lostBytes = true
	return true
}
