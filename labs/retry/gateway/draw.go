package gateway

import (
	"math"
	"time"
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
	x := mix(seed ^ mix(operation^mix(uint64(attempt)<<8|uint64(p))))
	return float64(x>>11) / (1 << 53)
}

// mix is the finaliser of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// unnamed gives the nth request that says nothing of itself, from 0, its numbers:
// an operation of its own, or the next attempt of one where the first must fail.
func (c *Config) unnamed(n uint64) (operation uint64, attempt int) {
	attempts := uint64(c.FailFirst) + 1
	return firstUnnamed + n/attempts, int(n%attempts) + 1
}

// firstUnnamed is the operation of the first request that does not name its own.
const firstUnnamed = 1 << 63

// fails tells whether this attempt gets 503.
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

// losesReply tells whether the answer to this attempt never arrives.
func (c *Config) losesReply(operation uint64, attempt int) bool {
	return uniform(c.Seed, operation, attempt, drawLost) < c.LostRate
}

// declines tells whether the operation's card is refused. A card does not change
// its mind from one attempt to the next.
func (c *Config) declines(operation uint64) bool {
	return uniform(c.Seed, operation, 0, drawDecline) < c.DeclineRate
}
