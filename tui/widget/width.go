package widget

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

// narrow reports whether r certainly takes one cell and joins with nothing
// before it. Box drawing, blocks, braille and Latin letters are most of a screen.
func narrow(r rune) bool {
	return r >= 0x20 && r < 0x7f || r >= 0xa0 && r < 0x300 && r != 0xad ||
		r >= 0x2500 && r < 0x25a0 || r >= 0x2800 && r < 0x2900 || r == '…' || r == '·' || r == '×'
}

// joins reports whether r could change the width of what stands before it.
func joins(r rune) bool { return r >= 0x300 && !narrow(r) }

// Width is how many cells s takes. Colour sequences take none.
func Width(s string) int {
	w := 0
	for i := 0; i < len(s); {
		if s[i] == 0x1b {
			i += sequence(s[i:])
			continue
		}
		if n := asciiRun(s[i:]); n > 0 {
			w += n
			i += n
			continue
		}
		size, cells := next(s[i:])
		w += cells
		i += size
	}
	return w
}

// asciiRun returns how many bytes at the start of s are printable ASCII that nothing
// joins: one cell each. Most of a screen is, and is not looked at rune by rune.
func asciiRun(s string) int {
	n := 0
	for n < len(s) && s[n] >= 0x20 && s[n] < 0x7f {
		n++
	}
	if n > 0 && n < len(s) && s[n] >= utf8.RuneSelf {
		n-- // what follows may join it
	}
	return n
}

// next returns the bytes and cells of the first character of s, which is not
// empty and does not begin with an escape.
func next(s string) (size, cells int) {
	r, n := rune(s[0]), 1
	if r >= utf8.RuneSelf {
		r, n = utf8.DecodeRuneInString(s)
	}
	if narrow(r) && !followedByJoiner(s[n:]) {
		return n, 1
	}
	if r < 0x20 || r >= 0x7f && r < 0xa0 {
		return n, 0 // a control character
	}
	cluster, cells := ansi.FirstGraphemeCluster(s, ansi.GraphemeWidth)
	return len(cluster), cells
}

func followedByJoiner(rest string) bool {
	if rest == "" || rest[0] < utf8.RuneSelf {
		return false
	}
	r, _ := utf8.DecodeRuneInString(rest)
	return joins(r)
}

// sequence returns the length of the escape sequence at the start of s.
func sequence(s string) int {
	if len(s) < 2 || s[1] != '[' {
		return 1 // a lone escape is a control character
	}
	for i := 2; i < len(s); i++ {
		if s[i] >= 0x40 && s[i] <= 0x7e {
			return i + 1
		}
	}
	return len(s)
}

// showable reports whether a character keeps its width beside any other: Latin, Greek, Cyrillic, signs, and whole wide characters such as emoji.
// Others could join what is written before or after them, and shift a row.
func showable(char string, cells int) bool {
	r, n := utf8.DecodeRuneInString(char)
	switch {
	case n == len(char) && narrow(r):
		return true
	case r == utf8.RuneError || n < len(char) && !strings.HasSuffix(char, "\ufe0f"):
		return false
	case r >= 0x1f1e6 && r <= 0x1f1ff, r >= 0x1f3fb && r <= 0x1f3ff: // halves of flags, skin tones
		return false
	case r >= 0x1100 && r <= 0x11ff, r >= 0xa960 && r <= 0xa97f: // parts of Korean syllables
		return false
	case unicode.In(r, unicode.M, unicode.C):
		return false
	}
	return r < 0x590 || r >= 0x2000 && r < 0x2c00 || cells == 2
}
