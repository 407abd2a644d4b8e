package preset

import (
	"math"
	"time"

	"github.com/jpillora/backoff"
)

// A formula returns the wait before retry n, counted from 0, in milliseconds, for a
// uniform draw r from [0, 1). prev is the wait before (0 for the first); only the
// decorrelated jitter uses it.
type formula func(s Settings, n int, prev, r float64) float64

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// capMS is the cap in milliseconds, infinite where there is none.
func (s Settings) capMS() float64 {
	if s.Cap == 0 {
		return math.Inf(1)
	}
	return ms(s.Cap)
}

// step is Base·Factor^n, without the cap.
func (s Settings) step(n int) float64 {
	if s.Base == 0 {
		return 0 // whatever the power, which may be infinite
	}
	return ms(s.Base) * math.Pow(s.Factor, float64(n))
}

// capped is min(Cap, Base·Factor^n).
func (s Settings) capped(n int) float64 { return math.Min(s.capMS(), s.step(n)) }

// The canonical four, from Brooker, "Exponential Backoff And Jitter", AWS
// Architecture Blog, 2015.

func exponential(s Settings, n int, _, _ float64) float64 { return s.capped(n) }
func fullJitter(s Settings, n int, _, r float64) float64  { return r * s.capped(n) }
func equalJitter(s Settings, n int, _, r float64) float64 { return s.capped(n) * (1 + r) / 2 }
func decorrelatedJitter(s Settings, _ int, prev, r float64) float64 {
	base := ms(s.Base)
	return math.Min(s.capMS(), base+r*(3*math.Max(prev, base)-base))
}

// nodeRetry is the timeouts function of npm retry, lib/retry.js. Version 0.13
// (async-retry) takes a base of 0 for 1; 0.12 (promise-retry) does not.
func nodeRetry(leastBase float64, randomize bool) formula {
	return func(s Settings, n int, _, r float64) float64 {
		if !randomize {
			r = 0
		}
		v := (1 + r) * math.Max(ms(s.Base), leastBase) * math.Pow(s.Factor, float64(n))
		return math.Min(math.Floor(v+0.5), s.capMS())
	}
}

// stripeNode is _getSleepTimeInMS of stripe-node's RequestSender.
func stripeNode(s Settings, n int, _, r float64) float64 {
	return math.Max(ms(s.Base), s.capped(n)*0.5*(1+r))
}

// truncatedStep is the step before retry n as the Java libraries count it: whole
// milliseconds, truncated at each multiplication.
func (s Settings) truncatedStep(n int) float64 {
	step := math.Trunc(ms(s.Base))
	if s.Factor == 1 {
		return step
	}
	for range n {
		step = math.Trunc(step * s.Factor)
	}
	return step
}

// springRetry is ExponentialBackOffPolicy and ExponentialRandomBackOffPolicy of
// Spring Retry 2.0. Its random numbers are 32 bits wide.
func springRetry(random bool) formula {
	return func(s Settings, n int, _, r float64) float64 {
		wait := math.Min(s.truncatedStep(n), s.capMS())
		if random {
			wait = math.Trunc(wait * (1 + float64(float32(r))*(s.Factor-1)))
		}
		return math.Min(wait, s.capMS())
	}
}

// springUniform is Spring Retry's UniformRandomBackOffPolicy.
func springUniform(s Settings, _ int, _, r float64) float64 {
	return ms(s.Base) + math.Trunc(r*(s.capMS()-ms(s.Base)))
}

// spring7 is ExponentialBackOff of Spring Framework 7 with its jitter, which grows
// with the interval and keeps between the initial and the longest one.
func spring7(s Settings, n int, _, r float64) float64 {
	interval := math.Min(s.truncatedStep(n), s.capMS())
	if s.SpreadBy == 0 || s.Base == 0 {
		return interval
	}
	around := ms(s.SpreadBy) * math.Floor(interval/ms(s.Base))
	lo := math.Max(interval-around, ms(s.Base))
	hi := math.Min(interval+around, s.capMS())
	return lo + math.Trunc(r*(hi-lo))
}

// resilience4j is IntervalFunction of Resilience4j: the cap comes after the jitter
// and does not stop the steps from growing.
func resilience4j(random bool) formula {
	return func(s Settings, n int, _, r float64) float64 {
		wait := s.truncatedStep(n)
		if random {
			wait = math.Trunc(math.Max(1, wait*(1-s.Spread)+r*(2*s.Spread*wait+1)))
		}
		return math.Min(wait, s.capMS())
	}
}

