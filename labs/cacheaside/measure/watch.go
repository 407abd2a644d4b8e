package measure

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"resilab/labs/clock"
)

const (
	// While the lab is on a screen and a copy is alive, TTLs are read this often; else
	// rarely, to notice what others do to Redis.
	pollInterval, idleInterval = 100 * time.Millisecond, time.Second
	// lookTimeout is the longest time between two looks of a screen.
	// It is shorter than the second between two looks at a hidden tab.
	lookTimeout = 500 * time.Millisecond
	// pollTimeout bounds one round.
	pollTimeout = 500 * time.Millisecond
)

// TTLSource is what a Watch needs of Redis.
type TTLSource interface {
	PTTLs(ctx context.Context, keys []string, left []time.Duration) error
}

// Hooks are called by a Watch from its goroutine.
type Hooks struct {
	Polled  func(error) // a round has ended
	Ended   func(id int, life Life, announced bool)
	Changed func()
	// Settled reports whether the TTLs in Redis belong to the present speed of the
	// clock. While they are being adjusted they say nothing.
	Settled func() bool
	// Awake waits while the lab rests, or returns the error of ctx.
	Awake func(ctx context.Context) error
}

// Watch follows the copies of the first products of a run: it asks Redis for the
// time that each has left, all in one round trip.
type Watch struct {
	clock    *clock.Clock
	source   TTLSource
	products *Products
	keys     []string // of product 1, 2 …
	hooks    Hooks
	wake     chan struct{}
	away     atomic.Bool // Redis did not answer the last round

	mu      sync.Mutex
	looked  time.Time // real time
	looking bool
}

// NewWatch returns a watch for the keys of product 1, 2 … Run makes it work.
func NewWatch(c *clock.Clock, source TTLSource, products *Products, keys []string, hooks Hooks) *Watch {
	return &Watch{clock: c, source: source, products: products, keys: keys, hooks: hooks, wake: make(chan struct{}, 1)}
}

// Look records that a screen shows the lab. Two looks close together make the watch read
// TTLs often.
func (w *Watch) Look() {
	now := time.Now()
	w.mu.Lock()
	was := w.looking
	w.looking = now.Sub(w.looked) < lookTimeout
	begins := w.looking && !was
	w.looked = now
	w.mu.Unlock()
	if begins {
		w.Poke()
	}
}

// Poke makes the watch read TTLs now.
func (w *Watch) Poke() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

func (w *Watch) watched() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.looking && time.Since(w.looked) < lookTimeout
}

// Run reads TTLs until ctx ends.
func (w *Watch) Run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.wake:
		case <-timer.C:
		}
		if w.hooks.Awake(ctx) != nil {
			return
		}
		timer.Reset(w.poll(ctx))
	}
}

// poll asks once, and returns when to ask again.
func (w *Watch) poll(ctx context.Context) time.Duration {
	left := make([]time.Duration, len(w.keys))
	settled, speed, asked := w.hooks.Settled(), w.clock.Speed(), w.clock.Now()
	bounded, cancel := context.WithTimeout(ctx, pollTimeout)
	defer cancel()
	err := w.source.PTTLs(bounded, w.keys, left)
	if ctx.Err() != nil {
		return idleInterval
	}
	w.hooks.Polled(err)
	if w.away.Swap(err != nil) != (err != nil) {
		w.hooks.Changed()
	}
	if err == nil && settled && w.hooks.Settled() && w.clock.Speed() == speed {
		w.record(left, asked)
	}
	if w.watched() && w.anyAlive() {
		return pollInterval
	}
	return idleInterval
}

func (w *Watch) record(left []time.Duration, asked time.Time) {
	for i := range w.keys {
		p := w.products.Of(i + 1)
		if left[i] > 0 {
			left[i] = w.clock.Lab(left[i])
		}
		changed, ended := p.polled(left[i], asked)
		if changed {
			w.hooks.Changed()
		}
		if ended {
			p.mu.Lock()
			life := p.copy.life
			p.mu.Unlock()
			w.hooks.Ended(i+1, life, false)
		}
	}
}

func (w *Watch) anyAlive() bool {
	for i := range w.keys {
		p := w.products.Of(i + 1)
		p.mu.Lock()
		alive := p.copy.life == Alive
		p.mu.Unlock()
		if alive {
			return true
		}
	}
	return false
}

// flash is how long the end of a copy stays in sight.
const flash = 3 * time.Second

// Views returns what a screen shows of the watched products, and reports whether
// any of it changes by itself.
func (w *Watch) Views(now time.Time) (views []ProductView, running bool) {
	views = make([]ProductView, len(w.keys))
	away := w.away.Load()
	for i := range views {
		v := w.products.Of(i+1).View(i+1, now, away)
		running = running || v.Life == Alive || (v.Life == Expired || v.Life == Deleted) && v.Gone < flash
		views[i] = v
	}
	return views, running
}
