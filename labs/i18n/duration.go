package i18n

import (
	"math"
	"strconv"
	"time"
)

// WriteDuration writes d for people, with three significant digits and one unit:
// 0 s, 250 µs, 2.94 s, 2 min. It is the one way in which screens and reports write
// a duration.
func WriteDuration(d time.Duration) string {
	switch abs := roundTo3(d).Abs(); {
	case abs == 0:
		return "0 s"
	case abs < time.Microsecond:
		return digits3(float64(d)) + " ns"
	case abs < time.Millisecond:
		return digits3(float64(d)/float64(time.Microsecond)) + " µs"
	case abs < time.Second:
		return digits3(float64(d)/float64(time.Millisecond)) + " ms"
	case abs < time.Minute || abs < 1000*time.Second && abs%time.Minute != 0:
		return digits3(d.Seconds()) + " s"
	default:
		return digits3(d.Minutes()) + " min"
	}
}

// roundTo3 rounds d to three significant digits.
func roundTo3(d time.Duration) time.Duration {
	unit := time.Duration(1)
	for d.Abs() >= 1000*unit {
		unit *= 10
	}
	return d.Round(unit)
}

// digits3 writes three significant digits of v, and all digits before the point.
func digits3(v float64) string {
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 3, 64), 64)
	if err != nil {
		rounded = v
	}
	return strconv.FormatFloat(rounded, 'f', -1, 64)
}

// FormatDuration writes d exactly to a thousandth of its unit, as flags and JSON
// have it: 0s, 250µs, 20ms, 1.5s, 2m. What it writes, time.ParseDuration reads.
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
