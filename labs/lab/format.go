package lab

import (
	"math"
	"strconv"
	"time"

	"resilab/labs/i18n"
)

// Write writes a metric's value for people, in at most seven cells for the
// values that labs reach: 1234, 12.3, 18.2 %, 1.87×, 240 ms, 52 /s, $99.99.
func (f Format) Write(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return "–"
	}
	switch f {
	case Share:
		return percent(v) + " %"
	case Times:
		return strconv.FormatFloat(v, 'f', 2, 64) + "×"
	case Millis:
		return i18n.WriteDuration(time.Duration(math.Round(v * float64(time.Millisecond))))
	case PerSecond:
		return short(v) + " /s"
	case Money:
		return "$" + strconv.FormatFloat(v, 'f', 2, 64)
	case Number:
		return short(v)
	default:
		return strconv.FormatFloat(math.Round(v), 'f', 0, 64)
	}
}

// short keeps three significant digits of small numbers and no fraction of large ones.
func short(v float64) string {
	switch abs := math.Abs(v); {
	case abs != 0 && abs < 1:
		return strconv.FormatFloat(v, 'f', 2, 64)
	case abs < 100 && v != math.Trunc(v):
		return strconv.FormatFloat(v, 'f', 1, 64)
	default:
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
}

// percent shows neither 100 for almost all nor 0 for hardly any: 99.9 and 0.1
// are what a student looks for.
func percent(share float64) string {
	p := share * 100
	switch {
	case p > 99.9 && p < 100:
		return "99.9"
	case p > 0 && p < 0.1:
		return "0.1"
	case p == math.Trunc(p):
		return strconv.FormatFloat(p, 'f', 0, 64)
	default:
		return strconv.FormatFloat(p, 'f', 1, 64)
	}
}
