// Package snapshot turns a frame of the program into an SVG picture, for the
// documentation: what stands there is what the program drew.
package snapshot

import (
	"fmt"
	"html"
	"math"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// Look is the terminal that the picture pretends to be.
type Look struct {
	Background, Foreground string     // "#rrggbb"
	Palette                [16]string // the colours 0..15
}

// Dark returns the look of a common dark terminal.
func Dark() Look {
	return Look{"#16181d", "#d6d9df", [16]string{
		"#16181d", "#ff7b72", "#6fd08c", "#e6b450", "#6cb6ff", "#d2a8ff", "#56d4dd", "#d6d9df",
		"#6e7681", "#ffa198", "#8ddba4", "#f0cc7a", "#9ccbff", "#e2c5ff", "#8ae3ea", "#ffffff"}}
}

// Light returns the look of a common light terminal.
func Light() Look {
	return Look{"#ffffff", "#24292f", [16]string{
		"#24292f", "#c0262d", "#1a7037", "#8a5600", "#0a5fb0", "#7a3fc0", "#00696f", "#6e7781",
		"#57606a", "#a40e26", "#0e4a20", "#633c01", "#033d8b", "#512a97", "#004f54", "#8c959f"}}
}

// Size of a cell in the picture's units; letters are a little smaller.
const (
	cellW, cellH = 8.4, 18
	fontSize     = 14
	margin       = 14
)

// SVG draws a frame, rows separated by newlines, into a picture. Its sequences
// may set colours, bold, faint and inverse; others are ignored.
func SVG(frame string, look Look) string {
	rows := rowsOf(frame)
	var b strings.Builder
	begin(&b, widest(rows), len(rows), look, "")
	for y, row := range rows {
		for _, r := range runsOf(row) {
			r.write(&b, y, look)
		}
	}
	b.WriteString("</svg>\n")
	return b.String()
}

// begin writes the head of a picture of that many cells, and its background.
//
// Browsers collapse blanks in spite of xml:space, and would then stretch what is
// left over textLength: white-space keeps them.
func begin(b *strings.Builder, cells, rows int, look Look, css string) {
	w, h := pictureWidth(cells), rows*cellH+2*margin
	fmt.Fprintf(b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" `, w, h, w, h)
	fmt.Fprintf(b, `font-family="'DejaVu Sans Mono','Cascadia Mono',Menlo,Consolas,monospace" font-size="%d" xml:space="preserve">`+"\n", fontSize)
	fmt.Fprintf(b, "<style>text{white-space:pre}%s</style>\n", css)
	fmt.Fprintf(b, `<rect width="100%%" height="100%%" rx="8" fill="%s"/>`+"\n", look.Background)
}

func pictureWidth(cells int) int { return int(math.Round(float64(cells)*cellW)) + 2*margin }

// rowsOf splits a frame into rows that XML can hold.
func rowsOf(frame string) []string {
	return strings.Split(strings.Map(allowed, strings.ToValidUTF8(frame, "?")), "\n")
}

// widest returns the number of cells of the longest row.
func widest(rows []string) (cells int) {
	for _, row := range rows {
		cells = max(cells, ansi.StringWidth(row))
	}
	return cells
}

// allowed drops what XML cannot hold, except the escape that begins a sequence.
func allowed(r rune) rune {
	if r < 0x20 && r != '\n' && r != 0x1b || r == 0xfffe || r == 0xffff {
		return -1
	}
	return r
}

// run is a stretch of one row in one style.
type run struct {
	x, cells int
	text     string
	style    style
}

// runsOf splits a row into runs.
func runsOf(row string) (runs []run) {
	var now style
	x := 0
	for len(row) > 0 {
		if seq, params, ok := sgr(row); ok {
			now.apply(params)
			row = row[len(seq):]
			continue
		}
		char, cells := ansi.FirstGraphemeCluster(row, ansi.GraphemeWidth)
		if char[0] == 0x1b {
			char, cells = row[:1], 0
		}
		row = row[len(char):]
		if cells == 0 {
			continue
		}
		if n := len(runs) - 1; n >= 0 && runs[n].takes(char, cells, now) {
			runs[n].text += char
			runs[n].cells += cells
		} else {
			runs = append(runs, run{x: x, cells: cells, text: char, style: now})
		}
		x += cells
	}
	return runs
}

// takes reports whether a character goes on with the run: the same shape again,
// or another letter of one cell. Wide characters stand alone, so that each is
// put where its cells are.
func (r run) takes(char string, cells int, now style) bool {
	if r.style != now || cells != 1 || r.cells != len([]rune(r.text)) {
		return false
	}
	if drawn(r.text) || drawn(char) {
		return strings.HasPrefix(r.text, char)
	}
	return true
}

func (r run) write(b *strings.Builder, y int, look Look) {
	fg, bg := r.style.colours(look)
	x, top := margin+float64(r.x)*cellW, float64(margin+y*cellH)
	if bg != look.Background {
		fmt.Fprintf(b, `<rect x="%.1f" y="%.1f" width="%.1f" height="%d" fill="%s"/>`+"\n", x, top, float64(r.cells)*cellW, cellH, bg)
	}
	if strings.TrimSpace(r.text) == "" {
		return
	}
	if drawn(r.text) {
		for _, s := range shapes([]rune(r.text)[0]) {
			s.write(b, x, top, r.cells, fg)
		}
		return
	}
	extra := ""
	if r.style.bold {
		extra += ` font-weight="bold"`
	}
	if r.style.faint {
		extra += ` opacity="0.6"`
	}
	fmt.Fprintf(b, `<text x="%.1f" y="%.1f" textLength="%.1f" fill="%s"%s>%s</text>`+"\n",
		x, top+13.5, float64(r.cells)*cellW, fg, extra, html.EscapeString(r.text))
}
