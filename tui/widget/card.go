package widget

import (
	"resilab/labs/lab"
	"resilab/tui/theme"
)

// Card is one figure of a lab with its name, and run A's to compare with.
type Card struct {
	Name   string
	Metric lab.Metric
	Value  float64
	Known  bool // false: the figure is not known yet
	A      *float64
	// Pointed marks the figure as the one to look at.
	Pointed bool
}

// Rows draws the card into h rows of w cells: one row for name and figure, or
// two, or three with run A's figure below.
func (c Card) Rows(th *theme.Theme, w, h int) []string {
	switch {
	case h <= 0:
		return nil
	case h == 1:
		figure := c.figure() // worth more than the end of a long name
		l := NewLine(th, w).Drawn(c.name(th, max(0, w-Width(figure)-1)).String(), max(0, w-Width(figure)-1)).Gap(1)
		return []string{l.Right(th.Text.Strong(), figure).String()}
	}
	rows := []string{c.name(th, w).String(), c.valueRow(th, w, h == 2)}
	if c.A != nil {
		rows = append(rows, NewLine(th, w).Put(th.Dim, c.was()).String())
	}
	return Fit(rows, w, h)
}

func (c Card) name(th *theme.Theme, w int) *Line {
	if c.Pointed {
		return NewLine(th, w).Put(th.Focus.Strong(), th.Glyph.Pointer).Gap(1).Put(th.Text.Strong(), c.Name)
	}
	return NewLine(th, w).Put(th.Dim, c.Name)
}

func (c Card) was() string { return "A " + c.Metric.Format.Write(*c.A) }

func (c Card) figure() string {
	if !c.Known {
		return "–"
	}
	return c.Metric.Format.Write(c.Value)
}

// valueRow shows the figure and, beside it, whether it is better than in run
// A, with that run's figure where there is no row for it.
func (c Card) valueRow(th *theme.Theme, w int, withA bool) string {
	l := NewLine(th, w).Put(th.Text.Strong(), c.figure())
	if c.A == nil || !c.Known {
		return l.String()
	}
	arrow, style := Compare(th, c.Metric, *c.A, c.Value)
	l.Gap(2).Put(style, arrow)
	if was := " " + c.was(); withA && Width(was) <= l.Left() {
		l.Put(th.Dim, was)
	}
	return l.String()
}

// Compare returns how b differs from a: an arrow for its direction, and the
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
