package minirabbit

import (
	"slices"
	"sync"
	"time"
)

// A ManualClock is a clock for Options.Clock that stands still until Advance is
// called. It must be made with NewManualClock.
type ManualClock struct {
	mu     sync.Mutex
	now    time.Time
	timers []*manualTimer // in the order of their times
}

type manualTimer struct {
	at time.Time
	f  func()
}

// NewManualClock returns a clock that shows the time start.
func NewManualClock(start time.Time) *ManualClock { return &ManualClock{now: start} }

// Now returns the time that the clock shows.
func (c *ManualClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// AfterFunc has Advance call f once the clock has moved by d. stop prevents the
// call and reports whether it did.
func (c *ManualClock) AfterFunc(d time.Duration, f func()) (stop func() bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := &manualTimer{c.now.Add(d), f}
	i, _ := slices.BinarySearchFunc(c.timers, t.at, func(o *manualTimer, at time.Time) int {
		if o.at.After(at) {
			return 1
		}
		return -1 // after those of the same time
	})
	c.timers = slices.Insert(c.timers, i, t)
	return func() bool { return c.remove(t) }
}

func (c *ManualClock) remove(t *manualTimer) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.Index(c.timers, t)
	if i < 0 {
		return false
	}
	c.timers = slices.Delete(c.timers, i, i+1)
	return true
}

// Advance moves the clock by d. When it returns, everything that was due by then
// has happened: messages and queues have expired and dead letters have arrived.
func (c *ManualClock) Advance(d time.Duration) {
	end := c.Now().Add(d)
	for {
		t := c.nextDue(end)
		if t == nil {
			return
		}
		t.f()
	}
}

// nextDue removes the next timer that fires by end and moves the clock to its time,
// or to end if there is none.
func (c *ManualClock) nextDue(end time.Time) *manualTimer {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.timers) == 0 || c.timers[0].at.After(end) {
		c.now = end
		return nil
	}
	t := c.timers[0]
	c.timers = c.timers[1:]
	if t.at.After(c.now) {
		c.now = t.at
	}
	return t
}
