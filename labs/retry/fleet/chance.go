package fleet

import (
	"math"
	"math/rand/v2"
	"time"
)

// chance is SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number
// generators", OOPSLA 2014) as a source for math/rand/v2. Seeding it costs next to
// nothing, so that every attempt can have a stream of its own.
type chance struct{ state uint64 }

const golden = 0x9e3779b97f4a7c15

func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// Uint64 is the next draw.
func (c *chance) Uint64() uint64 {
	c.state += golden
	return mix(c.state)
}

// dice draws from the stream it was last set to.
type dice struct {
	*rand.Rand
	source *chance
}

func newDice() dice {
	source := new(chance)
	return dice{rand.New(source), source}
}

// set turns to the stream of one attempt of one operation; attempt 0 is the
// operation itself.
func (d dice) set(seed uint64, operation, attempt int) {
	d.source.state = mix(seed + mix(uint64(operation)*golden+uint64(attempt)<<40+1))
}

// happens is true with probability p. It draws in any case, so that what follows
// does not depend on p.
func (d dice) happens(p float64) bool { return d.Float64() < p }

func (l Latency) draw(d dice) int64 {
	var t float64
	switch {
	case l.Exponential:
		t = float64(l.Median) * d.ExpFloat64()
	case l.Sigma > 0:
		t = float64(l.Median) * math.Exp(l.Sigma*d.NormFloat64())
	default:
		t = float64(l.Median)
	}
	if l.SlowShare > 0 && d.happens(l.SlowShare) {
		t += float64(l.SlowBy)
	}
	return int64(math.Min(t, float64(time.Hour)))
}
