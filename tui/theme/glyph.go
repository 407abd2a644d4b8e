package theme

import (
	"fmt"
	"strings"
)

// GlyphSet chooses how bars and charts are drawn.
type GlyphSet int

const (
	Auto    GlyphSet = iota // Blocks, or ASCII on a console that lacks them
	Blocks                  // block elements; fonts of terminal windows have them
	Braille                 // finer charts, for fonts that have them
	ASCII                   // nothing drawn but ASCII; texts keep their accents
)

var glyphNames = []string{"auto", "blocks", "braille", "ascii"}

// String returns the set's name.
func (g GlyphSet) String() string { return glyphNames[g] }

// ParseGlyphs reads a set's name.
func ParseGlyphs(s string) (GlyphSet, error) {
	for i, name := range glyphNames {
		if s == name {
			return GlyphSet(i), nil
		}
	}
	return Auto, fmt.Errorf("glyphs %q is not one of %s", s, strings.Join(glyphNames, "|"))
}

// Glyphs are the pieces that pictures are made of. Each string is exactly one
// cell wide unless it says otherwise.
type Glyphs struct {
	Set GlyphSet
	BarGlyphs
	RangeGlyphs
	LineGlyphs
	MarkGlyphs
}

// BarGlyphs are the parts of bars and column charts.
type BarGlyphs struct {
	BarParts []string // from one part of a cell to a full one, left to right
	BarEmpty string
	Levels   []string // from the lowest column to a full one, bottom up
}

// RangeGlyphs are the parts of a knob's range.
type RangeGlyphs struct {
	RangeLow  string // below the value
	RangeHigh string // above the value
	RangeKnob string // the value
	RangeMark string // the default
}

// LineGlyphs are rules and the branches of trees.
type LineGlyphs struct {
	Line, Column                string // ─ │
	TreeItem, TreeLast, TreeBar string // two cells each: ├─ └─ │
}

// MarkGlyphs are single marks beside or inside a text.
type MarkGlyphs struct {
	Pointer, Changed, More, Dot, Times, Caret string // ▸ • … · × and the text cursor
	Up, Down, Same                            string // a figure rose, fell, stayed
	ArrowRight                                string
	Running, Paused                           string
}

func glyphsOf(set GlyphSet) Glyphs {
	if set == ASCII {
		return asciiGlyphs()
	}
	if set == Auto {
		set = Blocks
	}
	return Glyphs{
		Set: set,
		BarGlyphs: BarGlyphs{
			BarParts: []string{"▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"}, BarEmpty: "░",
			Levels: []string{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"},
		},
		RangeGlyphs: RangeGlyphs{RangeLow: "━", RangeHigh: "─", RangeKnob: "┃", RangeMark: "┼"},
		LineGlyphs:  LineGlyphs{Line: "─", Column: "│", TreeItem: "├─", TreeLast: "└─", TreeBar: "│ "},
		MarkGlyphs: MarkGlyphs{
			Pointer: "▸", Changed: "•", More: "…", Dot: "·", Times: "×", Caret: "▏",
			Up: "▲", Down: "▼", Same: "=", ArrowRight: "→", Running: "▶", Paused: "‖",
		},
	}
}

func asciiGlyphs() Glyphs {
	return Glyphs{
		Set: ASCII,
		BarGlyphs: BarGlyphs{
			BarParts: []string{"#"}, BarEmpty: ".",
			Levels: []string{".", ":", "-", "=", "+", "*", "#"},
		},
		RangeGlyphs: RangeGlyphs{RangeLow: "=", RangeHigh: "-", RangeKnob: "O", RangeMark: "+"},
		LineGlyphs:  LineGlyphs{Line: "-", Column: "|", TreeItem: "|-", TreeLast: "`-", TreeBar: "| "},
		MarkGlyphs: MarkGlyphs{
			Pointer: ">", Changed: "*", More: "~", Dot: "-", Times: "x", Caret: "_",
			Up: "^", Down: "v", Same: "=", ArrowRight: ">", Running: ">", Paused: "=",
		},
	}
}

// asciiSigns are the signs of texts that an ASCII screen cannot show. Letters
// with accents stay: without them Spanish says something else.
var asciiSigns = map[rune]string{
	'…': "~", '×': "x", '·': "-", '–': "-", '—': "-", '→': ">", '←': "<", '↑': "^", '↓': "v",
	'«': "\"", '»': "\"", '“': "\"", '”': "\"", '‘': "'", '’': "'", '•': "*", 'µ': "u", '±': "~",
	'≤': "<", '≥': ">", '≠': "!", '−': "-", '≈': "~",
}

// Sign returns what the glyph set writes for a rune of a text; most runes
// stay. The replacement is one cell wide like the sign.
func (g *Glyphs) Sign(r rune) (string, bool) {
	if g.Set != ASCII || r < 0x80 {
		return "", false
	}
	s, ok := asciiSigns[r]
	return s, ok
}
