package convoy

import (
	"math/rand/v2"
	"slices"
)

// picker chooses who places the next order: for one seed always the same users.
type picker struct {
	rng   *rand.Rand
	cum   []float64 // cumulative shares; nil: in turn
	next  int
	users int
}

func newPicker(c *config) *picker {
	p := &picker{rng: rand.New(rand.NewPCG(c.seed, 1)), users: c.users}
	if c.popularity == popularityTurns {
		return p
	}
	sum := 0.0
	p.cum = make([]float64, c.users)
	for i := range p.cum {
		sum += weight(c, i)
		p.cum[i] = sum
	}
	for i := range p.cum {
		p.cum[i] /= sum
	}
	return p
}

// weight is how often user i orders, in proportion to the others.
func weight(c *config, i int) float64 {
	switch {
	case c.popularity == popularityZipf:
		return 1 / float64(i+1)
	case c.popularity == popularityHot && c.users > 1 && i == 0:
		return hotShare / (1 - hotShare) * float64(c.users-1)
	default:
		return 1
	}
}

func (p *picker) pick() int {
	if p.cum == nil {
		u := p.next
		p.next = (u + 1) % p.users
		return u
	}
	i, _ := slices.BinarySearch(p.cum, p.rng.Float64())
	return min(i, p.users-1)
}
