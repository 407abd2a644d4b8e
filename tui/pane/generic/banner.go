package generic

import (
	"time"

	"resilab/labs/i18n"
	"resilab/tui/pane"
	"resilab/tui/widget"
)

// Banner draws what is wrong right now, one row a trouble.
func Banner(f pane.Frame, now time.Time) (rows []string) {
	for _, t := range f.Snap.Troubles {
		style := f.Theme.Bad.Strong()
		since := i18n.WriteDuration(max(0, now.Sub(t.Since)).Truncate(time.Second))
		l := widget.NewLine(f.Theme, f.W)
		tail := f.Text.T("ui.trouble_since", since)
		l.Put(style, "! ").Cell(style, f.Text.T(t.Key, t.Args...), l.Left()-widget.Width(tail)-1)
		rows = append(rows, l.Right(f.Theme.Dim, tail).String())
	}
	return rows
}

// Hint draws a message in the middle of the frame.
func Hint(f pane.Frame, message string) []string {
	words := widget.Wrap(message, max(1, f.W-4))
	rows := make([]string, max(0, (f.H-len(words))/2), max(1, f.H))
	for _, row := range words {
		rows = append(rows, widget.NewLine(f.Theme, f.W).Gap((f.W-widget.Width(row))/2).Put(f.Theme.Dim, row).String())
	}
	return widget.Fit(rows, f.W, f.H)
}
