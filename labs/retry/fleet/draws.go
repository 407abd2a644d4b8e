package fleet

import (
	"math"
	"math/rand/v2"
	"time"

	"resilab/labs/kit"
)

// draws are random numbers from the stream they were last set to.
type draws struct {
	*rand.Rand
	source *kit.SplitMix
}

func newDraws() draws {
	source := new(kit.SplitMix)
	return draws{rand.New(source), source}
}

// set changes to the stream of one attempt of one operation; attempt 0 is the
// operation itself.
func (d draws) set(seed uint64, operation, attempt int) {
	d.source.State = kit.Finish(seed + kit.Finish(uint64(operation)*kit.Golden+uint64(attempt)<<40+1))
}

// happens returns true with probability p. It draws in any case, so that what
// follows does not depend on p.
func (d draws) happens(p float64) bool { return d.Float64() < p }

func (l Latency) draw(d draws) int64 {
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
