package kit

import (
	"sync"
	"time"
)

// Stopwatch measures how long something has run, without the times in which it
// was held. Holds are counted: a lab that is paused while its broker is away runs
// again once it is resumed and the broker is back. All methods are safe for
// concurrent use.
type Stopwatch struct {
	now func() time.Time

	mu     sync.Mutex
	holds  int
	since  time.Time // while it runs
	before time.Duration
}

// NewStopwatch returns a stopwatch at 0 that runs.
func NewStopwatch(now func() time.Time) *Stopwatch {
	return &Stopwatch{now: now, since: now()}
}

// Hold stops the watch until Release has been called as often as Hold.
func (s *Stopwatch) Hold() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.holds == 0 {
		s.before += s.now().Sub(s.since)
	}
	s.holds++
}

// Release undoes one Hold. It panics where there is none.
func (s *Stopwatch) Release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.holds == 0 {
		panic("kit: Release without Hold")
	}
	if s.holds--; s.holds == 0 {
		s.since = s.now()
	}
}

// Elapsed returns how long the watch has run.
func (s *Stopwatch) Elapsed() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.holds > 0 {
		return s.before
	}
	return s.before + s.now().Sub(s.since)
}
