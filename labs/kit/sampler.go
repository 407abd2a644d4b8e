package kit

import (
	"math"
	"math/rand/v2"
	"sort"
)

// Sampler draws numbers from 0 to n-1 with given weights. It is immutable.
type Sampler struct {
	n   int
	cum []float64 // cumulative weights; nil: all are equal
}

// NewSampler returns a sampler that draws i in proportion to weights[i]. Weights
// are not negative, and at least one of them is positive.
func NewSampler(weights []float64) *Sampler {
	s := &Sampler{n: len(weights), cum: make([]float64, len(weights))}
	sum := 0.0
	for i, w := range weights {
		sum += w
		s.cum[i] = sum
	}
	return s
}

// NewZipf returns a sampler for Zipf's law: i is drawn in proportion to
// 1/(i+1)^skew. With skew 0 all n numbers are equally likely. rand.Zipf does not
// serve here because it needs a skew above 1.
func NewZipf(n int, skew float64) *Sampler {
	if skew == 0 {
		return &Sampler{n: n}
	}
	weights := make([]float64, n)
	for i := range weights {
		weights[i] = math.Pow(float64(i+1), -skew)
	}
	return NewSampler(weights)
}

// Draw returns a number from 0 to n-1. It takes one number from rng.
func (s *Sampler) Draw(rng *rand.Rand) int {
	if s.cum == nil {
		return rng.IntN(s.n)
	}
	x := rng.Float64() * s.cum[s.n-1]
	return min(sort.SearchFloat64s(s.cum, x), s.n-1)
}
