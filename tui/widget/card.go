package widget

import (
	"resilab/labs/lab"
	"resilab/tui/theme"
)

// Card is one figure of a lab with its name, run A's figure to compare with
// and how it came to be.
type Card struct {
	Name   string
	Metric lab.Metric
	Value  float64
	Known  bool // false: the figure cannot be told yet
	A      *float64
	Chart  Chart // Now empty: no chart
}

// Rows draws the card into h rows (1, 2 or more) of w cells.
func (c Card) Rows(th *theme.Theme, w, h int) []string {
	switch {
	case h <= 0:
		return nil
	case h == 1:
		l := NewLine(th, w).Put(th.Dim, c.Name).Gap(1)
		return []string{l.Right(th.Text.Strong(), c.figure()).String()}
	}
	rows := []string{NewLine(th, w).Put(th.Dim, c.Name).String(), c.valueRow(th, w)}
	if h > 2 {
		c.Chart.Style = th.Accent
		rows = append(rows, c.Chart.Rows(th, max(0, w-2), h-2)...)
	}
	return Fit(rows, w, h)
}

func (c Card) figure() string {
	if !c.Known {
		return "–"
	}
	return c.Metric.Format.Write(c.Value)
}

// valueRow shows the figure and, beside it, whether it is better than in run A.
func (c Card) valueRow(th *theme.Theme, w int) string {
	l := NewLine(th, w).Put(th.Text.Strong(), c.figure())
	if c.A == nil || !c.Known {
		return l.String()
	}
	arrow, style := Compare(th, c.Metric, *c.A, c.Value)
	l.Gap(2).Put(style, arrow)
	if was := " A " + c.Metric.Format.Write(*c.A); Width(was) <= l.Left() {
		l.Put(th.Dim, was)
	}
	return l.String()
}

// Compare tells how b stands against a: an arrow for its direction, and the
// style of good or bad where the metric has a good direction.
func Compare(th *theme.Theme, m lab.Metric, a, b float64) (arrow string, style theme.Style) {
	if m.Format.Write(a) == m.Format.Write(b) {
		return th.Glyph.Same, th.Dim
	}
	arrow, better := th.Glyph.Up, m.Better == lab.Higher
	if b < a {
		arrow, better = th.Glyph.Down, m.Better == lab.Lower
	}
	switch {
	case m.Better == lab.Neutral:
		return arrow, th.Text
	case better:
		return arrow, th.Good
	default:
		return arrow, th.Bad
	}
}
