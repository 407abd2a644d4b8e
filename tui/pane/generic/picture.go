package generic

import (
	"resilab/labs/lab"
	"resilab/tui/pane"
	"resilab/tui/widget"
)

// Picture draws any lab: its figures over time, one chart under another, with
// those of run A as a ghost.
type Picture struct{}

// Draw implements pane.Picture.
func (Picture) Draw(f pane.Frame) []string {
	metrics := importantFirst(f.Spec)
	const least = 3 // rows of a chart with its name
	n := min(len(metrics), f.H/least)
	if n == 0 {
		return Numbers(f)
	}
	rows := make([]string, 0, f.H)
	for i, m := range metrics[:n] {
		h := f.H*(i+1)/n - f.H*i/n
		rows = append(rows, small(f, m, h)...)
	}
	return widget.Fit(rows, f.W, f.H)
}

// Views implements pane.Picture.
func (Picture) Views() int { return 1 }

// small draws one chart of h rows: a row for its name and figure, a blank one at the end.
func small(f pane.Frame, m lab.Metric, h int) []string {
	rows := card(f, m).Rows(f.Theme, f.W, 1)
	scaled := widget.Scaled{Chart: chart(f, m), Write: m.Format.Write, Now: f.Text.T("ui.now")}
	scaled.Span = f.History.Span(f.W - scaled.ScaleWidth())
	rows = append(rows, scaled.Rows(f.Theme, f.W, h-2)...)
	return widget.Fit(rows, f.W, h)
}

var _ pane.Picture = Picture{}
