package widget

import (
	"math"

	"resilab/tui/theme"
)

// Bar draws a share (0..1) of w cells; the rest is an empty track.
func (l *Line) Bar(s theme.Style, share float64, w int) *Line {
	w = min(w, l.Left())
	if w <= 0 {
		return l
	}
	g := &l.th.Glyph
	steps := len(g.BarParts)
	filled := int(math.Round(clampShare(share) * float64(w*steps)))
	if share > 0 && filled == 0 {
		filled = 1 // hardly any is not none
	}
	whole, part := filled/steps, filled%steps
	l.Fill(s, g.BarParts[steps-1], whole)
	if part > 0 {
		l.Fill(s, g.BarParts[part-1], 1)
		whole++
	}
	return l.Fill(l.th.Rule, g.BarEmpty, w-whole)
}

// TTLBar draws how much of a key's time is left. It is calm while most is
// left, warns in the last fifth, and is an empty track when the key has expired.
func (l *Line) TTLBar(left, whole float64, w int) *Line {
	if whole <= 0 {
		return l.Bar(l.th.Accent, 0, w)
	}
	share := left / whole
	style := l.th.Accent
	if share < 0.2 {
		style = l.th.Warn
	}
	return l.Bar(style, share, w)
}

// Range draws a knob's range: where its value stands and, as a notch, where
// its default is. Both are shares of the range.
func (l *Line) Range(s theme.Style, at, def float64, w int) *Line {
	w = min(w, l.Left())
	if w <= 0 {
		return l
	}
	g := &l.th.Glyph
	knob, notch := cellAt(at, w), cellAt(def, w)
	for i := range w {
		switch {
		case i == knob:
			l.Fill(s.Strong(), g.RangeKnob, 1)
		case i == notch:
			l.Fill(l.th.Dim, g.RangeMark, 1)
		case i < knob:
			l.Fill(s, g.RangeLow, 1)
		default:
			l.Fill(l.th.Rule, g.RangeHigh, 1)
		}
	}
	return l
}

// cellAt is the cell of w in which a share falls.
func cellAt(share float64, w int) int {
	return min(w-1, int(math.Round(clampShare(share)*float64(w-1))))
}

func clampShare(share float64) float64 {
	if math.IsNaN(share) {
		return 0
	}
	return math.Min(1, math.Max(0, share))
}
