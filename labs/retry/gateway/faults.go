package gateway

import (
	"math"
	"time"

	"resilab/labs/kit"
)

// purpose keeps the draws of one attempt independent of each other.
type purpose uint64

const (
	drawFailure purpose = iota + 1
	drawLatency
	drawSlow
	drawLost
	drawDecline
)

// uniform returns the draw from [0, 1) that belongs to this attempt of this
// operation and to nothing else.
func uniform(seed, operation uint64, attempt int, p purpose) float64 {
	return kit.Unit(kit.Mix(seed ^ kit.Mix(operation^kit.Mix(uint64(attempt)<<8|uint64(p)))))
}

// unnamed returns the numbers of the nth request, from 0, that does not name its
// operation: a new operation or, with FailFirst, the next attempt of the last.
func (c *Config) unnamed(n uint64) (operation uint64, attempt int) {
	attempts := uint64(c.FailFirst) + 1
	return firstUnnamed + n/attempts, int(n%attempts) + 1
}

// firstUnnamed is the operation of the first request that does not name its own.
const firstUnnamed = 1 << 63

// fails reports whether this attempt gets 503.
func (c *Config) fails(operation uint64, attempt int) bool {
	return attempt <= c.FailFirst || uniform(c.Seed, operation, attempt, drawFailure) < c.FailureRate
}

// latency returns how long the answer to this attempt takes.
func (c *Config) latency(operation uint64, attempt int) time.Duration {
	u := uniform(c.Seed, operation, attempt, drawLatency)
	normal := math.Sqrt2 * math.Erfinv(2*math.Max(u, 1e-12)-1)
	d := float64(c.Latency) * math.Exp(LatencySpread*normal)
	if uniform(c.Seed, operation, attempt, drawSlow) < c.SlowRate {
		d *= SlowFactor
	}
	return time.Duration(d)
}

// losesReply reports whether the answer to this attempt never arrives.
func (c *Config) losesReply(operation uint64, attempt int) bool {
	return uniform(c.Seed, operation, attempt, drawLost) < c.LostRate
}

// declines reports whether the operation's card is refused, which is the same for
// all its attempts.
func (c *Config) declines(operation uint64) bool {
	return uniform(c.Seed, operation, 0, drawDecline) < c.DeclineRate
}
