package fleet

import (
	"context"
	"fmt"
	"math"
	"time"

	"resilab/labs/retry/policy"
)

// Contention is optimistic concurrency on one row: each client reads the row's
// version, writes if the version is still the same, and starts over after a wait
// if another client was faster. It stops after its first success. The server can
// bear any load, so that this model alone shows no retry storm.
// Source: the simulator of Brooker, "Exponential Backoff And Jitter", AWS
// Architecture Blog, 2015.
type Contention struct {
	Seed    uint64
	Clients int // 1 to 10 000
	// Policy gives the waits; a client never gives up, whatever its Retries. The
	// wait after the first failure is that of retry 1: already twice the base.
	Policy policy.Policy
	// Hop is how long a message takes, one way: the absolute value of a normal
	// distribution with this mean and deviation.
	Hop, HopDeviation time.Duration
}

// ContentionResult is what a Contention cost.
type ContentionResult struct {
	Calls int           // writes, successful or not
	Took  time.Duration // until the last client had its answer
}

// contender is one client. Its one event to come is the arrival of its next write.
type contender struct {
	read   int64 // when its version of the row was read
	prev   int64 // its latest wait, for the decorrelated jitter
	failed int   // writes
}

type contention struct {
	*Contention
	pending *timeline
	clients []contender
	draws   draws
	hop     normal
	trip    normal // an answer and the message that follows it; see roundTrip
	changed int64  // when the row was last written
	calls   int
	took    int64
}

// fineBuckets are a quarter of a millisecond wide, with the wheel reaching as far as
// the original's cap.
const fineBuckets = 18

// Run simulates. It returns an error if the settings make no sense, or when the
// context ends.
func (c Contention) Run(ctx context.Context) (ContentionResult, error) {
	if err := c.Validate(); err != nil {
		return ContentionResult{}, fmt.Errorf("simulating contention: %w", err)
	}
	s := contention{
		Contention: &c, clients: make([]contender, c.Clients),
		pending: newTimeline(fineBuckets), draws: newDraws(), changed: -1,
		hop: normal{float64(c.Hop), float64(c.HopDeviation)},
	}
	if c.Hop >= 5*c.HopDeviation {
		s.trip = normal{2 * float64(c.Hop), math.Sqrt2 * float64(c.HopDeviation)}
	}
	s.draws.set(c.Seed, 0, 0)
	for i := range s.clients {
		s.read(int32(i), s.hop.draw(s.draws))
	}
	for steps := 0; ; steps++ {
		if steps%4096 == 0 && ctx.Err() != nil {
			return ContentionResult{}, fmt.Errorf("simulating contention: %w", ctx.Err())
		}
		e, more := s.pending.next()
		if !more {
			return ContentionResult{s.calls, time.Duration(s.took)}, nil
		}
		s.pending.pop()
		s.write(e)
	}
}

// Validate returns nil, or a *policy.InvalidError.
func (c *Contention) Validate() error {
	return first([]error{
		policy.Within("clients", c.Clients, 1, 10_000),
		policy.Within("hop", c.Hop, 0, time.Hour),
		policy.Within("hop-deviation", c.HopDeviation, 0, time.Hour),
		c.Policy.Validate(),
	})
}

// read lets a client's request to read arrive. What it reads need not be simulated:
// the write that follows succeeds if no other came in between.
func (s *contention) read(client int32, at int64) {
	s.clients[client].read = at
	s.pending.push(event{at + s.roundTrip(), client})
}

// write lets a client's write arrive.
func (s *contention) write(e event) {
	s.calls++
	c := &s.clients[e.op]
	if s.changed < c.read {
		s.changed = e.at
		s.took = max(s.took, e.at+s.hop.draw(s.draws))
		return
	}
	s.read(e.op, e.at+s.roundTrip()+s.backoff(c))
}

func (s *contention) backoff(c *contender) int64 {
	c.failed++
	r := 0.0
	if s.Policy.Jitter != policy.None {
		r = s.draws.Float64()
	}
	c.prev = int64(s.Policy.Wait(c.failed, time.Duration(c.prev), r))
	return c.prev
}

// roundTrip draws how long an answer and the message that follows it take. Where a
// hop is practically never negative, the sum of two is one normal draw.
func (s *contention) roundTrip() int64 {
	if s.trip.mean == 0 {
		return s.hop.draw(s.draws) + s.hop.draw(s.draws)
	}
	return s.trip.draw(s.draws)
}

// normal is the absolute value of a normal distribution, in nanoseconds.
type normal struct{ mean, deviation float64 }

func (n normal) draw(d draws) int64 {
	return int64(math.Abs(n.mean + n.deviation*d.NormFloat64()))
}
