package gateway

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Gateway is a running server. All methods are safe for concurrent use.
type Gateway struct {
	server   *http.Server
	listener net.Listener
	now      func() time.Time
	served   chan error

	state   atomic.Pointer[state]
	working sync.RWMutex // read-held by every handler
}

// state is everything that Reset replaces. A handler works on one state from
// beginning to end, so that late requests do not write into a new ledger.
type state struct {
	cfg       Config
	began     time.Time
	closed    chan struct{} // ends the sleeps of handlers
	downUntil atomic.Int64  // Unix nanoseconds of an outage that was asked for
	keys      keys
	ledger    ledger
	line      line
	throttle  throttle
	version   atomic.Int64  // of the stock
	unnamed   atomic.Uint64 // requests that did not name their operation
	requests  atomic.Int64
	inOutage  atomic.Int64
}

// Start serves on a free port of 127.0.0.1. Close is due after success. now is
// the clock of outages and limits.
func Start(ctx context.Context, cfg Config, now func() time.Time) (*Gateway, error) {
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("opening a port for the payment gateway: %w", err)
	}
	g := &Gateway{listener: listener, now: now, served: make(chan error, 1)}
	g.Reset(cfg)
	g.server = &http.Server{Handler: g.routes(), ReadHeaderTimeout: 5 * time.Second, MaxHeaderBytes: 16 << 10}
	go func() { g.served <- g.server.Serve(listener) }()
	return g, nil
}

// URL is where the gateway listens: "http://127.0.0.1:41234".
func (g *Gateway) URL() string { return "http://" + g.listener.Addr().String() }

// Reset begins anew with other behaviour: an empty ledger, no known keys, and the
// planned outages counted from now. Requests under way end at once.
func (g *Gateway) Reset(cfg Config) {
	next := &state{cfg: cfg, began: g.now(), closed: make(chan struct{}), line: newLine(cfg.Capacity, cfg.Line)}
	next.throttle.limit = cfg.Limit
	if old := g.state.Swap(next); old != nil {
		close(old.closed)
	}
}

// Fail begins an outage of that length now.
func (g *Gateway) Fail(d time.Duration) {
	g.state.Load().downUntil.Store(g.now().Add(d).UnixNano())
}

// Down tells whether there is an outage.
func (g *Gateway) Down() bool { return g.state.Load().down(g.now()) }

// Ledger returns the sums of what was charged since the last Reset.
func (g *Gateway) Ledger() Totals { return g.state.Load().ledger.sums() }

// Charged tells whether money was taken for the order since the last Reset.
func (g *Gateway) Charged(order uint64) bool { return g.state.Load().ledger.has(order) }

// Requests returns how many requests arrived since the last Reset, and how many
// of them during outages.
func (g *Gateway) Requests() (all, inOutage int) {
	st := g.state.Load()
	return int(st.requests.Load()), int(st.inOutage.Load())
}

// Close ends the server and all requests, and waits for them. It is called once.
func (g *Gateway) Close() error {
	close(g.state.Load().closed)
	err := g.server.Close()
	if served := <-g.served; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	g.working.Lock()
	defer g.working.Unlock()
	if err != nil {
		return fmt.Errorf("closing the payment gateway: %w", err)
	}
	return nil
}

func (s *state) down(now time.Time) bool {
	return now.UnixNano() < s.downUntil.Load() || s.cfg.down(now.Sub(s.began))
}

// sleep waits, and returns false if the gateway closed or began anew first.
func (s *state) sleep(d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-s.closed:
		return false
	}
}
