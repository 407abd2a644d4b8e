package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"resilab/labs/lab"
	"resilab/tui/widget"
)

// writeTable writes two aligned columns under titles. A row without a value is
// text over both columns.
func writeTable(w io.Writer, t lab.Table) error {
	width := 0
	for _, l := range t.Lines {
		if l.Title == "" && l.Value != "" {
			width = max(width, ansi.StringWidth(l.Name))
		}
	}
	var b strings.Builder
	for _, l := range t.Lines {
		switch {
		case l.Title != "":
			b.WriteString(l.Title + "\n")
		case l.Value == "":
			b.WriteString("  " + strings.Join(widget.Wrap(l.Name, helpWidth-2), "\n  ") + "\n")
		default:
			pad := strings.Repeat(" ", width-ansi.StringWidth(l.Name))
			b.WriteString(strings.TrimRight("  "+l.Name+pad+"  "+l.Value, " ") + "\n")
		}
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("writing the result: %w", err)
	}
	return nil
}
