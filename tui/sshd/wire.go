package sshd

import (
	"bytes"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"resilab/tui/stage"
)

// wire makes what Bubble Tea's renderer writes shorter: of a row that has changed it
// leaves the cells that have. A frame that it cannot read is passed on as it is. It is
// used by one goroutine at a time.
type wire struct {
	rows  []string // on the terminal; nil: not known
	cells stage.Cells
	buf   []byte
}

// forget is called when the terminal may show something else.
func (w *wire) forget() { w.rows = nil }

// shorten returns what has the effect of p, one frame, on the terminal. It is valid
// until the next call.
func (w *wire) shorten(p []byte) []byte {
	lines, end, ok := frameLines(p)
	if !ok {
		w.forget()
		return p
	}
	written := 0
	for _, line := range lines {
		if line != "" {
			written++
		}
	}
	if written == len(lines) || len(lines) != len(w.rows) {
		w.rows = nil
		if written == len(lines) { // the whole screen
			for _, line := range lines {
				w.rows = append(w.rows, content(line))
			}
		}
		return p
	}
	w.buf = w.buf[:0]
	for y, line := range lines {
		if line == "" {
			continue
		}
		row, changed := content(line), false
		w.buf, changed = w.cells.AppendChange(w.buf, y, w.rows[y], row)
		if !changed {
			w.buf = append(w.buf, ansi.CursorPosition(1, y+1)...)
			w.buf = append(w.buf, strings.TrimSuffix(line, "\r")...)
		}
		w.rows[y] = strings.Clone(row) // else a row keeps its whole frame in memory
	}
	w.buf = append(w.buf, end...)
	return w.buf
}

// frameLines splits a frame of Bubble Tea's renderer on the alternate screen: home,
// the rows, of which one that has not changed is empty, and the cursor's last place.
func frameLines(p []byte) (lines []string, end []byte, ok bool) {
	body, ok := bytes.CutPrefix(p, []byte(ansi.CursorHomePosition))
	last := bytes.LastIndex(body, []byte("\x1b["))
	if !ok || last < 0 || !bytes.HasSuffix(body, []byte("H")) {
		return nil, nil, false
	}
	body, end = body[:last], body[last:]
	if bytes.HasSuffix(body, []byte(ansi.EraseScreenBelow)) {
		return nil, nil, false
	}
	return strings.Split(string(body), "\n"), end, true
}

// content is a row without what moves the cursor and erases what is behind it.
func content(line string) string {
	return strings.TrimSuffix(strings.Trim(line, "\r"), ansi.EraseLineRight)
}
