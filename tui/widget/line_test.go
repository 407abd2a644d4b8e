package widget

import (
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
	"pgregory.net/rapid"

	"resilab/tui/theme"
)

func themeFor(term, colorterm string, glyphs theme.GlyphSet) *theme.Theme {
	dark := true
	return theme.New(theme.Options{Dark: &dark, Glyphs: glyphs, Getenv: func(k string) string {
		return map[string]string{"TERM": term, "COLORTERM": colorterm}[k]
	}})
}

func colourful() *theme.Theme { return themeFor("xterm", "truecolor", theme.Blocks) }
func plain() *theme.Theme     { return themeFor("dumb", "", theme.ASCII) }

// text is what a catalogue, a broker or a visitor might put on the screen.
func text() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.StringOf(rapid.SampledFrom([]rune("aá ñ×…─█🔵⏳✅世\u0301\u200d👩\n\t\x1b[31m\x07\u009b"))),
		rapid.String(),
	)
}

func TestWidthAgreesWithTheRenderer(t *testing.T) {
	for _, s := range []string{"", "abc", "áé ñ", "═█▏⣿", "🔵 x", "👩‍🚀", "e\u0301", "\x1b[31mrojo\x1b[0m", "世界", "a\u200d"} {
		if got, want := Width(s), ansi.StringWidth(s); got != want {
			t.Errorf("Width(%q) = %d, want %d", s, got, want)
		}
	}
}

func TestLine(t *testing.T) {
	th := plain()
	for _, tc := range []struct {
		name  string
		width int
		build func(*Line)
		want  string
	}{
		{"pads", 6, func(l *Line) { l.Text("ab") }, "ab    "},
		{"cuts", 4, func(l *Line) { l.Text("abcdef") }, "abc~"},
		{"cuts at one cell", 1, func(l *Line) { l.Text("abc") }, "~"},
		{"fits to the cell", 3, func(l *Line) { l.Text("abc") }, "abc"},
		{"does not halve a wide character", 4, func(l *Line) { l.Text("a世世") }, "a世~"},
		{"pads where a wide character was cut", 3, func(l *Line) { l.Text("a世世") }, "a~ "},
		{"drops control characters", 6, func(l *Line) { l.Text("a\nb\x1b[31mc\x07") }, "abc   "},
		{"writes columns", 10, func(l *Line) { l.Cell(th.Text, "abcdef", 4).RightCell(th.Text, "12", 4).Text("z") }, "abc~  12z "},
		{"writes at the right", 8, func(l *Line) { l.Text("ab").Right(th.Text, "yz") }, "ab    yz"},
		{"cuts what stands at the right", 5, func(l *Line) { l.Text("abc").Right(th.Text, "xyz") }, "abcx~"},
		{"fills", 5, func(l *Line) { l.Fill(th.Text, "=", 9) }, "====="},
		{"writes signs as letters", 5, func(l *Line) { l.Text("2×…ñ") }, "2x~ñ "},
		{"survives width 0", 0, func(l *Line) { l.Text("abc").Gap(3).Fill(th.Text, "=", 2) }, ""},
	} {
		l := NewLine(th, tc.width)
		tc.build(l)
		if got := l.String(); got != tc.want {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
	}
}

func TestLineIsAlwaysAsWideAsAsked(t *testing.T) {
	themes := []*theme.Theme{colourful(), plain()}
	rapid.Check(t, func(t *rapid.T) {
		th := rapid.SampledFrom(themes).Draw(t, "theme")
		width := rapid.IntRange(0, 40).Draw(t, "width")
		l := NewLine(th, width)
		for range rapid.IntRange(0, 5).Draw(t, "pieces") {
			s := text().Draw(t, "text")
			n := rapid.IntRange(-2, 20).Draw(t, "n")
			switch rapid.IntRange(0, 4).Draw(t, "what") {
			case 0:
				l.Put(th.Good, s)
			case 1:
				l.Cell(th.Bad, s, n)
			case 2:
				l.RightCell(th.Dim, s, n)
			case 3:
				l.Gap(n)
			case 4:
				l.Fill(th.Rule, "─", n)
			}
		}
		row := l.String()
		if got := ansi.StringWidth(row); got != width {
			t.Fatalf("%q is %d cells wide, want %d", row, got, width)
		}
		if strings.ContainsAny(row, "\n\r\t\x07") {
			t.Fatalf("control characters in %q", row)
		}
	})
}

func TestFit(t *testing.T) {
	th := colourful()
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) string { // as pictures make them
			return NewLine(th, rapid.IntRange(0, 20).Draw(t, "width")).Put(th.Good, text().Draw(t, "a")).Put(th.Bad, text().Draw(t, "b")).String()
		}), 0, 4).Draw(t, "rows")
		w, h := rapid.IntRange(0, 12).Draw(t, "w"), rapid.IntRange(0, 6).Draw(t, "h")
		got := Fit(rows, w, h)
		if len(got) != h {
			t.Fatalf("%d rows, want %d", len(got), h)
		}
		for _, row := range got {
			if ansi.StringWidth(row) != w {
				t.Fatalf("%q is %d cells wide, want %d", row, ansi.StringWidth(row), w)
			}
		}
	})
}

func BenchmarkWidth(b *testing.B) {
	row := NewLine(colourful(), 120).Put(colourful().Good, "Disponible ").Fill(colourful().Rule, "─", 90).String()
	b.ReportAllocs()
	for b.Loop() {
		Width(row)
	}
}
