package cacheaside

import (
	"math"
	"math/rand/v2"
	"sort"
)

// popularity draws product ids 1 … n by Zipf's law: the i-th product is asked
// for in proportion to 1/i^skew. Skew 0 makes all equally popular.
type popularity struct {
	n   int
	cdf []float64 // nil where all are equal
}

func newPopularity(n int, skew float64) *popularity {
	p := &popularity{n: n}
	if skew == 0 {
		return p
	}
	p.cdf = make([]float64, n)
	sum := 0.0
	for i := range p.cdf {
		sum += math.Pow(float64(i+1), -skew)
		p.cdf[i] = sum
	}
	return p
}

func (p *popularity) draw(rng *rand.Rand) int {
	if p.cdf == nil {
		return 1 + rng.IntN(p.n)
	}
	x := rng.Float64() * p.cdf[p.n-1]
	return 1 + min(sort.SearchFloat64s(p.cdf, x), p.n-1)
}
