package retry

import (
	"math"
	"time"

	"resilab/labs/i18n"
	"resilab/tui/widget"
)

// scaleOf rounds up to 1, 2 or 5 of a unit, so that the scale stays the same
// while operations differ a little.
func scaleOf(horizon time.Duration) time.Duration {
	const least = 500 * time.Millisecond
	if horizon <= least {
		return least
	}
	return roundUp(horizon, 1, 2, 3, 5, 10)
}

// roundUp returns the least of the steps, times a power of ten, that is not
// below d, which is above 0.
func roundUp(d time.Duration, steps ...float64) time.Duration {
	unit := math.Pow(10, math.Floor(math.Log10(float64(d))))
	for _, step := range steps {
		if s := time.Duration(step * unit); s >= d {
			return s
		}
	}
	return d
}

// ticks writes times below w cells from column x on, as many as fit, each with a
// mark where it is; what is there already stays.
func (c *canvas) ticks(l *widget.Line, x, w int, whole time.Duration) {
	most := max(1, min(5, w/8))
	step := roundUp(whole/time.Duration(most), 1, 2, 5, 10)
	notch := c.Theme.Glyph.Column
	for at := time.Duration(0); at <= whole; at += step {
		text := i18n.WriteDuration(at)
		col := x + min(w-1, int(float64(w)*float64(at)/float64(whole)))
		label := notch + text
		if col+widget.Width(label) > x+w { // it ends with its mark
			label, col = text+notch, col-widget.Width(text)
		}
		if used := c.W - l.Left(); col > used || at == 0 && used <= x {
			l.To(col).Put(c.Theme.Dim, label)
		}
	}
}
