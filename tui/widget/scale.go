package widget

import (
	"time"

	"resilab/labs/i18n"
	"resilab/tui/theme"
)

// Scaled is a chart with its scales: the value at the top and 0 at the bottom
// left of it, and the time below.
type Scaled struct {
	Chart
	Write func(float64) string // of a value at the left
	// Span is the time that the chart's whole width stands for; the newest moment
	// is at the right edge. 0: no time axis.
	Span time.Duration
	Now  string // the word for the right edge
	// Left is the least width of the values at the left. Charts with the same one
	// begin in the same column.
	Left int
}

// ScaleWidth is how many cells the values at the left take.
func (s Scaled) ScaleWidth() int {
	return max(s.Left, Width(s.Write(s.Top()))+1, Width(s.Write(0))+1)
}

// Rows draws chart and scales into h rows of w cells. Where there is no room for
// both, the scales are left out.
func (s Scaled) Rows(th *theme.Theme, w, h int) []string {
	left := s.ScaleWidth()
	if w < 3*left || h < 1 {
		return s.Chart.Rows(th, w, h)
	}
	axis := 0
	if s.Span > 0 && h >= 3 {
		axis = 1
	}
	rows := s.Chart.Rows(th, w-left, h-axis)
	for y, row := range rows {
		value := ""
		switch {
		case y == 0:
			value = s.Write(s.Top())
		case y == len(rows)-1:
			value = s.Write(0)
		}
		rows[y] = NewLine(th, w).RightCell(th.Dim, value, left-1).Gap(1).Drawn(row, w-left).String()
	}
	if axis > 0 {
		rows = append(rows, s.axis(th, w, left))
	}
	return rows
}

// axis is the row of times: how far back the chart reaches, and the present.
func (s Scaled) axis(th *theme.Theme, w, left int) string {
	l := NewLine(th, w).To(left).Put(th.Dim, "−"+i18n.WriteDuration(s.Span.Round(time.Second)))
	if gap := l.Left() - Width(s.Now) - 2; gap > 0 {
		l.Gap(1).Fill(th.Rule, th.Glyph.Line, gap).Gap(1)
	}
	return l.Right(th.Dim, s.Now).String()
}

// Sign is one mark of a picture with what it means.
type Sign struct {
	Glyph string
	Style theme.Style
	Means string
}

const signGap = 2 // cells between two entries of a legend

// Legend explains the marks of a picture, in as few rows of w cells as hold them.
func Legend(th *theme.Theme, w int, signs []Sign) (rows []string) {
	var l *Line
	for _, s := range signs {
		need := Width(s.Glyph) + 1 + Width(s.Means)
		if l != nil && need+signGap > l.Left() {
			rows, l = append(rows, l.String()), nil
		}
		if l == nil {
			l = NewLine(th, w)
		} else {
			l.Gap(signGap)
		}
		l.Put(s.Style, s.Glyph).Gap(1).Put(th.Dim, s.Means)
	}
	if l != nil {
		rows = append(rows, l.String())
	}
	return rows
}
