//go:build race

package cacheaside

// slowed tells that the race detector makes everything many times slower.
const slowed = true
