package theme

import (
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"resilab/labs/lab"
)

func env(pairs ...string) func(string) string {
	m := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	return func(k string) string { return m[k] }
}

func TestLevelComesFromTheEnvironment(t *testing.T) {
	for _, tc := range []struct {
		env  func(string) string
		want Level
	}{
		{env(), Plain},
		{env("TERM", "dumb", "COLORTERM", "truecolor"), Plain},
		{env("TERM", "xterm-256color"), ANSI256},
		{env("TERM", "xterm-256color", "COLORTERM", "truecolor"), TrueColor},
		{env("TERM", "xterm-256color", "COLORTERM", "truecolor", "NO_COLOR", "1"), Mono},
		{env("TERM", "linux"), ANSI16},
		{env("TERM", "xterm"), ANSI16},
		{env("TERM", "vt100"), Mono},
		{env("TERM", "screen"), ANSI16},
		{env("TERM", "screen", "NO_COLOR", "1"), Mono},
		{env("TERM", "tmux"), ANSI16},
		{env("TERM", "konsole"), ANSI16},
		{env("TERM", "putty"), ANSI16},
		{env("TERM", "rxvt-unicode"), ANSI16},
		{env("TERM", "xterm-direct"), TrueColor},
		{env("TERM", "no-such-terminal"), Mono},
		{env("TERM", "../../../x/xterm"), Mono},
	} {
		if got := DetectLevel(tc.env); got != tc.want {
			t.Errorf("level %d, want %d", got, tc.want)
		}
	}
}

// Terminals that this machine's terminfo lacks are known all the same.
func TestCommonTerminalsHaveColours(t *testing.T) {
	t.Setenv("TERMINFO", t.TempDir())
	for term, least := range map[string]int{"foot": 256, "mintty": 8, "alacritty": 256, "kitty-direct": 1 << 24, "st-256color": 256, "Eterm": 8} {
		if got := colours(term); got < least {
			t.Errorf("%s has %d colours, want %d", term, got, least)
		}
	}
	for term, least := range map[string]Level{
		"foot": ANSI256, "screen": ANSI16, "tmux": ANSI16, "konsole": ANSI16, "putty": ANSI16, "mintty": ANSI16,
		"rxvt-unicode": ANSI16, "xterm-direct": TrueColor,
	} {
		if got := DetectLevel(env("TERM", term)); got < least {
			t.Errorf("%s is drawn with level %d, want %d", term, got, least)
		}
	}
}

func TestConsolesGetASCII(t *testing.T) {
	for _, tc := range []struct {
		term  string
		asked GlyphSet
		want  GlyphSet
	}{
		{"linux", Auto, ASCII}, {"linux-16color", Auto, ASCII}, {"linux", Blocks, Blocks}, {"xterm", Auto, Blocks},
		{"xterm", Braille, Braille}, {"dumb", Braille, ASCII},
	} {
		if got := New(Options{Getenv: env("TERM", tc.term), Glyphs: tc.asked}).Glyph.Set; got != tc.want {
			t.Errorf("%s with %s: %s, want %s", tc.term, tc.asked, got, tc.want)
		}
	}
}

// With 16 colours, too, light and dark differ, and neither uses what vanishes.
func TestSixteenColours(t *testing.T) {
	codes := func(p palette) (out []string) {
		for _, c := range append([]colour{p.accent, p.focus, p.good, p.warn, p.bad}, p.series[:]...) {
			out = append(out, c.ansi)
		}
		return out
	}
	dark, light := codes(darkBackground), codes(lightBackground)
	if slices.Equal(dark, light) {
		t.Error("light and dark are the same")
	}
	for i := range light {
		if slices.Contains([]string{"3", "6", "7", "10", "11", "14", "15"}, light[i]) {
			t.Errorf("colour %s vanishes on white", light[i])
		}
		if slices.Contains([]string{"0", "4", "8"}, dark[i]) {
			t.Errorf("colour %s vanishes on black", dark[i])
		}
	}
}

