package retry

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"
)

// valve lets operations arrive or holds them back.
type valve struct {
	mu      sync.Mutex
	open    bool
	changed chan struct{} // closed at the next change
	steps   chan struct{} // one token for each operation let through by hand
}

// maxSteps is how many steps may wait for the arrivals to take them.
const maxSteps = 16

func newValve() *valve {
	return &valve{open: true, changed: make(chan struct{}), steps: make(chan struct{}, maxSteps)}
}

func (v *valve) set(open bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.open != open {
		v.open = open
		close(v.changed)
		v.changed = make(chan struct{})
	}
}

func (v *valve) state() (open bool, changed <-chan struct{}) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.open, v.changed
}

func (v *valve) step() {
	select {
	case v.steps <- struct{}{}:
	default:
	}
}

// wait returns true at the given time if the valve is open then, or at a step;
// false when ctx ends. resumed tells that the valve was opened meanwhile.
func (v *valve) wait(ctx context.Context, until time.Time) (ok, resumed bool) {
	for {
		open, changed := v.state()
		var due <-chan time.Time
		if open {
			timer := time.NewTimer(time.Until(until))
			defer timer.Stop()
			due = timer.C
		}
		select {
		case <-ctx.Done():
			return false, false
		case <-v.steps:
			return true, true
		case <-due:
			return true, resumed
		case <-changed:
			resumed = true
		}
	}
}

// maxLag is how far arrivals may fall behind before the rest is forgotten, as
// after the machine slept.
const maxLag = time.Second

// arrive lets the operations begin, one by one, at their times.
func (r *run) arrive() {
	defer r.wg.Done()
	gaps := r.gaps()
	next := time.Now()
	if r.rate == 0 {
		next = next.Add(never)
	}
	for {
		ok, resumed := r.lab.valve.wait(r.ctx, next)
		if !ok {
			return
		}
		if now := time.Now(); resumed || now.Sub(next) > maxLag {
			next = now
		}
		if r.scenario == Demo { // one payment after the other
			r.one()
			next = time.Now()
		} else {
			r.spawn()
		}
		next = next.Add(gaps())
	}
}

// one carries out the next operation and waits for it.
func (r *run) one() {
	r.inFlight.Add(1)
	defer r.inFlight.Add(-1)
	r.operate(r.begun.Add(1))
}

// saleEvery is how often the flash sale opens.
const saleEvery = 3 * time.Second

// never is long enough to be woken by something else.
const never = 24 * time.Hour

// gaps returns the times between arrivals: those of a flash sale come all at
// once, those of the demo and of a rate of zero are even, all others are a
// Poisson process, as independent customers are.
func (r *run) gaps() func() time.Duration {
	if r.rate == 0 {
		return func() time.Duration { return never }
	}
	mean := time.Second / time.Duration(r.rate)
	draws := rand.New(rand.NewPCG(r.seed, 0))
	switch r.scenario {
	case Demo:
		return func() time.Duration { return mean }
	case Inventory:
		crowd := max(1, r.rate*int(saleEvery/time.Second))
		n := 0
		return func() time.Duration {
			if n++; n%crowd == 0 {
				return saleEvery
			}
			return 0
		}
	}
	return func() time.Duration { return time.Duration(draws.ExpFloat64() * float64(mean)) }
}
