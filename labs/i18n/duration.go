package i18n

import (
	"math"
	"strconv"
	"time"
)

// FormatDuration writes d with one unit and at most three significant digits
// after the unit is chosen, so that columns stay narrow: 0s, 250µs, 20ms,
// 1.5s, 2m. What it writes, time.ParseDuration reads.
func FormatDuration(d time.Duration) string {
	abs := d.Abs()
	switch {
	case d == 0:
		return "0s"
	case abs < time.Microsecond:
		return strconv.FormatInt(int64(d), 10) + "ns"
	case abs < time.Millisecond:
		return trimFloat(float64(d)/float64(time.Microsecond)) + "µs"
	case abs < time.Second:
		return trimFloat(float64(d)/float64(time.Millisecond)) + "ms"
	case abs < time.Minute || abs%time.Minute != 0:
		return trimFloat(float64(d)/float64(time.Second)) + "s"
	default:
		return strconv.FormatInt(int64(d/time.Minute), 10) + "m"
	}
}

func trimFloat(f float64) string {
	return strconv.FormatFloat(math.Round(f*1000)/1000, 'f', -1, 64)
}
