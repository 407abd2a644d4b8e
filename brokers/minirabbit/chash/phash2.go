package chash

import "math"

const (
	// golden is the golden ratio as a fraction of 2^32. Erlang gives every kind
	// of term its own multiple of it, so that equal bits of different types hash
	// apart.
	golden = 0x9e3779b9

	saltNil      = golden * 2 & math.MaxUint32
	saltAtom     = golden * 3 & math.MaxUint32
	saltTuple    = golden * 9 & math.MaxUint32
	saltNegative = golden * 10 & math.MaxUint32
	saltPositive = golden * 11 & math.MaxUint32
	saltFloat    = golden * 12 & math.MaxUint32
	saltBinary   = golden * 13 & math.MaxUint32

	// nilWord is hashed for the end of a list (NIL_DEF in Erlang's source).
	nilWord = 2

	// mask27 is the default range of phash2: 0 to 2^27-1.
	mask27 = 1<<27 - 1
)

// HashUndefined is phash2 of the atom undefined, which RabbitMQ hashes for an absent
// header or property. All such messages are routed to one queue.
const HashUndefined uint32 = 45914356

// Hash returns erlang:phash2 of key as a binary, in 0 to 2^27-1.
func Hash[K ~string | ~[]byte](key K) uint32 {
	return binary(0, key) & mask27
}

// HashTuple returns erlang:phash2 of the tuple {longstr, value}, in 0 to 2^27-1:
// what a string header hashes to on an exchange with a hash-header argument.
func HashTuple[K ~string | ~[]byte](value K) uint32 {
	return binary(atomTerm(tuple(0, 2), "longstr"), value) & mask27
}

// atom is the hash that Erlang keeps with every atom (hashpjw over its name).
func atom(name string) uint32 {
	var h uint32
	for i := range len(name) {
		h = h<<4 + uint32(name[i])
		if high := h & 0xf0000000; high != 0 {
			h ^= high >> 24
			h ^= high
		}
	}
	return h
}

// integer continues h with a number. Numbers of up to 28 bits are hashed as one
// word, as they once were on 32-bit machines; longer ones by sign and magnitude.
func integer(h uint32, n int64) uint32 {
	if n >= -1<<27 && n < 1<<27 {
		if n < 0 { // Erlang mixes a negative number twice, and must go on doing so
			h = mixIn(h, golden, uint32(-n), 0)
		}
		return mixIn(h, golden, uint32(n), 0)
	}
	salt, magnitude := uint32(saltPositive), uint64(n)
	if n < 0 {
		salt, magnitude = saltNegative, -magnitude
	}
	return mixIn(h, salt, uint32(magnitude), uint32(magnitude>>32))
}

func float(h uint32, f float64) uint32 {
	bits := math.Float64bits(f + 0) // +0 turns a negative zero into zero
	return mixIn(h, saltFloat, uint32(bits>>32), uint32(bits))
}

// mixIn continues h with two words under the salt of their type.
func mixIn(h, salt, x, y uint32) uint32 {
	_, _, h = mix(salt+x, salt+y, h)
	return h
}

// binary continues h with the bytes of key. The length goes into the low byte of
// the third word, which is why its tail bytes start at the second.
func binary[K ~string | ~[]byte](h uint32, key K) uint32 {
	c := h + saltBinary
	if len(key) == 0 {
		return c
	}
	a, b := uint32(golden), uint32(golden)
	i := 0
	for ; len(key)-i >= 12; i += 12 {
		a, b, c = mix(a+word(key, i), b+word(key, i+4), c+word(key, i+8))
	}
	c += uint32(len(key))
	for n := 0; i < len(key); i, n = i+1, n+1 {
		switch x := uint32(key[i]); {
		case n < 4:
			a += x << (8 * n)
		case n < 8:
			b += x << (8 * (n - 4))
		default:
			c += x << (8 * (n - 7))
		}
	}
	_, _, c = mix(a, b, c)
	return c
}

// word reads four bytes of key from i on, the lowest first.
func word[K ~string | ~[]byte](key K, i int) uint32 {
	return uint32(key[i]) | uint32(key[i+1])<<8 | uint32(key[i+2])<<16 | uint32(key[i+3])<<24
}

// mix is the reversible mixing step of Jenkins' hash.
func mix(a, b, c uint32) (uint32, uint32, uint32) {
	a = (a - b - c) ^ c>>13
	b = (b - c - a) ^ a<<8
	c = (c - a - b) ^ b>>13
	a = (a - b - c) ^ c>>12
	b = (b - c - a) ^ a<<16
	c = (c - a - b) ^ b>>5
	a = (a - b - c) ^ c>>3
	b = (b - c - a) ^ a<<10
	c = (c - a - b) ^ b>>15
	return a, b, c
}