func TestStylesSayWhatTheTerminalUnderstands(t *testing.T) {
	dark := true
	for name, tc := range map[string]struct {
		env         func(string) string
		good, dim   string
		invert      string
		strongText  string
		wantedGlyph GlyphSet
	}{
		"dumb":      {env("TERM", "dumb"), "x", "x", "x", "x", ASCII},
		"no colour": {env("TERM", "xterm", "NO_COLOR", "1"), "x", "\x1b[2mx\x1b[0m", "\x1b[7mx\x1b[0m", "\x1b[1mx\x1b[0m", Blocks},
		"16":        {env("TERM", "xterm"), "\x1b[92mx\x1b[0m", "\x1b[2mx\x1b[0m", "\x1b[7mx\x1b[0m", "\x1b[1mx\x1b[0m", Blocks},
		"true":      {env("TERM", "xterm", "COLORTERM", "truecolor"), "\x1b[38;2;111;208;140mx\x1b[0m", "\x1b[38;2;153;153;153mx\x1b[0m", "\x1b[7mx\x1b[0m", "\x1b[1mx\x1b[0m", Blocks},
	} {
		t.Run(name, func(t *testing.T) {
			th := New(Options{Getenv: tc.env, Dark: &dark})
			for what, pair := range map[string][2]string{
				"good": {th.Good.Paint("x"), tc.good}, "dim": {th.Dim.Paint("x"), tc.dim},
				"invert": {th.Invert.Paint("x"), tc.invert}, "strong": {th.Text.Strong().Paint("x"), tc.strongText},
				"text": {th.Text.Paint("x"), "x"},
			} {
				if pair[0] != pair[1] {
					t.Errorf("%s: %q, want %q", what, pair[0], pair[1])
				}
			}
			if th.Glyph.Set != tc.wantedGlyph {
				t.Errorf("glyphs %s", th.Glyph.Set)
			}
		})
	}
}

// Every glyph has the width its place was planned for, and an ASCII screen is ASCII.
func TestGlyphWidths(t *testing.T) {
	for _, set := range []GlyphSet{Blocks, Braille, ASCII} {
		g := glyphsOf(set)
		v, checked := reflect.ValueOf(g), 0
		for _, field := range reflect.VisibleFields(v.Type()) {
			name := field.Name
			var cells []string
			switch f := v.FieldByIndex(field.Index).Interface().(type) {
			case string:
				cells = []string{f}
			case []string:
				cells = f
			default:
				continue
			}
			checked += len(cells)
			want := 1
			if strings.HasPrefix(name, "Tree") {
				want = 2
			}
			for _, c := range cells {
				if got := ansi.StringWidth(c); got != want {
					t.Errorf("%s %s: %q is %d cells wide", set, name, c, got)
				}
				if set == ASCII && !isASCII(c) {
					t.Errorf("%s %q is not ASCII", name, c)
				}
			}
		}
		if checked < 24 { // the groups of glyphs were not looked into
			t.Errorf("%s: only %d glyphs checked", set, checked)
		}
	}
	for r, s := range asciiSigns {
		if ansi.StringWidth(s) != ansi.StringWidth(string(r)) || !isASCII(s) {
			t.Errorf("sign %q for %q", s, r)
		}
	}
}

func TestMarksAreTwoCells(t *testing.T) {
	for _, set := range []GlyphSet{Blocks, ASCII} {
		th := New(Options{Getenv: env("TERM", "xterm"), Glyphs: set})
		for m := lab.MarkInfo; m <= lab.MarkSetting; m++ {
			symbol, _ := th.Mark(m)
			if ansi.StringWidth(symbol) != MarkWidth {
				t.Errorf("%s mark %d: %q is %d cells wide", set, m, symbol, ansi.StringWidth(symbol))
			}
			if set == ASCII && !isASCII(symbol) {
				t.Errorf("mark %d: %q is not ASCII", m, symbol)
			}
		}
	}
	if symbol, _ := New(Options{Getenv: env()}).Mark(99); symbol != "- " {
		t.Errorf("an unknown mark is %q", symbol)
	}
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= 0x80 })
}

