package chash

// exs1024 is Erlang's generator of that name: xorshift1024* by Sebastiano Vigna.
// It is a small value, because each placement draws only a few numbers from a fresh
// generator.
type exs1024 struct {
	state [16]uint64
	at    int
}

// newExs1024 seeds the generator as rand:seed_s(exs1024, {k, k, k}) does.
func newExs1024(k uint64) exs1024 {
	const mask21 = 1<<21 - 1
	k = k&mask21 + 1
	s := (k*2097131&mask21)<<43 | (k*2097133&mask21)<<22 | (k*2097143&mask21)<<1 | 1
	var g exs1024
	// Erlang collects its sixteen seeds in a list, so the last one comes first.
	for i := len(g.state) - 1; i >= 0; i-- {
		s ^= s >> 12
		s ^= s << 25
		s ^= s >> 27
		g.state[i] = s * 2685821657736338717
	}
	return g
}

// next returns the next 64-bit output.
func (g *exs1024) next() uint64 {
	s0 := g.state[g.at]
	g.at = (g.at + 1) % len(g.state)
	s1 := g.state[g.at]
	s1 ^= s1 << 31
	s1 ^= s1 >> 11
	s0 ^= s0 >> 30
	s1 ^= s0
	g.state[g.at] = s1
	return s1 * 1181783497276652981
}

// uniform returns the next output as a float, as rand:uniform_s does. It may
// round to 1; it is never 0, because no state reached from a seed outputs 0.
func (g *exs1024) uniform() float64 {
	return float64(g.next()) / (1 << 64)
}

// jump returns the bucket, of n ≥ 1 numbered from 0, that hash belongs to.
func jump(hash uint32, n int64) int64 {
	if n == 1 {
		return 0
	}
	g := newExs1024(uint64(hash))
	b, j := int64(-1), int64(0)
	for j < n {
		b = j
		next := float64(b+1) / g.uniform()
		if next >= float64(n) { // also where it would not fit an integer
			break
		}
		j = int64(next)
	}
	return b
}
