package preset

import (
	"math"
	"time"

	"github.com/jpillora/backoff"
)

// A formula starts the waits of one operation. The function it returns is called
// with n = 0, 1, 2, … in turn and a uniform draw r from [0, 1), and gives the wait
// before retry n in milliseconds.
type formula func(Settings) func(n int, r float64) float64

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// capMS is the cap in milliseconds, infinite where there is none.
func (s Settings) capMS() float64 {
	if s.Cap == 0 {
		return math.Inf(1)
	}
	return ms(s.Cap)
}

// step is Base·Factor^n, without the cap.
func (s Settings) step(n int) float64 { return ms(s.Base) * math.Pow(s.Factor, float64(n)) }

// capped is min(Cap, Base·Factor^n).
func (s Settings) capped(n int) float64 { return math.Min(s.capMS(), s.step(n)) }

// stateless makes a formula of one that needs no memory.
func stateless(wait func(s Settings, n int, r float64) float64) formula {
	return func(s Settings) func(int, float64) float64 {
		return func(n int, r float64) float64 { return wait(s, n, r) }
	}
}

// The canonical four, from Brooker, "Exponential Backoff And Jitter", AWS
// Architecture Blog, 2015.
var (
	exponential = stateless(func(s Settings, n int, _ float64) float64 { return s.capped(n) })
	fullJitter  = stateless(func(s Settings, n int, r float64) float64 { return r * s.capped(n) })
	equalJitter = stateless(func(s Settings, n int, r float64) float64 { return s.capped(n) * (1 + r) / 2 })
)

func decorrelatedJitter(s Settings) func(int, float64) float64 {
	base := ms(s.Base)
	prev := base
	return func(_ int, r float64) float64 {
		prev = math.Min(s.capMS(), base+r*(3*prev-base))
		return prev
	}
}

// nodeRetry is the timeouts function of npm retry, lib/retry.js. Version 0.13
// (async-retry) takes a base of 0 for 1; 0.12 (promise-retry) does not.
func nodeRetry(leastBase float64, randomize bool) formula {
	return stateless(func(s Settings, n int, r float64) float64 {
		if !randomize {
			r = 0
		}
		v := (1 + r) * math.Max(ms(s.Base), leastBase) * math.Pow(s.Factor, float64(n))
		return math.Min(math.Floor(v+0.5), s.capMS())
	})
}

// stripeNode is _getSleepTimeInMS of stripe-node's RequestSender.
var stripeNode = stateless(func(s Settings, n int, r float64) float64 {
	return math.Max(ms(s.Base), s.capped(n)*0.5*(1+r))
})

// truncatedSteps counts up as the Java libraries do: whole milliseconds, truncated
// at each multiplication.
func truncatedSteps(s Settings) func() float64 {
	next := math.Trunc(ms(s.Base))
	return func() float64 {
		step := next
		next = math.Trunc(next * s.Factor)
		return step
	}
}

// springRetry is ExponentialBackOffPolicy and ExponentialRandomBackOffPolicy of
// Spring Retry 2.0. Its random numbers are 32 bits wide.
func springRetry(random bool) formula {
	return func(s Settings) func(int, float64) float64 {
		step := truncatedSteps(s)
		return func(_ int, r float64) float64 {
			wait := math.Min(step(), s.capMS())
			if random {
				wait = math.Trunc(wait * (1 + float64(float32(r))*(s.Factor-1)))
			}
			return math.Min(wait, s.capMS())
		}
	}
}

// springUniform is Spring Retry's UniformRandomBackOffPolicy.
var springUniform = stateless(func(s Settings, _ int, r float64) float64 {
	return ms(s.Base) + math.Trunc(r*(s.capMS()-ms(s.Base)))
})

// spring7 is ExponentialBackOff of Spring Framework 7 with its jitter, which grows
// with the interval and keeps between the initial and the longest one.
func spring7(s Settings) func(int, float64) float64 {
	step := truncatedSteps(s)
	return func(_ int, r float64) float64 {
		interval := math.Min(step(), s.capMS())
		around := ms(s.SpreadBy) * math.Floor(interval/ms(s.Base))
		lo := math.Max(interval-around, ms(s.Base))
		hi := math.Min(interval+around, s.capMS())
		return lo + math.Trunc(r*(hi-lo))
	}
}

// resilience4j is IntervalFunction of Resilience4j: the cap comes after the jitter
// and does not stop the steps from growing.
func resilience4j(random bool) formula {
	return func(s Settings) func(int, float64) float64 {
		step := truncatedSteps(s)
		return func(_ int, r float64) float64 {
			wait := step()
			if random {
				wait = math.Trunc(math.Max(1, wait*(1-s.Spread)+r*(2*s.Spread*wait+1)))
			}
			return math.Min(wait, s.capMS())
		}
	}
}

