package widget

import (
	"math"

	"resilab/tui/theme"
)

// Chart is a series over time, with the one of run A as its ghost. Both share
// one scale from 0 to the greatest of all values, or to Max if that is set.
type Chart struct {
	Now, Ghost []float64 // oldest first; the newest is drawn at the right edge
	Max        float64   // 0: the greatest value
	Style      theme.Style
}

// Top returns the value at the top of the chart; never 0.
func (c Chart) Top() float64 {
	top := c.Max
	if top == 0 {
		for _, series := range [][]float64{c.Now, c.Ghost} {
			for _, v := range series {
				top = max(top, v)
			}
		}
	}
	if top <= 0 || math.IsNaN(top) || math.IsInf(top, 0) {
		return 1
	}
	return top
}

// Spark draws a chart of one row.
func (l *Line) Spark(c Chart, w int) *Line {
	w = min(w, l.Left())
	if w <= 0 {
		return l
	}
	return l.Drawn(c.Rows(l.th, w, 1)[0], w)
}

// Rows draws the chart into h rows of w cells.
func (c Chart) Rows(th *theme.Theme, w, h int) []string {
	if th.Glyph.Set == theme.Braille {
		return c.braille(th, w, h)
	}
	return c.columns(th, w, h)
}

// columns draws one column a sample, in parts of a cell.
func (c Chart) columns(th *theme.Theme, w, h int) []string {
	levels := th.Glyph.Levels
	rows := make([]string, max(0, h))
	top := c.Top()
	for y := range rows {
		l := NewLine(th, w)
		floor := (h - 1 - y) * len(levels) // steps below this row
		for x := range max(0, w) {
			now, ok := height(c.Now, w, x, top, h*len(levels))
			ghost, haunted := height(c.Ghost, w, x, top, h*len(levels))
			switch {
			case ok && now > floor:
				l.Fill(c.Style, levels[min(now-floor, len(levels))-1], 1)
			case haunted && ghost > floor && ghost <= floor+len(levels):
				l.Fill(th.Dim, th.Glyph.Line, 1) // the ghost's outline
			default:
				l.Gap(1)
			}
		}
		rows[y] = l.String()
	}
	return rows
}

// height returns how many steps high the column at x is; ok is false where
// there is no sample. A value of 0 has one step, so that it is seen.
func height(series []float64, w, x int, top float64, steps int) (n int, ok bool) {
	i := len(series) - w + x
	if i < 0 || math.IsNaN(series[i]) {
		return 0, false
	}
	return max(1, int(math.Round(clampShare(series[i]/top)*float64(steps)))), true
}

// brailleDots are the bits of a cell's dots, by column and row from the top.
var brailleDots = [2][4]rune{{0x01, 0x02, 0x04, 0x40}, {0x08, 0x10, 0x20, 0x80}}

// braille draws a line of dots, one sample a cell as in the other glyph sets, so
// that a chart has the same geometry in all of them. The right half of a cell
// stands half way to the next sample.
func (c Chart) braille(th *theme.Theme, w, h int) []string {
	rows := make([]string, max(0, h))
	top := c.Top()
	for y := range rows {
		l := NewLine(th, w)
		for x := range max(0, w) {
			now := brailleCell(c.Now, w, x, y, h, top)
			ghost := brailleCell(c.Ghost, w, x, y, h, top)
			switch {
			case now != 0:
				l.Fill(c.Style, string(rune(0x2800)+now), 1)
			case ghost != 0:
				l.Fill(th.Dim, string(rune(0x2800)+ghost), 1)
			default:
				l.Gap(1)
			}
		}
		rows[y] = l.String()
	}
	return rows
}

func brailleCell(series []float64, w, x, y, h int, top float64) (dots rune) {
	left, ok := height(series, w, x, top, 4*h)
	if !ok {
		return 0
	}
	right := left
	if x+1 < w {
		next, _ := height(series, w, x+1, top, 4*h)
		right = (left + next + 1) / 2
	}
	for col, n := range [2]int{left, right} {
		if row := 4*h - n - 4*y; row >= 0 && row < 4 {
			dots |= brailleDots[col][row]
		}
	}
	return dots
}
