// Package clock provides the time that a lab lives in.
//
// A Clock runs at a speed that can be changed while the lab works. Everything a
// lab measures and every wait it makes is in this time, so a change of speed
// changes how long the lab takes on the wall clock. Of what is measured it changes
// only what is not made of such waits: the time that a real broker takes is multiplied
// by the speed.
package clock

import (
	"context"
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// Clock is a clock with a speed. All methods are safe for concurrent use.
type Clock struct {
	base  func() time.Time
	pace  atomic.Pointer[pace]
	begun atomic.Int64 // operations, for a Capacity

	mu      sync.Mutex // held while the speed changes
	changed chan struct{}
}

// pace is one stretch of time at one speed.
type pace struct {
	speed float64   // that a person chose, times limit
	limit float64   // the part of it that a Capacity leaves
	real  time.Time // when the stretch began on the base clock …
	lab   time.Time // … and on this one
	plain bool      // the speed is 1 and was never another
}

// New returns a clock at speed 1 that is driven by base; nil means time.Now.
func New(base func() time.Time) *Clock {
	if base == nil {
		base = time.Now
	}
	c := &Clock{base: base, changed: make(chan struct{})}
	now := base()
	c.pace.Store(&pace{speed: 1, limit: 1, real: now, lab: now, plain: true})
	return c
}

// Now returns the present time of the clock.
func (c *Clock) Now() time.Time {
	p := c.pace.Load()
	now := c.base()
	if p.plain {
		return now
	}
	return p.at(now)
}

func (p *pace) at(now time.Time) time.Time {
	return p.lab.Add(time.Duration(float64(now.Sub(p.real)) * p.speed))
}

// Since returns the time that has passed on the clock since t.
func (c *Clock) Since(t time.Time) time.Duration { return c.Now().Sub(t) }

// Until returns the time that will pass on the clock until t.
func (c *Clock) Until(t time.Time) time.Duration { return t.Sub(c.Now()) }

// Speed returns how many seconds pass on the clock in one real second: the chosen
// speed, or the part of it that Limit leaves.
func (c *Clock) Speed() float64 { return c.pace.Load().speed }

// Limit returns the part of the chosen speed that the clock has: less than 1 while a
// Capacity slows it.
func (c *Clock) Limit() float64 { return c.pace.Load().limit }

// Count counts one operation of the lab that begins, for the Capacity of the process.
func (c *Clock) Count() { c.begun.Add(1) }

// SetSpeed changes the speed. Sleeps under way end when their time has passed at
// the new speed. It panics unless speed is positive.
func (c *Clock) SetSpeed(speed float64) {
	if !(speed > 0) {
		panic("clock: the speed must be positive")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.turn(speed, c.Limit())
}

// setLimit changes the part of the chosen speed that the clock has.
func (c *Clock) setLimit(limit float64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	old := c.pace.Load()
	c.turn(old.speed/old.limit, limit)
}

// turn changes how fast the clock runs; c.mu is held.
func (c *Clock) turn(chosen, limit float64) {
	old := c.pace.Load()
	if old.speed == chosen*limit && old.limit == limit {
		return
	}
	now := c.base()
	c.pace.Store(&pace{speed: chosen * limit, limit: limit, real: now, lab: old.at(now)})
	close(c.changed)
	c.changed = make(chan struct{})
}

// Changed returns a channel that is closed at the next change of speed.
func (c *Clock) Changed() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.changed
}

// Real returns how long d of this clock lasts on the wall clock at the present
// speed. A broker that measures a time itself is given this one.
func (c *Clock) Real(d time.Duration) time.Duration {
	p := c.pace.Load()
	if p.plain {
		return d
	}
	return duration(float64(d) / p.speed)
}

// Lab returns how much time passes on this clock while d passes on the wall
// clock at the present speed. It is the inverse of Real.
func (c *Clock) Lab(d time.Duration) time.Duration {
	p := c.pace.Load()
	if p.plain {
		return d
	}
	return duration(float64(d) * p.speed)
}

// duration returns ns nanoseconds, or the longest duration if that is shorter.
func duration(ns float64) time.Duration {
	if ns < math.MaxInt64 {
		return time.Duration(ns)
	}
	return math.MaxInt64
}

// WithTimeout returns a context that ends after d of this clock. The speed at
// the moment of the call counts for the whole time.
func (c *Clock) WithTimeout(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, c.Real(d))
}

// Sleep waits until d has passed on the clock, or until ctx ends. It returns the
// error of ctx in the second case.
func (c *Clock) Sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	return c.SleepUntil(ctx, c.Now().Add(d))
}

// SleepUntil waits until the clock shows t, or until ctx ends. It returns the
// error of ctx in the second case.
func (c *Clock) SleepUntil(ctx context.Context, t time.Time) error {
	_, err := c.WaitUntil(ctx, t, nil)
	return err
}

// WaitUntil waits until the clock shows t, until wake can be received from, or
// until ctx ends. It reports whether it was woken; the error is that of ctx.
func (c *Clock) WaitUntil(ctx context.Context, t time.Time, wake <-chan struct{}) (woken bool, err error) {
	timer := time.NewTimer(c.Real(c.Until(t)))
	defer timer.Stop()
	for {
		changed := c.Changed()
		timer.Reset(c.Real(c.Until(t)))
		select {
		case <-ctx.Done():
			return false, ctx.Err()
		case <-wake:
			return true, nil
		case <-timer.C:
			return false, nil
		case <-changed:
		}
	}
}