// polly is RetryHelper of Polly 8 without jitter, and with the ±25 % that it gives
// constant and linear waits. linear adds the base at each retry.
func polly(linear, jitter bool) formula {
	return func(s Settings, n int, _, r float64) float64 {
		wait := s.step(n)
		if linear {
			wait = ms(s.Base) * float64(n+1)
		}
		if jitter {
			wait *= 1 + 0.5*r - 0.25
		}
		return math.Min(wait, s.capMS())
	}
}

// pollyJitter is Polly's DecorrelatedJitterBackoffV2, which has nothing but the name
// in common with AWS's decorrelated jitter. It subtracts what it made of the draw
// before, which no wait shows, so its waits cannot be had one by one.
func pollyJitter(s Settings) func(n int, r float64) float64 {
	prev := 0.0
	return func(n int, r float64) float64 {
		t := float64(n) + r
		x := math.Pow(2, t) * math.Tanh(math.Sqrt(4*t))
		wait := (x - prev) * ms(s.Base) / 1.4
		prev = x
		if s.Base == 0 {
			return 0
		}
		return math.Min(math.Max(0, wait), s.capMS())
	}
}

// tenacityJitter, tenacityIncrementing and tenacityFixedRandom are Tenacity's
// wait_exponential_jitter, wait_incrementing and wait_fixed + wait_random.
// wait_exponential is exponential and wait_random_exponential is fullJitter.
func tenacityJitter(s Settings, n int, _, r float64) float64 {
	return math.Min(s.capMS(), s.step(n)+r*ms(s.SpreadBy))
}

func tenacityIncrementing(s Settings, n int, _, _ float64) float64 {
	return math.Min(s.capMS(), ms(s.Base)+float64(n)*ms(s.SpreadBy))
}

func tenacityFixedRandom(s Settings, _ int, _, r float64) float64 {
	return ms(s.Base) + r*ms(s.SpreadBy)
}

// jpillora is jpillora/backoff 1.1.0 itself, and its formula where chance is in it,
// because the library draws from its own source. It takes a base of 0 for its
// default of 100 ms.
func jpillora(jitter bool) formula {
	return func(s Settings, n int, _, r float64) float64 {
		if s.Base == 0 {
			s.Base = 100 * time.Millisecond
		}
		b := backoff.Backoff{Min: s.Base, Max: s.Cap, Factor: s.Factor}
		if !jitter {
			return ms(b.ForAttempt(float64(n)))
		}
		if s.Base >= s.Cap {
			return ms(s.Cap)
		}
		v := s.step(n)
		return math.Min(s.capMS(), math.Max(ms(s.Base), r*(v-ms(s.Base))+ms(s.Base)))
	}
}

// cenkalti is ExponentialBackOff of cenkalti/backoff v5: jitter after the cap, in
// whole nanoseconds.
func cenkalti(s Settings, n int, _, r float64) float64 {
	v := s.capped(n) * float64(time.Millisecond)
	if s.Spread > 0 {
		v = math.Floor(v*(1-s.Spread) + r*(2*s.Spread*v+1))
	}
	return v / float64(time.Millisecond)
}

// failsafe is failsafe-go 0.9.8: jitter after the cap, and longest where r is 0.
func failsafe(s Settings, n int, _, r float64) float64 {
	return math.Max(0, s.capped(n)*(1+(1-2*r)*s.Spread)+(1-2*r)*ms(s.SpreadBy))
}

// sethvargoPercent, sethvargoJitter and sethvargoFibonacci are sethvargo/go-retry
// 0.5. Its wrappers act from the inside out: WithFullJitter and WithJitterPercent
// stand here outside the cap, WithJitter inside.
func sethvargoPercent(s Settings, n int, _, r float64) float64 {
	percent := s.Spread * 100
	return s.capped(n) * (1 - (math.Floor(r*2*percent)-percent)/100)
}

func sethvargoJitter(s Settings, n int, _, r float64) float64 {
	return math.Min(s.capMS(), math.Max(0, s.step(n)+(2*r-1)*ms(s.SpreadBy)))
}

func sethvargoFibonacci(s Settings, n int, _, _ float64) float64 {
	before, wait := ms(s.Base), ms(s.Base)
	for range n {
		before, wait = wait, before+wait
	}
	return math.Min(wait, s.capMS())
}

// awsLegacy is ExponentialJitterBackoff of the AWS SDK for Go v2 before 1.48: from
// where the exponential would pass the cap on, there is no jitter.
func awsLegacy(s Settings, n int, _, r float64) float64 {
	v := s.step(n + 1)
	if v > s.capMS() {
		return s.capMS()
	}
	return r * v
}
