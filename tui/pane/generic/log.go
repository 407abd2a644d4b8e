package generic

import (
	"resilab/tui/pane"
	"resilab/tui/widget"
)

// Log is the event log with its heading.
type Log struct {
	widget.Log
	Focused bool
	Frozen  bool
	Typing  bool // Filter is being typed
}

// Rows draws the log into the frame.
func (g Log) Rows(f pane.Frame) []string {
	if f.H <= 0 {
		return nil
	}
	if g.Filter != "" && len(g.Matching(f.Text)) == 0 {
		f.H--
		return append([]string{g.heading(f)}, Hint(f, f.Text.T("ui.log_nothing", g.Filter))...)
	}
	return append([]string{g.heading(f)}, g.Log.Rows(f.Theme, f.Text, f.W, f.H-1)...)
}

// heading is a rule with the log's name and what holds the newest lines back.
func (g Log) heading(f pane.Frame) string {
	th, l := f.Theme, widget.NewLine(f.Theme, f.W)
	l.Fill(th.Rule, th.Glyph.Line, 2).Gap(1)
	if g.Focused {
		l.Put(th.Focus.Strong(), f.Text.T("ui.log")).Gap(1)
	} else {
		l.Put(th.Text.Strong(), f.Text.T("ui.log")).Gap(1)
	}
	if g.Typing || g.Filter != "" {
		l.Put(th.Focus, "/"+g.Filter)
		if g.Typing {
			l.Put(th.Invert, " ")
		}
		l.Gap(1)
	}
	if g.Frozen {
		l.Put(th.Warn, f.Text.T("ui.log_frozen")).Gap(1)
	}
	if g.Back > 0 {
		l.Put(th.Warn, f.Text.T("ui.log_back", g.Back)).Gap(1)
	}
	return l.Fill(th.Rule, th.Glyph.Line, l.Left()).String()
}
