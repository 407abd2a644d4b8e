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

	"resilab/labs/clock"
)

// Gateway is a running server. All methods are safe for concurrent use.
type Gateway struct {
	server   *http.Server
	listener net.Listener
	clock    *clock.Clock
	served   chan error

	state   atomic.Pointer[state]
	working sync.RWMutex // read-held by every handler
}

// state is everything that Reset replaces. A handler works on one state from
// beginning to end, so that late requests do not write into a new ledger.
type state struct {
	cfg       Config
	clock     *clock.Clock
	began     time.Time
	ctx       context.Context // ends the sleeps of handlers
	end       context.CancelFunc
	downUntil atomic.Int64 // Unix nanoseconds of a requested outage
	keys      keys
	ledger    ledger
	workers   workers
	throttle  throttle
	version   atomic.Int64  // of the stock
	unnamed   atomic.Uint64 // requests that did not name their operation
	inOutage  atomic.Int64
}

// Listen opens a free port of 127.0.0.1 for Start.
func Listen(ctx context.Context) (net.Listener, error) {
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("opening a port for the payment gateway: %w", err)
	}
	return listener, nil
}

// Start serves on the listener and takes it over. The caller must call Close.
// Latencies, limits and outages are in the time of the clock.
func Start(listener net.Listener, cfg Config, c *clock.Clock) *Gateway {
	g := &Gateway{listener: listener, clock: c, served: make(chan error, 1)}
	g.Reset(cfg)
	g.server = &http.Server{Handler: g.routes(), ReadHeaderTimeout: 5 * time.Second, MaxHeaderBytes: 16 << 10}
	go func() { g.served <- g.server.Serve(listener) }()
	return g
}

// URL returns where the gateway listens: "http://127.0.0.1:41234".
func (g *Gateway) URL() string { return "http://" + g.listener.Addr().String() }

// Reset changes the behaviour and starts again with an empty ledger and no known
// keys; the planned outages are counted from now. Requests under way end at once.
func (g *Gateway) Reset(cfg Config) {
	next := &state{cfg: cfg, clock: g.clock, began: g.clock.Now(), workers: newWorkers(cfg.Capacity, cfg.QueueLimit)}
	next.ctx, next.end = context.WithCancel(context.Background())
	next.throttle.limit = cfg.Limit
	if old := g.state.Swap(next); old != nil {
		old.end()
	}
}

// Fail begins an outage of that length now.
func (g *Gateway) Fail(d time.Duration) {
	g.state.Load().downUntil.Store(g.clock.Now().Add(d).UnixNano())
}

// Down reports whether there is an outage.
func (g *Gateway) Down() bool { return g.state.Load().down() }

// Ledger returns the sums of what was charged since the last Reset.
func (g *Gateway) Ledger() Totals { return g.state.Load().ledger.sums() }

// Charged reports whether money was taken for the order since the last Reset.
func (g *Gateway) Charged(order uint64) bool { return g.state.Load().ledger.has(order) }

// InOutage returns how many requests arrived during outages since the last Reset.
func (g *Gateway) InOutage() int { return int(g.state.Load().inOutage.Load()) }

// Close ends the server and all requests, and waits for them. It is called once.
func (g *Gateway) Close() error {
	g.state.Load().end()
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

func (s *state) down() bool {
	now := s.clock.Now()
	return now.UnixNano() < s.downUntil.Load() || s.cfg.down(now.Sub(s.began))
}

// sleep waits, and returns false if the gateway was closed or reset first.
func (s *state) sleep(d time.Duration) bool { return s.clock.Sleep(s.ctx, d) == nil }