func TestParseGlyphs(t *testing.T) {
	for _, g := range []GlyphSet{Blocks, Braille, ASCII} {
		if got, err := ParseGlyphs(g.String()); err != nil || got != g {
			t.Errorf("%s: %s, %v", g, got, err)
		}
	}
	if _, err := ParseGlyphs("emoji"); err == nil {
		t.Error("emoji is accepted")
	}
}

// Text in every colour can be read on its backgrounds.
func TestContrast(t *testing.T) {
	for name, tc := range map[string]struct {
		p       palette
		grounds []string
		least   float64
	}{
		"dark":            {darkBackground, []string{"#000000", "#1e1e1e", "#002b36"}, 4.5},
		"light":           {lightBackground, []string{"#ffffff", "#f4f4f4", "#fdf6e3"}, 4.5},
		"any":             {anyBackground, []string{"#000000", "#ffffff"}, 4},
		"warm, dark":      {warm.dark, []string{"#000000", "#1e1e1e", "#002b36"}, 4.5},
		"warm, light":     {warm.light, []string{"#ffffff", "#f4f4f4", "#fdf6e3"}, 4.5},
		"warm, any":       {warm.any, []string{"#000000", "#ffffff"}, 4},
		"contrast, dark":  {marked(strongest.dark), []string{"#000000", "#1e1e1e"}, 7},
		"contrast, light": {marked(strongest.light), []string{"#ffffff", "#f4f4f4"}, 7},
	} {
		colours := append([]colour{tc.p.accent, tc.p.focus, tc.p.good, tc.p.warn, tc.p.bad, tc.p.dim}, tc.p.series[:]...)
		for _, c := range colours {
			for _, ground := range tc.grounds {
				if got := contrast(t, c.hex, ground); got < tc.least {
					t.Errorf("%s: %s on %s has a contrast of %.2f", name, c.hex, ground, got)
				}
			}
		}
	}
}

// marked is a palette without the colours of series.
func marked(p palette) palette {
	for i := range p.series {
		p.series[i] = p.accent
	}
	return p
}

// Every theme suits every level of colour, and the terminal's own has no colours
// but the terminal's.
func TestNamedThemes(t *testing.T) {
	for _, term := range []string{"xterm-256color", "dumb", "linux"} {
		th := New(Options{Getenv: env("TERM", term, "COLORTERM", "truecolor")})
		if th.Name() != Calm {
			t.Errorf("%s begins with %s", term, th.Name())
		}
		for _, name := range Names() {
			if got := th.Named(name); got.Name() != name || got.Level != th.Level {
				t.Errorf("%s at level %d became %s at %d", name, th.Level, got.Name(), got.Level)
			}
		}
	}
	th := New(Options{Getenv: env("TERM", "xterm-256color", "COLORTERM", "truecolor"), Name: Terminal})
	for _, s := range []Style{th.Accent, th.Good, th.Bad, th.Series(3)} {
		if strings.Contains(s.Open, "38;") {
			t.Errorf("%q is no colour of the terminal", s.Open)
		}
	}
}

func TestClipboard(t *testing.T) {
	for term, want := range map[string]bool{"xterm-256color": true, "tmux-256color": true, "foot": true, "linux": false, "dumb": false, "": false, "vt220": false} {
		if got := New(Options{Getenv: env("TERM", term)}).Clipboard(); got != want {
			t.Errorf("%s: %v", term, got)
		}
	}
}

func contrast(t *testing.T, a, b string) float64 {
	la, lb := luminance(t, a), luminance(t, b)
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

func luminance(t *testing.T, hex string) float64 {
	n, err := strconv.ParseUint(hex[1:], 16, 32)
	if err != nil {
		t.Fatal(err)
	}
	linear := func(v uint64) float64 {
		c := float64(v&255) / 255
		if c <= 0.04045 {
			return c / 12.92
		}
		return math.Pow((c+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(n>>16) + 0.7152*linear(n>>8) + 0.0722*linear(n)
}