// polly is RetryHelper of Polly 8 without jitter, and with the ±25 % that it gives
// constant and linear waits. linear adds the base at each retry.
func polly(linear, jitter bool) formula {
	return stateless(func(s Settings, n int, r float64) float64 {
		wait := s.step(n)
		if linear {
			wait = ms(s.Base) * float64(n+1)
		}
		if jitter {
			wait *= 1 + 0.5*r - 0.25
		}
		return math.Min(wait, s.capMS())
	})
}

// pollyJitter is Polly's DecorrelatedJitterBackoffV2, which has nothing but the
// name in common with AWS's decorrelated jitter.
func pollyJitter(s Settings) func(int, float64) float64 {
	prev := 0.0
	return func(n int, r float64) float64 {
		t := float64(n) + r
		x := math.Pow(2, t) * math.Tanh(math.Sqrt(4*t))
		wait := (x - prev) * ms(s.Base) / 1.4
		prev = x
		return math.Min(wait, s.capMS())
	}
}

// Tenacity's wait_exponential_jitter, wait_incrementing and wait_fixed + wait_random.
// wait_exponential is exponential and wait_random_exponential is fullJitter.
var (
	tenacityJitter = stateless(func(s Settings, n int, r float64) float64 {
		return math.Min(s.capMS(), s.step(n)+r*ms(s.SpreadBy))
	})
	tenacityIncrementing = stateless(func(s Settings, n int, _ float64) float64 {
		return math.Min(s.capMS(), ms(s.Base)+float64(n)*ms(s.SpreadBy))
	})
	tenacityFixedRandom = stateless(func(s Settings, _ int, r float64) float64 {
		return ms(s.Base) + r*ms(s.SpreadBy)
	})
)

// jpillora is jpillora/backoff 1.1.0 itself, and its formula where chance is in it,
// because the library draws from a source of its own.
func jpillora(jitter bool) formula {
	return stateless(func(s Settings, n int, r float64) float64 {
		b := backoff.Backoff{Min: s.Base, Max: s.Cap, Factor: s.Factor}
		if !jitter {
			return ms(b.ForAttempt(float64(n)))
		}
		if s.Base >= s.Cap {
			return ms(s.Cap)
		}
		v := s.step(n)
		return math.Min(s.capMS(), math.Max(ms(s.Base), r*(v-ms(s.Base))+ms(s.Base)))
	})
}

// cenkalti is ExponentialBackOff of cenkalti/backoff v5: jitter after the cap, in
// whole nanoseconds.
var cenkalti = stateless(func(s Settings, n int, r float64) float64 {
	v := s.capped(n) * float64(time.Millisecond)
	if s.Spread > 0 {
		v = math.Floor(v*(1-s.Spread) + r*(2*s.Spread*v+1))
	}
	return v / float64(time.Millisecond)
})

// failsafe is failsafe-go 0.9.8: jitter after the cap, and longest where r is 0.
var failsafe = stateless(func(s Settings, n int, r float64) float64 {
	return math.Max(0, s.capped(n)*(1+(1-2*r)*s.Spread)+(1-2*r)*ms(s.SpreadBy))
})

// sethvargo/go-retry 0.5. Its wrappers act from the inside out: WithFullJitter and
// WithJitterPercent stand here outside the cap, WithJitter inside.
var (
	sethvargoPercent = stateless(func(s Settings, n int, r float64) float64 {
		percent := s.Spread * 100
		return s.capped(n) * (1 - (math.Floor(r*2*percent)-percent)/100)
	})
	sethvargoJitter = stateless(func(s Settings, n int, r float64) float64 {
		return math.Min(s.capMS(), math.Max(0, s.step(n)+(2*r-1)*ms(s.SpreadBy)))
	})
)

func sethvargoFibonacci(s Settings) func(int, float64) float64 {
	before, wait := ms(s.Base), ms(s.Base)
	return func(int, float64) float64 {
		now := wait
		before, wait = wait, before+wait
		return math.Min(now, s.capMS())
	}
}

// awsLegacy is ExponentialJitterBackoff of the AWS SDK for Go v2 before 1.48: from
// where the exponential would pass the cap on, there is no jitter.
var awsLegacy = stateless(func(s Settings, n int, r float64) float64 {
	v := s.step(n + 1)
	if v > s.capMS() {
		return s.capMS()
	}
	return r * v
})
