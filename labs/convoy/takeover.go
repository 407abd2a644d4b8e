package convoy

import (
	"sync"
	"time"
)

// takeover measures how long a lane stands still after its consumer has died. It is
// safe for concurrent use.
type takeover struct {
	mu    sync.Mutex
	lane  int // that waits; 0: none
	since time.Time
	last  time.Duration
	known bool
}

// died records that the consumer of a lane has died.
func (t *takeover) died(lane int, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lane, t.since = lane, now
}

// handled records that an order of a lane was handled.
func (t *takeover) handled(lane int, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if lane == t.lane {
		t.lane, t.last, t.known = 0, now.Sub(t.since), true
	}
}

// took returns how long it took last time, in the lab's time.
func (t *takeover) took() (d time.Duration, known bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.last, t.known
}
