//go:build !race

package cacheaside

const slowed = false
