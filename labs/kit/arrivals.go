package kit

import (
	"context"
	"math/rand/v2"
	"time"

	"resilab/labs/clock"
)

// Never is the gap before an arrival that does not come by itself. It can still
// be stepped.
const Never = 100 * 365 * 24 * time.Hour

// maxLag is how far arrivals may fall behind before the rest is dropped, as after
// a laptop was closed.
const maxLag = time.Second

// Arrival is one kind of work that arrives whether or not the work before it is
// done (an open loop).
type Arrival struct {
	// Gap returns the time to the next arrival. It is called once an arrival, the
	// first time for the first one.
	Gap func() time.Duration
	// Do is called at each arrival with the time at which it was due. It returns
	// at once and starts what takes longer.
	Do func(due time.Time)
	// Serial makes the next gap begin when Do has returned, which then may take
	// its time.
	Serial bool
}

// Regular returns equal gaps for a rate a second; 0 means none.
func Regular(rate float64) func() time.Duration {
	gap := Never
	if rate > 0 {
		gap = time.Duration(float64(time.Second) / rate)
	}
	return func() time.Duration { return gap }
}

// Poisson returns the gaps of a Poisson process, as independent customers make
// it, with a mean rate a second; 0 means none.
func Poisson(rate float64, rng *rand.Rand) func() time.Duration {
	if rate <= 0 {
		return Regular(0)
	}
	mean := float64(time.Second) / rate
	return func() time.Duration { return time.Duration(rng.ExpFloat64() * mean) }
}

// Burst returns gaps for size arrivals at once, every so often. The first burst
// comes at once.
func Burst(size int, every time.Duration) func() time.Duration {
	n := -1
	return func() time.Duration {
		if n++; n > 0 && n%max(size, 1) == 0 {
			return every
		}
		return 0
	}
}

// Arrive calls what arrives until ctx ends. While the valve is closed nothing
// arrives, and the time stands still for what comes next. A step lets the next
// arrival of the first kind come at once, with the draws it would have had.
func Arrive(ctx context.Context, c *clock.Clock, v *Valve, kinds ...Arrival) {
	a := &arrivals{clock: c, valve: v, kinds: kinds, next: make([]time.Time, len(kinds))}
	now := c.Now()
	for i, k := range kinds {
		a.next[i] = now.Add(k.Gap())
	}
	for a.round(ctx) {
	}
}

type arrivals struct {
	clock *clock.Clock
	valve *Valve
	kinds []Arrival
	next  []time.Time
}

// round waits for the next arrival, step or turn of the valve, and handles it.
// It reports false when ctx has ended.
func (a *arrivals) round(ctx context.Context) bool {
	open, turned := a.valve.State()
	if !open {
		return a.hold(ctx, turned)
	}
	i := a.first()
	if i < 0 {
		<-ctx.Done()
		return false
	}
	woken, err := a.clock.WaitUntil(ctx, a.next[i], turned)
	if err != nil {
		return false
	}
	if open, _ := a.valve.State(); open && !woken {
		a.arrive(i)
	}
	return ctx.Err() == nil
}

// hold waits until the valve opens, and moves what is next by that time. Steps
// are taken meanwhile.
func (a *arrivals) hold(ctx context.Context, turned <-chan struct{}) bool {
	since := a.clock.Now()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-a.valve.steps:
			if len(a.kinds) > 0 {
				a.kinds[0].Do(a.clock.Now())
			}
		case <-turned:
			held := a.clock.Since(since)
			for i := range a.next {
				a.next[i] = a.next[i].Add(held)
			}
			return true
		}
	}
}

func (a *arrivals) arrive(i int) {
	due := a.next[i]
	if now := a.clock.Now(); now.Sub(due) > maxLag {
		due = now
	}
	a.kinds[i].Do(due)
	if a.kinds[i].Serial {
		due = a.clock.Now()
	}
	a.next[i] = due.Add(a.kinds[i].Gap())
}

// first returns the kind that is due first; -1 where there are none.
func (a *arrivals) first() int {
	first := -1
	for i, t := range a.next {
		if first < 0 || t.Before(a.next[first]) {
			first = i
		}
	}
	return first
}
