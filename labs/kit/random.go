package kit

import (
	"hash/fnv"
	"math/rand/v2"
)

// Stream returns the random numbers that belong to a name under a seed. Streams
// of different names are independent, so a new kind of draw in one place does
// not change the draws of another.
func Stream(seed uint64, name string) *rand.Rand {
	h := fnv.New64a()
	h.Write([]byte(name)) // never fails
	return rand.New(rand.NewPCG(seed, h.Sum64()))
}

// Golden is the increment of SplitMix64, 2^64 divided by the golden ratio.
const Golden = 0x9e3779b97f4a7c15

// Finish is the finaliser of SplitMix64 (Steele, Lea, Flood: "Fast splittable
// pseudorandom number generators", OOPSLA 2014).
func Finish(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// Mix is one step of SplitMix64: a number that looks random and belongs to x alone.
func Mix(x uint64) uint64 { return Finish(x + Golden) }

// Unit turns 64 random bits into a number from [0, 1).
func Unit(x uint64) float64 { return float64(x>>11) / (1 << 53) }

// SplitMix is SplitMix64 as a rand.Source. Setting its state costs next to
// nothing, so every attempt of a simulation can have draws that depend on
// nothing but its number.
type SplitMix struct{ State uint64 }

// Uint64 returns the next 64 random bits.
func (s *SplitMix) Uint64() uint64 {
	s.State += Golden
	return Finish(s.State)
}
