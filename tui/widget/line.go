package widget

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"resilab/tui/theme"
)

// Line builds one row of a screen: exactly as wide as asked, whatever is
// written. What does not fit ends in "…"; what is left over is blank.
//
// Text comes from anywhere: control characters in it are dropped, those of
// scripts that could shift a row become "?", and on an ASCII screen signs such
// as "×" become letters.
type Line struct {
	th    *theme.Theme
	buf   []byte
	width int
	used  int
	last  theme.Style // of the newest piece
}

// NewLine begins a row of width cells.
func NewLine(th *theme.Theme, width int) *Line {
	width = max(0, width)
	return &Line{th: th, width: width, buf: make([]byte, 0, 2*width+64)} // with its colour sequences
}

// Left is how many cells are still free.
func (l *Line) Left() int { return l.width - l.used }

// Put writes text in a style.
func (l *Line) Put(s theme.Style, text string) *Line {
	return l.put(s, text, l.Left())
}

// Text writes in the terminal's own foreground.
func (l *Line) Text(text string) *Line { return l.Put(l.th.Text, text) }

// Cell writes text into a column of w cells, cut or padded.
func (l *Line) Cell(s theme.Style, text string, w int) *Line {
	end := min(l.width, l.used+max(0, w))
	return l.put(s, text, end-l.used).To(end)
}

// RightCell writes text at the right edge of a column of w cells.
func (l *Line) RightCell(s theme.Style, text string, w int) *Line {
	end := min(l.width, l.used+max(0, w))
	l.To(end - Width(text))
	return l.put(s, text, end-l.used).To(end)
}

// Right writes text so that it ends at the end of the row, or where it fits.
func (l *Line) Right(s theme.Style, text string) *Line {
	return l.RightCell(s, text, l.Left())
}

// Gap leaves n cells blank.
func (l *Line) Gap(n int) *Line { return l.To(l.used + n) }

// To leaves cells blank up to column col.
func (l *Line) To(col int) *Line {
	if col = min(col, l.width); l.used < col {
		l.buf = append(l.buf, Blank(col-l.used)...)
		l.used = col
	}
	return l
}

// Fill repeats a glyph of one cell n times.
func (l *Line) Fill(s theme.Style, glyph string, n int) *Line {
	n = min(n, l.Left())
	if n <= 0 {
		return l
	}
	l.open(s)
	for range n {
		l.buf = append(l.buf, glyph...)
	}
	l.close(s)
	l.used += n
	return l
}

// open begins a piece in a style. Where it follows one of the same style, the
// two become one: fewer bytes go to the terminal.
func (l *Line) open(s theme.Style) {
	if s.Open != "" && l.last.Open == s.Open && bytes.HasSuffix(l.buf, []byte(s.Close)) {
		l.buf = l.buf[:len(l.buf)-len(s.Close)]
		return
	}
	l.buf = append(l.buf, s.Open...)
}

func (l *Line) close(s theme.Style) {
	l.buf = append(l.buf, s.Close...)
	l.last = s
}

// Drawn appends what another widget drew, which must be cells wide.
func (l *Line) Drawn(text string, cells int) *Line {
	if cells > l.Left() {
		return l.To(l.width)
	}
	l.buf = append(l.buf, text...)
	l.used += cells
	return l
}

// String returns the row, padded to its width.
func (l *Line) String() string {
	l.To(l.width)
	return string(l.buf)
}

// put writes text into at most room cells.
func (l *Line) put(s theme.Style, text string, room int) *Line {
	room = min(room, l.Left())
	if room <= 0 || text == "" {
		return l
	}
	l.open(s)
	used := 0
	cut, cutUsed := len(l.buf), 0 // where "…" goes if text turns out too long
	for i := 0; i < len(text); {
		if text[i] == 0x1b {
			i += sequence(text[i:])
			continue
		}
		if n := min(asciiRun(text[i:]), room-used-1); n > 0 {
			l.buf = append(l.buf, text[i:i+n]...)
			used, i = used+n, i+n
			cut, cutUsed = len(l.buf), used
			continue
		}
		size, cells := next(text[i:])
		char := text[i : i+size]
		if len(char) > 1 && cells > 0 && !showable(char, cells) {
			char, cells = "?", 1
		}
		if used+cells > room {
			l.buf = append(l.buf[:cut], l.th.Glyph.More...)
			used = cutUsed + 1
			break
		}
		if cells > 0 {
			l.buf = l.appendChar(l.buf, char)
		}
		used += cells
		if used < room {
			cut, cutUsed = len(l.buf), used
		}
		i += size
	}
	l.close(s)
	l.used += used
	return l
}

func (l *Line) appendChar(buf []byte, char string) []byte {
	if char[0] >= 0x80 && l.th.Glyph.Set == theme.ASCII {
		r, _ := utf8.DecodeRuneInString(char)
		if sign, ok := l.th.Glyph.Sign(r); ok {
			return append(buf, sign...)
		}
	}
	return append(buf, char...)
}

// Blank returns a row of w blanks.
func Blank(w int) string {
	const blanks = "                                                                                                                                                                "
	if w <= 0 {
		return ""
	}
	if w <= len(blanks) {
		return blanks[:w]
	}
	return strings.Repeat(" ", w)
}

// Fit returns exactly h rows of exactly w cells: rows are cut or padded as
// needed, missing ones are blank, those beyond h are left out.
func Fit(rows []string, w, h int) []string {
	out := make([]string, max(0, h))
	for i := range out {
		if i >= len(rows) {
			out[i] = Blank(w)
			continue
		}
		out[i] = fitRow(rows[i], w)
	}
	return out
}

func fitRow(row string, w int) string {
	switch got := Width(row); {
	case got == w:
		return row
	case got < w:
		return row + Blank(w-got)
	default:
		return cutStyled(row, w)
	}
}

// cutStyled keeps the first w cells of a row and all its colour sequences.
func cutStyled(row string, w int) string {
	var b strings.Builder
	used, full := 0, false
	for i := 0; i < len(row); {
		if row[i] == 0x1b {
			n := sequence(row[i:])
			b.WriteString(row[i : i+n])
			i += n
			continue
		}
		size, cells := next(row[i:])
		full = full || used+cells > w // nothing narrower slips in after what was cut
		if !full {
			b.WriteString(row[i : i+size])
			used += cells
		}
		i += size
	}
	b.WriteString(Blank(w - used))
	return b.String()
}
