package redis

import (
	"fmt"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/alicebob/miniredis/v2/server"
)

// Embedded is a Redis server in this process: miniredis on a real clock.
//
// miniredis lets TTLs fall only when it is told how much time has passed, and
// then walks over every key. So that this stays cheap, the clock moves at most
// every pace, which grows with what the last walk cost: with a few keys a TTL
// is right to a millisecond, with 10,000 keys and more to a tenth of a second.
type Embedded struct {
	m      *miniredis.Miniredis
	events events

	mu   sync.Mutex
	last time.Time     // until when TTLs have fallen
	cost time.Duration // of the last walk

	quit chan struct{}
	done chan struct{}
}

const (
	// tick moves the clock while no command arrives, so that keys which
	// nobody touches expire as well; emptyTick while there are none.
	tick, emptyTick = 20 * time.Millisecond, 200 * time.Millisecond
	// finest is the shortest time between two walks.
	finest = time.Millisecond
)

// pace bounds what walking over the keys costs: one part in share of the time.
// But a walk that was held up once must not let all keys live for long: most is
// the longest time between two.
type pace struct{ share, most time.Duration }

var (
	busyPace = pace{share: 30, most: 100 * time.Millisecond} // while commands arrive
	idlePace = pace{share: 200, most: time.Second}           // while none do
)

func (p pace) after(cost time.Duration) time.Duration {
	return min(max(finest, cost*p.share), p.most)
}

// StartEmbedded listens on addr ("127.0.0.1:6379"); an empty addr is a free
// port on loopback. Close is due after success.
func StartEmbedded(addr string) (*Embedded, error) {
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	m := miniredis.NewMiniRedis()
	if err := m.StartAddr(addr); err != nil {
		return nil, fmt.Errorf("listening for Redis clients: %w", err)
	}
	e := &Embedded{m: m, last: time.Now(), quit: make(chan struct{}), done: make(chan struct{})}
	if err := e.events.register(m.Server()); err != nil {
		m.Close()
		return nil, fmt.Errorf("adding the command CONFIG: %w", err)
	}
	m.Server().SetPreHook(func(*server.Peer, string, ...string) bool {
		// A script's own commands pass here too, while miniredis is locked by
		// that very script: waiting for the lock would never end.
		if m.TryLock() {
			m.Unlock()
			e.advance(busyPace)
		}
		return false
	})
	go e.run(e.quit)
	return e, nil
}

// Addr is where the server listens, host and port.
func (e *Embedded) Addr() string { return e.m.Addr() }

// URL is what a client takes.
func (e *Embedded) URL() string { return "redis://" + e.m.Addr() + "/0" }

// Close ends the server, its connections and its clock. A second call does
// nothing.
func (e *Embedded) Close() error {
	e.mu.Lock()
	closed := e.quit == nil
	if !closed {
		close(e.quit)
		e.quit = nil
	}
	e.mu.Unlock()
	if !closed {
		<-e.done
		e.m.Close()
	}
	return nil
}

// run is told what to wait for, because Close forgets e.quit.
func (e *Embedded) run(quit <-chan struct{}) {
	defer close(e.done)
	t := time.NewTimer(tick)
	defer t.Stop()
	for {
		select {
		case <-quit:
			return
		case <-t.C:
			e.advance(idlePace)
		}
		if len(e.m.DB(0).Keys()) > 0 {
			t.Reset(max(tick, e.pause(idlePace)))
		} else {
			t.Reset(emptyTick)
		}
	}
}

// pause is the time until the next walk.
func (e *Embedded) pause(p pace) time.Duration {
	e.mu.Lock()
	defer e.mu.Unlock()
	return p.after(e.cost)
}

// advance lets TTLs fall by the time that has passed, unless it did so a
// moment ago. Expired keys are gone when it returns.
func (e *Embedded) advance(p pace) {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := time.Now()
	passed := now.Sub(e.last)
	if passed < p.after(e.cost) {
		return
	}
	e.last = now
	announce := e.events.prepare(e.m, passed)
	e.m.FastForward(passed)
	announce()
	e.cost = time.Since(now)
}
