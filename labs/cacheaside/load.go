package cacheaside

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"
)

// stream is arrivals of one kind, independent of how fast they are served
// (an open loop): the next is due when it is due, however slow the last was.
type stream struct {
	rate   float64 // a second; 0: none
	rng    *rand.Rand
	arrive func(rng *rand.Rand, due time.Time) // must not block
	next   time.Time
}

// gap draws the time to the next arrival of a Poisson stream.
func (s *stream) gap() time.Duration {
	return time.Duration(s.rng.ExpFloat64() / s.rate * float64(time.Second))
}

// arrivals lets streams arrive on the wall clock, from one goroutine.
type arrivals struct {
	mu      sync.Mutex
	streams []*stream
	paused  bool
	wake    chan struct{}
}

func newArrivals() *arrivals { return &arrivals{wake: make(chan struct{}, 1)} }

// set replaces all streams.
func (a *arrivals) set(streams ...*stream) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.streams = streams
	a.schedule(time.Now())
}

func (a *arrivals) pause(paused bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.paused == paused {
		return
	}
	a.paused = paused
	a.schedule(time.Now())
}

// schedule draws every stream's next arrival anew; a.mu is held.
func (a *arrivals) schedule(now time.Time) {
	for _, s := range a.streams {
		if s.rate > 0 {
			s.next = now.Add(s.gap())
		}
	}
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

// run works until ctx ends.
func (a *arrivals) run(ctx context.Context) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		timer.Reset(a.deliver(time.Now()))
		select {
		case <-ctx.Done():
			return
		case <-a.wake:
		case <-timer.C:
		}
	}
}

// deliver lets everything arrive that is due, and returns the time until the
// next is.
func (a *arrivals) deliver(now time.Time) time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	pause := time.Hour
	if a.paused {
		return pause
	}
	for _, s := range a.streams {
		if s.rate <= 0 {
			continue
		}
		for !s.next.After(now) {
			s.arrive(s.rng, s.next)
			s.next = s.next.Add(s.gap())
		}
		pause = min(pause, s.next.Sub(now))
	}
	return max(pause, 0)
}
