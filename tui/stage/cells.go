package stage

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

// Cells writes what turns one row of a terminal into another: the cells that differ,
// not the whole row. The zero value is ready; it keeps its memory between calls and
// is not safe for concurrent use.
type Cells struct{ old, now []cell }

// cell is one column of a row.
type cell struct {
	text  string // a grapheme; empty: the second column of a wide one
	style string // the SGR sequences since the last reset
}

// blank is what is behind the end of a row.
var blank = cell{text: " "}

// maxGap is how many equal cells between two changes are written again: moving the
// cursor over them takes as many bytes.
const maxGap = 6

// AppendChange appends what turns the row y, counted from 0, from old into now. Both
// end with all styles reset. It reports false and appends nothing where a row has
// control sequences other than SGR, or where the change is as long as the row.
func (c *Cells) AppendChange(p []byte, y int, old, now string) ([]byte, bool) {
	var okOld, okNow bool
	c.old, okOld = appendCells(c.old[:0], old)
	c.now, okNow = appendCells(c.now[:0], now)
	if !okOld || !okNow {
		return p, false
	}
	for len(c.old) < len(c.now) {
		c.old = append(c.old, blank)
	}
	for len(c.now) < len(c.old) {
		c.now = append(c.now, blank)
	}
	was := len(p)
	for x := 0; x < len(c.now); {
		if c.now[x] == c.old[x] {
			x++
			continue
		}
		end := c.runEnd(x)
		p = c.appendRun(p, y, x, end)
		x = end
	}
	if len(p)-was >= len(now) {
		return p[:was], false
	}
	return p, true
}

// runEnd returns the end of the changes that are written together from x on.
func (c *Cells) runEnd(x int) int {
	end := x + 1
	for i := end; i < len(c.now) && i-end < maxGap; i++ {
		if c.now[i] != c.old[i] {
			end = i + 1
		}
	}
	for end < len(c.now) && c.now[end].text == "" {
		end++
	}
	return end
}

// appendRun writes the cells from x to end. Blanks up to the end of the row are
// erased.
func (c *Cells) appendRun(p []byte, y, x, end int) []byte {
	for x > 0 && c.now[x].text == "" {
		x--
	}
	text := end
	if end == len(c.now) {
		for text > x && c.now[text-1] == blank {
			text--
		}
	}
	p = append(p, "\x1b["...)
	p = strconv.AppendInt(p, int64(y+1), 10)
	p = append(p, ';')
	p = strconv.AppendInt(p, int64(x+1), 10)
	p = append(p, 'H')
	style := ""
	for _, cell := range c.now[x:text] {
		if cell.text != "" && cell.style != style {
			if style != "" {
				p = append(p, ansi.ResetStyle...)
			}
			style = cell.style
			p = append(p, style...)
		}
		p = append(p, cell.text...)
	}
	if style != "" {
		p = append(p, ansi.ResetStyle...)
	}
	if text < end {
		p = append(p, ansi.EraseLineRight...)
	}
	return p
}

// appendCells appends the cells of a row. It reports false where the row has something
// else than text and SGR sequences, or does not end with all styles reset.
func appendCells(cells []cell, row string) ([]cell, bool) {
	style := ""
	for row != "" {
		if n := sgrLen(row); n > 0 {
			style = styleAfter(style, row[:n])
			row = row[n:]
			continue
		}
		n, width := graphemeLen(row)
		if width < 1 || width > 2 {
			return cells, false
		}
		cells = append(cells, cell{row[:n], style})
		if width == 2 {
			cells = append(cells, cell{"", style})
		}
		row = row[n:]
	}
	return cells, style == ""
}

// sgrLen returns the length of the control sequence for styles with which a row
// begins, else 0.
func sgrLen(row string) int {
	if !strings.HasPrefix(row, "\x1b[") {
		return 0
	}
	for i := 2; i < len(row); i++ {
		switch c := row[i]; {
		case c == 'm':
			return i + 1
		case c < '0' || c > ';': // digits, ':' and ';'
			return 0
		}
	}
	return 0
}

// styleAfter returns the styles in force after one more SGR sequence.
func styleAfter(style, seq string) string {
	switch {
	case seq == "\x1b[0m" || seq == ansi.ResetStyle:
		return ""
	case style == "":
		return seq
	}
	return style + seq
}

// graphemeLen returns how many bytes the first grapheme of a row has, and how many
// columns. Most are found without looking up what may follow.
func graphemeLen(row string) (n, width int) {
	if n := narrowLen(row); n > 0 && (n == len(row) || row[n] < utf8.RuneSelf || narrowLen(row[n:]) > 0) {
		return n, 1
	}
	_, width, n, _ = ansi.DecodeSequence(row, ansi.NormalState, nil)
	return n, width
}

// narrowLen returns the length of the first character if it is a letter, a block or a
// line, which take one column and join nothing before them; else 0.
func narrowLen(row string) int {
	if c := row[0]; c < utf8.RuneSelf {
		if c < ' ' || c == 0x7f {
			return 0
		}
		return 1
	}
	r, n := utf8.DecodeRuneInString(row)
	switch {
	case r >= 0xa1 && r <= 0x17f && r != 0xad: // Latin; a soft hyphen has no width
	case r >= 0x2500 && r <= 0x259f: // lines and blocks
	case r >= 0x2800 && r <= 0x28ff: // braille
	default:
		return 0
	}
	return n
}
