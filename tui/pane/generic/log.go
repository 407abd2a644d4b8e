package generic

import (
	"resilab/tui/field"
	"resilab/tui/pane"
	"resilab/tui/widget"
)

// Log is the event log with its heading.
type Log struct {
	widget.Log
	Focused bool
	Frozen  bool
	Field   *field.Field // the filter
}

// Rows draws the log into the frame.
func (g Log) Rows(f pane.Frame) []string {
	if f.H <= 0 {
		return nil
	}
	matching := g.Matching(f.Text)
	if g.Filter != "" && len(matching) == 0 {
		head := g.heading(f, 0)
		f.H--
		return append([]string{head}, Hint(f, f.Text.T("ui.log_nothing", g.Filter))...)
	}
	return append([]string{g.heading(f, len(matching))}, g.Log.Rows(f.Theme, f.Text, f.W, f.H-1)...)
}

// heading is a rule with the log's name, what holds lines back, and how many are
// hidden above and below.
func (g Log) heading(f pane.Frame, count int) string {
	th, l := f.Theme, widget.NewLine(f.Theme, f.W)
	l.Fill(th.Rule, th.Glyph.Line, 2).Gap(1)
	style := th.Text.Strong()
	if g.Focused {
		style = th.Focus.Strong()
	}
	l.Put(style, f.Text.T("ui.log")).Gap(1)
	if g.Filter != "" || g.Field.IsOpen() {
		l.Put(th.Focus, "/")
		g.Field.Draw(l, th.Focus, th.Invert, l.Left()/2).Gap(1)
	}
	if g.Notable {
		l.Put(th.Warn, f.Text.T("ui.log_notable")).Gap(1)
	}
	if g.Frozen {
		l.Put(th.Warn, f.Text.T("ui.log_frozen")).Gap(1)
	}
	more := widget.More(max(0, count-g.Back-(f.H-1)), g.Back)
	if more == "" {
		return l.Fill(th.Rule, th.Glyph.Line, l.Left()).String()
	}
	l.Fill(th.Rule, th.Glyph.Line, l.Left()-widget.Width(more)-2).Gap(1)
	return l.Put(th.Accent, more).String()
}
