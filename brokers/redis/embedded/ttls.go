package embedded

import (
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"
)

// ttls lets the TTLs of miniredis fall in real time.
//
// miniredis is told how much time has passed, and then walks over every key. So
// that this stays cheap, the clock moves at most once in an interval that grows
// with the cost of the last walk: with a few keys a TTL is right to a
// millisecond, with 10,000 keys and more to a tenth of a second.
type ttls struct {
	m        *miniredis.Miniredis
	announce func(passed time.Duration) (then func())

	mu   sync.Mutex
	last time.Time     // until when TTLs have fallen
	cost time.Duration // of the last walk

	quit chan struct{}
	done chan struct{}
}

const (
	// tick moves the clock while no command arrives, so that keys which nobody
	// reads expire as well.
	tick = 20 * time.Millisecond
	// minInterval is the shortest time between two walks.
	minInterval = time.Millisecond
)

// pace bounds the cost of the walks: one part in share of the time. But a walk
// that was delayed once must not let all keys live for long: most is the longest
// time between two.
type pace struct{ share, most time.Duration }

var (
	busyPace = pace{share: 30, most: 100 * time.Millisecond} // while commands arrive
	idlePace = pace{share: 200, most: time.Second}           // while none do
)

func (p pace) after(cost time.Duration) time.Duration {
	return min(max(minInterval, cost*p.share), p.most)
}

// startTTLs starts the clock. announce is called before a walk, and what it
// returns after it.
func startTTLs(m *miniredis.Miniredis, announce func(time.Duration) func()) *ttls {
	t := &ttls{m: m, announce: announce, last: time.Now(), quit: make(chan struct{}), done: make(chan struct{})}
	go t.run()
	return t
}

func (t *ttls) stop() {
	close(t.quit)
	<-t.done
}

func (t *ttls) run() {
	defer close(t.done)
	timer := time.NewTimer(tick)
	defer timer.Stop()
	for {
		select {
		case <-t.quit:
			return
		case <-timer.C:
		}
		t.advance(idlePace)
		timer.Reset(max(tick, t.interval(idlePace)))
	}
}

// interval returns the time until the next walk.
func (t *ttls) interval(p pace) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	return p.after(t.cost)
}

// advance lets TTLs fall by the time that has passed, unless it did so a moment
// ago. Expired keys are gone when it returns.
func (t *ttls) advance(p pace) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	passed := now.Sub(t.last)
	if passed < p.after(t.cost) {
		return
	}
	t.last = now
	then := t.announce(passed)
	t.m.FastForward(passed)
	then()
	t.cost = time.Since(now)
}
