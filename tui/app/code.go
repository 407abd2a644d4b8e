package app

import (
	"strings"

	"github.com/alecthomas/chroma/v2"

	"resilab/tui/theme"
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
	rows := widget.WrapWords(code, w-indent)
	if widget.Width(rows[0]) > w-indent { // one long word
		return []string{line}
	}
	rest := strings.TrimPrefix(code, rows[0])
	further := widget.WrapWords(rest, max(4, w-indent-4))
	out := []string{strings.Repeat(" ", indent) + rows[0]}
	for _, row := range further {
		out = append(out, strings.Repeat(" ", indent+4)+row)
	}
	return out
}

// highlightedLine draws the tokens of a line in rows of at most w cells, folded as
// code is.
func (h *host) highlightedLine(tokens []chroma.Token, w int) (rows []string) {
	var text strings.Builder
	var styles []theme.Style // of each character that is no blank
	for _, token := range tokens {
		style := h.tokenStyle(token.Type)
		for _, r := range strings.TrimRight(token.Value, "\n") {
			text.WriteRune(r)
			if r != ' ' {
				styles = append(styles, style)
			}
		}
	}
	for _, row := range folded(text.String(), max(8, w)) {
		l := h.line(w)
		for i, r := range row {
			if r == ' ' {
				l.Gap(1)
				continue
			}
			if i == 0 || row[i-1] == ' ' { // a word at a time, in pieces of one style
				styles = h.putWord(l, row[i:], styles)
			}
		}
		rows = append(rows, l.String())
	}
	return rows
}

// putWord writes a text up to its first blank and returns the styles of what
// follows it.
func (h *host) putWord(l *widget.Line, text string, styles []theme.Style) []theme.Style {
	word, _, _ := strings.Cut(text, " ")
	letters := []rune(word)
	for from, to := 0, 0; from < len(letters); from = to {
		for to = from + 1; to < len(letters) && styles[to].Open == styles[from].Open; to++ {
		}
		l.Put(styles[from], string(letters[from:to]))
	}
	return styles[len(letters):]
}

// tokenStyle is the colour of a kind of token.
func (h *host) tokenStyle(t chroma.TokenType) theme.Style {
	switch {
	case t.InCategory(chroma.Comment):
		return h.th.Dim
	case t.InCategory(chroma.Keyword):
		return h.th.Accent
	case t.InSubCategory(chroma.String):
		return h.th.Good
	case t.InSubCategory(chroma.Number):
		return h.th.Warn
	case t == chroma.NameFunction || t == chroma.NameClass || t == chroma.NameTag || t == chroma.NameAttribute:
		return h.th.Focus
	}
	return h.th.Text
}
