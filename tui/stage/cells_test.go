package stage

import (
	"fmt"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
	"github.com/hinshun/vt10x"
	"pgregory.net/rapid"
)

// styled draws a row of styled words, each of which ends with a reset as Lip Gloss
// writes it.
func styled(t *rapid.T, name string, w int) string {
	var b strings.Builder
	left := rapid.IntRange(0, w).Draw(t, name+" width")
	for left > 0 {
		n := rapid.IntRange(1, left).Draw(t, name+" word")
		word := strings.Repeat(rapid.SampledFrom([]string{" ", "a", "b", "─", "█"}).Draw(t, name+" rune"), n)
		switch style := rapid.SampledFrom([]string{"", "\x1b[1m", "\x1b[31m", "\x1b[38;5;208;4m", "\x1b[1m\x1b[32m"}).Draw(t, name+" style"); style {
		case "":
			b.WriteString(word)
		default:
			b.WriteString(style + word + "\x1b[0m")
		}
		left -= n
	}
	return b.String()
}

// glyphs are all cells of a terminal with their styles.
func glyphs(term vt10x.Terminal, w, h int) string {
	var b strings.Builder
	for y := range h {
		for x := range w {
			g := term.Cell(x, y)
			fmt.Fprintf(&b, "%c %d %d %d|", g.Char, g.Mode, g.FG, g.BG)
		}
	}
	return b.String()
}

// A changed row looks as if it had been written whole.
func TestAChangedRowIsTheNewRow(t *testing.T) {
	const w, h = 30, 3
	rapid.Check(t, func(t *rapid.T) {
		y := rapid.IntRange(0, h-1).Draw(t, "row")
		old, now := styled(t, "old", w), styled(t, "now", w)
		changed, whole := terminal(w, h), terminal(w, h)
		for _, term := range []vt10x.Terminal{changed, whole} {
			_, _ = term.Write(appendRow(nil, y, old, w))
		}
		_, _ = whole.Write(appendRow(nil, y, now, w))
		change, ok := new(Cells).AppendChange(nil, y, old, now)
		if !ok {
			change = appendRow(nil, y, now, w)
		}
		_, _ = changed.Write(change)
		if got, want := glyphs(changed, w, h), glyphs(whole, w, h); got != want {
			t.Fatalf("%q after %q, by %q:\n%s\nwant\n%s", now, old, change, changed, whole)
		}
	})
}

func TestOnlyWhatHasChangedIsWritten(t *testing.T) {
	long := strings.Repeat("x", 60)
	for _, c := range []struct{ old, now, want string }{
		{"  hits   87.1 %" + long, "  hits   87.3 %" + long, "\x1b[3;13H3"},
		{"a\x1b[1mb\x1b[0mc" + long, "a\x1b[1mB\x1b[0mc" + long, "\x1b[3;2H\x1b[1mB\x1b[m"},
		{"a" + long + "b", "A" + long + "B", "\x1b[3;1HA\x1b[3;62HB"},
		{"abcdefgh" + long, "AbcdEfgh" + long, "\x1b[3;1HAbcdE"}, // one move of the cursor is as long
		{long + " and more", long, "\x1b[3;62H\x1b[K"},
		{long, long + "more", "\x1b[3;61Hmore"},
		{"日本" + long, "日光" + long, "\x1b[3;3H光"},
		{"日本" + long, "ab本" + long, "\x1b[3;1Hab"},
		{"ab本" + long, "日本" + long, "\x1b[3;1H日"},
		{long, long, ""},
	} {
		got, ok := new(Cells).AppendChange(nil, 2, c.old, c.now)
		if string(got) != c.want || !ok {
			t.Errorf("%q to %q: %q, %v, want %q", c.old, c.now, got, ok, c.want)
		}
	}
	for name, c := range map[string][2]string{
		"a link":             {"\x1b]8;;http://x\x1b\\y\x1b]8;;\x1b\\" + long, "z" + long},
		"a moved cursor":     {"\x1b[5C" + long, "z" + long},
		"a style left open":  {"\x1b[1m" + long, "z" + long},
		"a tab":              {"\t" + long, "z" + long},
		"as long as the row": {"abc", "xyz"},
	} {
		if got, ok := new(Cells).AppendChange([]byte("kept"), 2, c[0], c[1]); ok || string(got) != "kept" {
			t.Errorf("%s: %q, %v", name, got, ok)
		}
	}
}

// What is found without a table is what the table says.
func TestGraphemesAreThoseOfTheTable(t *testing.T) {
	alphabet := []rune("a ~\x7f\t·×éñ\u00a0\u00ad\u0301\u200d\ufe0f▶─█⣿日한🇪🇸👩👍\U0001f3fd\x1b[0m")
	rapid.Check(t, func(t *rapid.T) {
		row := string(rapid.SliceOfN(rapid.SampledFrom(alphabet), 1, 8).Draw(t, "row"))
		_, width, want, _ := ansi.DecodeSequence(row, ansi.NormalState, nil)
		if n, w := graphemeLen(row); n != want || w != width {
			t.Fatalf("%q begins with %d bytes in %d columns, want %d in %d", row, n, w, want, width)
		}
	})
}

// BenchmarkChange writes a row of 120 cells in which one figure has changed.
func BenchmarkChange(b *testing.B) {
	row := strings.Repeat("\x1b[38;5;244mname\x1b[0m   \x1b[1m87.1\x1b[0m %  ", 8)
	now := strings.Replace(row, "87.1", "87.3", 1)
	var c Cells
	var p []byte
	b.ReportAllocs()
	for b.Loop() {
		p, _ = c.AppendChange(p[:0], 7, row, now)
	}
	b.ReportMetric(float64(len(p))/float64(len(now)), "of-the-row")
}
