package clock

import (
	"context"
	"math"
	"slices"
	"sync"
	"time"
)

const (
	// lookEvery is how often the capacity is shared again.
	lookEvery = time.Second
	// newest is the weight of the last second in what a clock's lab is taken to do:
	// work that comes in bursts counts with its mean.
	newest = 0.4
	// slowest is the least part of the chosen speed that a clock is left.
	slowest = 1.0 / 8
	// spare is the part of a share that must be left over before a clock is
	// hastened, so that it does not change to and fro.
	spare = 0.2
)

// How a capacity follows the machine: by the part less or more in a second, and never
// below the least part of what it is at most.
const (
	less, more = 0.7, 1.1
	leastPart  = 1.0 / 8
	// tooLate is how long one goroutine in a hundred may wait for a processor. A key
	// passes several of them until its frame is on the wire. With 5 ms a class of 100
	// was slowed on two processors, whose frames were in time.
	tooLate = 15 * time.Millisecond
)

// Capacity is how many operations the labs of one process can begin in a real
// second. While they would begin more, the clocks of those that do more than their
// fair share are slowed: what they count and wait for stays right and takes longer. All
// methods are safe for concurrent use; those of nil do nothing.
type Capacity struct {
	most float64              // operations a second
	late func() time.Duration // see NewCapacity

	mu     sync.Mutex
	now    float64            // operations a second that this machine can do at the moment
	clocks map[*Clock]float64 // operations a second that each would begin if it were not slowed
}

// NewCapacity returns a capacity of at most so many operations a second, which must
// be positive. It is less while the machine is busy, which late tells: how long
// goroutines have waited for a processor, as Lateness says. Where late is nil, the
// capacity stays as it is.
func NewCapacity(most float64, late func() time.Duration) *Capacity {
	return &Capacity{most: most, now: most, late: late, clocks: map[*Clock]float64{}}
}

// Add lets a clock take part until Remove. It must not take part already.
func (c *Capacity) Add(k *Clock) {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.clocks[k] = 0
}

// Remove ends that a clock takes part.
func (c *Capacity) Remove(k *Clock) {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.clocks, k)
	k.setLimit(1)
}

// Share slows and hastens the clocks until ctx ends.
func (c *Capacity) Share(ctx context.Context) {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	last := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			now := time.Now()
			c.share(now.Sub(last))
			last = now
		}
	}
}

// share gives each clock its part after so much time.
func (c *Capacity) share(passed time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.follow()
	all := make([]float64, 0, len(c.clocks))
	for k, was := range c.clocks {
		wants := float64(k.begun.Swap(0)) / passed.Seconds() / k.Limit()
		c.clocks[k] = newest*wants + (1-newest)*was
		all = append(all, c.clocks[k])
	}
	most := fairShare(all, c.now)
	for k, wants := range c.clocks {
		k.setLimit(nextLimit(k.Limit(), most/wants))
	}
}

// follow adjusts the capacity to the machine; c.mu is held.
func (c *Capacity) follow() {
	if c.late == nil {
		return
	}
	if c.late() > tooLate {
		c.now = max(c.now*less, c.most*leastPart)
	} else {
		c.now = min(c.now*more, c.most)
	}
}

// fairShare returns the most that each may have so that no more than the capacity
// is used: max-min fairness, https://en.wikipedia.org/wiki/Max-min_fairness. It is
// infinite where the capacity is enough for all.
func fairShare(wants []float64, capacity float64) float64 {
	slices.Sort(wants)
	for i, w := range wants {
		equal := capacity / float64(len(wants)-i)
		if w > equal {
			return equal
		}
		capacity -= w
	}
	return math.Inf(1)
}

// nextLimit returns the limit that follows for a clock that may have so much of what
// it wants: halved as often as necessary, or doubled once if that leaves something
// over.
func nextLimit(limit, allowed float64) float64 {
	if doubled := 2 * limit; doubled <= 1 && doubled <= (1-spare)*allowed {
		return doubled
	}
	for limit > allowed && limit > slowest {
		limit /= 2
	}
	return limit
}
