package link

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"time"
)

// Mode is a way for a link to be down.
type Mode int

const (
	// Refuse ends all connections and every new one at once, as a host does
	// whose broker is not running.
	Refuse Mode = iota + 1
	// BlackHole lets connections be and accepts new ones, but nothing passes, as
	// when a cable is pulled or a firewall drops packets. Neither end learns
	// that the other has gone. Up ends the connections that missed something.
	BlackHole
)

func (m Mode) String() string {
	return [...]string{"up", "refuse", "black hole"}[m]
}

// Link is the wire to one target. All its methods may be called at any time, by
// several goroutines at once.
type Link struct {
	target   string
	listener net.Listener
	ctx      context.Context
	end      context.CancelFunc
	wg       sync.WaitGroup

	mu    sync.Mutex
	seeds *rand.Rand // for the random numbers of each connection
	shape shape
	mode  Mode // 0 is up
	pairs map[*pair]struct{}
}

// Option changes a link while it is made.
type Option func(*Link)

// WithSeed makes jitter and losses the same for the same seed, as far as the order
// of connections and the sizes of the chunks under way are the same.
func WithSeed(seed uint64) Option {
	return func(l *Link) { l.seeds = rand.New(rand.NewPCG(seed, 0)) }
}

// New opens a link to target, a host and port, which need not be there yet. It
// lasts until ctx ends or Close is called.
func New(ctx context.Context, target string, options ...Option) (*Link, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err == nil && ctx.Err() != nil {
		listener.Close()
		err = ctx.Err()
	}
	if err != nil {
		return nil, fmt.Errorf("open a link to %s: %w", target, err)
	}
	l := &Link{target: target, listener: listener, pairs: map[*pair]struct{}{}}
	WithSeed(rand.Uint64())(l)
	for _, o := range options {
		o(l)
	}
	l.ctx, l.end = context.WithCancel(ctx)
	l.wg.Go(l.accept)
	l.wg.Go(func() {
		<-l.ctx.Done()
		listener.Close()
		l.Cut()
	})
	return l, nil
}

// Addr returns the host and port where clients reach the target through the link.
func (l *Link) Addr() string { return l.listener.Addr().String() }

// DialContext connects through the link, whatever the address: for clients that
// take a dial function and keep the target's address for themselves.
func (l *Link) DialContext(ctx context.Context, _, _ string) (net.Conn, error) {
	return new(net.Dialer).DialContext(ctx, "tcp", l.Addr())
}

// SetLatency delays what passes, in each direction, by latency ± a uniform jitter.
// What is under way already keeps its time.
func (l *Link) SetLatency(latency, jitter time.Duration) {
	l.reshape(func(s *shape) { s.latency, s.jitter = max(latency, 0), max(jitter, 0) })
}

// SetLoss stalls a direction of a connection with probability p, in 0 to 1, for
// each chunk of up to 32 KiB that is ready to go.
func (l *Link) SetLoss(p float64, stall time.Duration) {
	l.reshape(func(s *shape) { s.loss, s.stall = p, max(stall, 0) })
}

// SetBandwidth limits each direction of each connection. Zero lifts the limit.
func (l *Link) SetBandwidth(bytesPerSecond int) {
	l.reshape(func(s *shape) { s.bandwidth = max(bytesPerSecond, 0) })
}

func (l *Link) reshape(change func(*shape)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change(&l.shape)
}

// Cut resets all connections and returns how many there were. New ones are welcome.
func (l *Link) Cut() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.cut(func(*pair) bool { return true })
}

// Down takes the link down until Up.
func (l *Link) Down(mode Mode) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.mode = mode
	if mode == Refuse {
		l.cut(func(*pair) bool { return true })
	}
}

// Up restores a link that is down. Its latency, losses and bandwidth are as
// they were.
func (l *Link) Up() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.mode = 0
	l.cut(func(p *pair) bool { return p.missed })
}

// Open returns the number of connections.
func (l *Link) Open() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.pairs)
}

// Close ends the link and its connections, and returns when they are gone.
func (l *Link) Close() error {
	l.end()
	l.wg.Wait()
	return nil
}

// cut resets the connections that match. The caller holds the lock.
func (l *Link) cut(match func(*pair) bool) int {
	n := 0
	for _, p := range slices.Collect(maps.Keys(l.pairs)) {
		if match(p) {
			p.reset()
			n++
		}
	}
	return n
}

// accept takes connections until the link ends.
func (l *Link) accept() {
	for {
		client, err := l.listener.Accept()
		if err == nil {
			l.join(client.(*net.TCPConn))
			continue
		}
		select {
		case <-l.ctx.Done():
			return
		case <-time.After(10 * time.Millisecond): // out of files, say: try again
		}
	}
}

// join starts to carry a client's connection, or refuses it.
func (l *Link) join(client *net.TCPConn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.mode == Refuse || l.ctx.Err() != nil {
		reset(client)
		return
	}
	p := newPair(l, client)
	l.pairs[p] = struct{}{}
	seed := func() *rand.Rand { return rand.New(rand.NewPCG(l.seeds.Uint64(), 0)) }
	there, back := seed(), seed()
	l.wg.Go(func() {
		p.carry(there, back)
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.pairs, p)
	})
}

// now returns how the link is at the moment.
func (l *Link) now() shape {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.shape
}

// swallows reports whether nothing passes, and if so, notes that the connection
// has missed something.
func (l *Link) swallows(p *pair) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.mode != BlackHole {
		return false
	}
	p.missed = true
	return true
}
