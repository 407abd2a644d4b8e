package policy

import (
	"math"
	"time"

	"github.com/jpillora/backoff"
)

// Schedule hands out the waits of one operation, one after the other. It is a
// small value that allocates nothing; make one with Policy.Schedule.
type Schedule struct {
	policy *Policy
	n      int
	prev   time.Duration
}

// Schedule starts the waits of one operation. The policy must outlive it.
func (p *Policy) Schedule() Schedule { return Schedule{policy: p} }

// Next returns the wait before the next retry, and false when no retry is left.
// random is called at most once, for a uniform draw from [0, 1).
func (s *Schedule) Next(random func() float64) (time.Duration, bool) {
	if s.n >= s.policy.Retries {
		return 0, false
	}
	r := 0.0
	if s.policy.random() {
		r = random()
	}
	s.prev = s.policy.Wait(s.n, s.prev, r)
	s.n++
	return s.prev, true
}

// random reports whether chance plays a part in the waits.
func (p *Policy) random() bool { return p.Jitter != None || p.Formula != nil }

// Wait returns the wait before retry n, counted from 0, for the uniform draw r
// from [0, 1). prev is the wait before (0 for the first); only the decorrelated
// jitter uses it.
func (p *Policy) Wait(n int, prev time.Duration, r float64) time.Duration {
	if p.Formula != nil {
		return p.Formula(n, prev, r)
	}
	switch p.Jitter {
	case Full:
		return scale(p.step(n), r)
	case Equal:
		return scale(p.step(n), 0.5+r/2)
	case Decorrelated:
		base, from := float64(p.Base), float64(max(prev, p.Base))
		return p.capped(base + r*(3*from-base))
	case Percent:
		return p.capped(float64(p.step(n)) * (1 + (2*r-1)*p.JitterPct/100))
	case Jpillora:
		base, v := float64(p.Base), float64(p.uncappedStep(n))
		return p.capped(base + r*(v-base))
	case Randomize:
		return p.capped(float64(p.step(n)) * (1 + r))
	default:
		return p.step(n)
	}
}

// Range returns the shortest and the longest wait that chance can give before
// retry n, counted from 0.
func (p *Policy) Range(n int) (lo, hi time.Duration) {
	if p.Jitter != Decorrelated {
		lo, hi = p.Wait(n, 0, 0), p.Wait(n, 0, 1)
		return min(lo, hi), max(lo, hi) // failsafe-go's longest wait is that of r = 0
	}
	// The longest of the n-th comes after the longest of all before: Base·3^(n+1).
	return p.Base, p.capped(float64(p.Base) * math.Pow(3, float64(n+1)))
}

// WithRetryAfter combines the policy's own wait with the time a server asked for.
// Without jitter that is the longer of the two. With jitter the own wait begins
// where the server's ends: clients that all got the same second would
// otherwise come back together.
func (p *Policy) WithRetryAfter(own, asked time.Duration) time.Duration {
	if !p.HonorRetryAfter || asked <= 0 {
		return own
	}
	if p.Jitter == None {
		return max(own, asked)
	}
	return asked + own
}

// step is min(Cap, Base·Factor^n).
func (p *Policy) step(n int) time.Duration { return p.exponential(n, p.Cap) }

// uncappedStep is Base·Factor^n, short of overflow.
func (p *Policy) uncappedStep(n int) time.Duration { return p.exponential(n, math.MaxInt64) }

// exponential leaves the power to jpillora/backoff, which takes a Min of 0 for
// its default of 100 ms: a base of 0 must not reach it.
func (p *Policy) exponential(n int, limit time.Duration) time.Duration {
	if p.Base <= 0 {
		return 0
	}
	b := backoff.Backoff{Min: p.Base, Max: limit, Factor: p.Factor}
	return b.ForAttempt(float64(n))
}

// capped turns nanoseconds into a wait between 0 and Cap. The comparison comes
// before the conversion, which large floats would overflow.
func (p *Policy) capped(ns float64) time.Duration {
	if ns >= float64(p.Cap) {
		return p.Cap
	}
	return max(0, time.Duration(ns))
}

func scale(d time.Duration, by float64) time.Duration {
	return time.Duration(float64(d) * by)
}
