package widget

import (
	"math"

	"resilab/tui/theme"
)

// Span is a stretch of a timeline, in any unit of time.
type Span struct {
	From, To float64
	Style    theme.Style
	Glyph    string // one cell, repeated
}

// Timeline draws spans to scale on a row of w cells that stands for 0..whole.
// A span is at least one cell, so that a short attempt is still seen; where
// two share a cell, the later one shows.
func (l *Line) Timeline(spans []Span, whole float64, w int) *Line {
	w = min(w, l.Left())
	if w <= 0 {
		return l
	}
	cells := make([]*Span, w)
	for i := range spans {
		s := &spans[i]
		if whole <= 0 || s.To < 0 || s.From > whole {
			continue
		}
		from := min(w-1, int(clampShare(s.From/whole)*float64(w)))
		to := int(math.Ceil(clampShare(s.To/whole) * float64(w)))
		for x := from; x < max(to, from+1); x++ {
			cells[x] = s
		}
	}
	for x := 0; x < w; {
		run := x + 1
		for run < w && cells[run] == cells[x] {
			run++
		}
		if cells[x] == nil {
			l.Gap(run - x)
		} else {
			l.Fill(cells[x].Style, cells[x].Glyph, run-x)
		}
		x = run
	}
	return l
}
