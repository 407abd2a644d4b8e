package app

import (
	"strings"

	"resilab/tui/widget"
)

// codeRows are lines of code in rows of at most w cells. A line that is too long
// goes on below, further in, so that nothing of it is hidden.
func (h *host) codeRows(code []string, w int) (rows []string) {
	for _, line := range code {
		for _, row := range folded(line, max(8, w)) {
			rows = append(rows, h.line(w).Text(row).String())
		}
	}
	return rows
}

// folded breaks a line of code into rows of at most w cells, after blanks
// where there are any. What goes on stands four cells further in.
func folded(line string, w int) []string {
	if widget.Width(line) <= w {
		return []string{line}
	}
	code := strings.TrimLeft(line, " ")
	indent := min(len(line)-len(code), w/2)
	rows := widget.Wrap(code, w-indent)
	if widget.Width(rows[0]) > w-indent { // one long word
		return []string{line}
	}
	rest := strings.TrimPrefix(code, rows[0])
	further := widget.Wrap(rest, max(4, w-indent-4))
	out := []string{strings.Repeat(" ", indent) + rows[0]}
	for _, row := range further {
		out = append(out, strings.Repeat(" ", indent+4)+row)
	}
	return out
}
