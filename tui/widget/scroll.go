package widget

import (
	"strconv"

	"resilab/tui/theme"
)

// Window chooses which of count rows are shown in room rows.
//
// bubbles' viewport is not used because it measures every row through Lip Gloss
// each time it is drawn, and does not say that there is more above or below.
type Window struct {
	Top int // the first row that is shown
}

// Move scrolls by dir rows.
func (v *Window) Move(dir, count, room int) { v.Top = clampTop(v.Top+dir, count, room) }

// Reveal scrolls as little as shows row i.
func (v *Window) Reveal(i, count, room int) {
	switch {
	case i < v.Top:
		v.Top = i
	case i >= v.Top+room:
		v.Top = i - room + 1
	}
	v.Top = clampTop(v.Top, count, room)
}

// Shown returns the range of the rows that are shown, and how many are hidden
// above and below.
func (v Window) Shown(count, room int) (from, to, above, below int) {
	from = clampTop(v.Top, count, room)
	to = min(count, from+max(0, room))
	return from, to, from, count - to
}

func clampTop(top, count, room int) int { return max(0, min(top, count-max(0, room))) }

// More says how many rows are hidden above and below: "↑2 ↓7"; empty where all
// of them are shown. On an ASCII screen the arrows are "^" and "v".
func More(above, below int) string {
	s := ""
	if above > 0 {
		s = "↑" + strconv.Itoa(above)
	}
	if below > 0 {
		if s != "" {
			s += " "
		}
		s += "↓" + strconv.Itoa(below)
	}
	return s
}

// Scrolled returns the rows of a window of h rows of w cells. Where rows are
// hidden, the last row of the window says how many, above and below.
func Scrolled(th *theme.Theme, rows []string, v Window, w, h int) []string {
	if len(rows) <= h || h < 2 {
		return Fit(rows, w, h)
	}
	from, to, above, below := v.Shown(len(rows), h-1)
	more := NewLine(th, w).Right(th.Accent, More(above, below)).String()
	return Fit(append(rows[from:to:to], more), w, h)
}
