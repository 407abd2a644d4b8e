package broker

import (
	"sync"
	"time"
)

// A Clock returns the time and calls functions later. [SystemClock] is the real one.
type Clock interface {
	Now() time.Time
	// AfterFunc calls f in its own goroutine once d has passed. Stop reports
	// whether it prevented the call.
	AfterFunc(d time.Duration, f func()) (stop func() bool)
}

// SystemClock is the wall clock.
type SystemClock struct{}

// Now returns the current time.
func (SystemClock) Now() time.Time { return time.Now() }

// AfterFunc is time.AfterFunc.
func (SystemClock) AfterFunc(d time.Duration, f func()) (stop func() bool) {
	return time.AfterFunc(d, f).Stop
}

// timers are pending callbacks. After close none runs.
type timers struct {
	clock   Clock
	mu      sync.Mutex
	closed  bool
	pending map[*timer]struct{}
	running sync.WaitGroup
}

type timer struct {
	owner *timers
	stop  func() bool
}

func newTimers(c Clock) *timers {
	return &timers{clock: c, pending: map[*timer]struct{}{}}
}

// after calls f once d has passed, unless the timer is cancelled or the timers
// are closed first. f must not call close.
func (t *timers) after(d time.Duration, f func()) *timer {
	t.mu.Lock()
	defer t.mu.Unlock()
	tm := &timer{owner: t}
	if t.closed {
		return tm
	}
	t.pending[tm] = struct{}{}
	tm.stop = t.clock.AfterFunc(max(d, 0), func() {
		if t.begin(tm) {
			defer t.running.Done()
			f()
		}
	})
	return tm
}

// begin reports whether a timer may run, because it was not cancelled.
func (t *timers) begin(tm *timer) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, ok := t.pending[tm]; !ok {
		return false
	}
	delete(t.pending, tm)
	t.running.Add(1)
	return true
}

// cancel prevents the call if it has not begun. The timer may be nil.
func (tm *timer) cancel() {
	if tm == nil {
		return
	}
	tm.owner.mu.Lock()
	defer tm.owner.mu.Unlock()
	if _, ok := tm.owner.pending[tm]; ok {
		delete(tm.owner.pending, tm)
		tm.stop()
	}
}

// close cancels all timers and waits for running callbacks.
func (t *timers) close() {
	t.mu.Lock()
	t.closed = true
	for tm := range t.pending {
		tm.stop()
	}
	clear(t.pending)
	t.mu.Unlock()
	t.running.Wait()
}
