package widget

import (
	"strconv"
	"time"
)

// Unit is the unit that all durations of a column are written in, so that they
// can be compared at a glance.
type Unit struct {
	length time.Duration
	name   string
}

// UnitOf returns the unit for a column whose greatest duration is given.
func UnitOf(greatest time.Duration) Unit {
	switch {
	case greatest >= time.Second:
		return Unit{time.Second, "s"}
	case greatest >= time.Millisecond:
		return Unit{time.Millisecond, "ms"}
	default:
		return Unit{time.Microsecond, "µs"}
	}
}

// Write writes d with three significant digits, of which at most three are behind
// the point.
func (u Unit) Write(d time.Duration) string {
	v := float64(d) / float64(u.length)
	decimals := 3
	for limit := 1.0; v >= limit && decimals > 0; limit *= 10 {
		decimals--
	}
	return strconv.FormatFloat(v, 'f', decimals, 64) + " " + u.name
}
