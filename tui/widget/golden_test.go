package widget

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/exp/golden"

	"resilab/labs/i18n"
	"resilab/labs/lab"
	"resilab/tui/theme"
)

func spanish(t testing.TB) *i18n.Catalogue {
	t.Helper()
	c, err := i18n.Load(i18n.Spanish, fstest.MapFS{"es.yaml": {Data: []byte(`
ui: {switch: {"true": "sí", "false": "no"}}
demo:
  knob:
    retries: {name: "Reintentos"}
    base: {name: "Espera inicial"}
    jitter: {name: "Fluctuación"}
    breaker: {name: "Disyuntor"}
    rate: {name: "Pagos"}
    failure: {name: "Fallos transitorios del pago"}
  choice: {jitter: {full: "completa", decorrelated: "decorrelacionada"}}
  event: {attempt: "Intento #{0} - Procesando pago ${1}", fail: "Error final: {0}"}
`)}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// eachLook draws in ASCII and in colour at several widths and compares with
// what was approved, after checking that every row is as wide as it must be.
func eachLook(t *testing.T, widths []int, draw func(th *theme.Theme, w int) []string) {
	t.Helper()
	for name, th := range map[string]*theme.Theme{"ascii": plain(), "truecolor": colourful()} {
		t.Run(name, func(t *testing.T) {
			var b strings.Builder
			for _, w := range widths {
				fmt.Fprintf(&b, "%d cells\n", w)
				for _, row := range draw(th, w) {
					if got := ansi.StringWidth(row); got != w {
						t.Errorf("%q is %d cells wide, want %d", row, got, w)
					}
					b.WriteString(row + "|\n")
				}
			}
			golden.RequireEqual(t, []byte(b.String()))
		})
	}
}

func TestKnobRows(t *testing.T) {
	text := spanish(t)
	base := lab.NewDuration("base", 100*time.Millisecond, time.Millisecond, 10*time.Second)
	jitter := lab.NewChoice("jitter", "none", "full", "decorrelated")
	knobs := []Knob{
		NewKnob(text, "demo", lab.NewInt("retries", 3, 0, 10), lab.IntValue(3)),
		NewKnob(text, "demo", base, lab.DurationValue(time.Second)),
		NewKnob(text, "demo", jitter, lab.ChoiceValue("full")),
		NewKnob(text, "demo", jitter, lab.ChoiceValue("decorrelated")),
		NewKnob(text, "demo", lab.NewBool("breaker", true), lab.BoolValue(true)),
		NewKnob(text, "demo", lab.NewRate("rate", 20, 0, 1000), lab.IntValue(50)),
		NewKnob(text, "demo", lab.NewFraction("failure", 0.18), lab.FractionValue(0.18)),
		NewKnob(text, "demo", base, lab.DurationValue(time.Second)),
	}
	knobs[1].Pointed, knobs[1].Focused = true, true
	knobs[2].Pointed = true
	knobs[7].Range = KnobRange(text, "demo", base)
	knobs[7].Input = func(l *Line, w int) { l.Text("250m").Put(l.th.Invert, " ") }
	eachLook(t, []int{0, 12, 26, 36, 44}, func(th *theme.Theme, w int) (rows []string) {
		for _, k := range knobs {
			rows = append(rows, k.Row(th, w))
		}
		return rows
	})
}

func TestCardRows(t *testing.T) {
	was := 0.805
	cards := []Card{
		{Name: "Éxito", Metric: lab.Metric{Format: lab.Share, Better: lab.Higher}, Value: 0.987, Known: true, A: &was},
		{Name: "Amplificación", Metric: lab.Metric{Format: lab.Times, Better: lab.Lower}, Value: 1.87, Known: true, A: &was},
		{Name: "p99", Metric: lab.Metric{Format: lab.Millis}},
	}
	eachLook(t, []int{0, 8, 20}, func(th *theme.Theme, w int) (rows []string) {
		for _, c := range cards {
			for _, h := range []int{1, 2, 3} {
				rows = append(rows, c.Rows(th, w, h)...)
			}
		}
		return rows
	})
}

func TestBars(t *testing.T) {
	eachLook(t, []int{0, 7, 24}, func(th *theme.Theme, w int) (rows []string) {
		for _, share := range []float64{-1, 0, 0.001, 0.5, 0.97, 1, 2} {
			rows = append(rows, NewLine(th, w).Bar(th.Good, share, w).String())
		}
		for _, left := range []float64{0, 5, 30, 60} {
			rows = append(rows, NewLine(th, w).TTLBar(left, 60, w).String())
		}
		spans := []Span{{0, 2, th.Accent, th.Glyph.BarEmpty}, {2, 5, th.Dim, th.Glyph.Line}, {5, 5.01, th.Good, th.Glyph.RangeKnob}, {50, 60, th.Bad, "!"}}
		return append(rows, NewLine(th, w).Timeline(spans, 10, w).String())
	})
}

func TestChart(t *testing.T) {
	c := Chart{Now: []float64{0, 1, 2, 4, 8, 16, 8, 4, 0}, Ghost: []float64{12, 12, 12, 12, 12, 12, 12, 12, 12, 12, 12}}
	eachLook(t, []int{0, 4, 14}, func(th *theme.Theme, w int) []string {
		c.Style = th.Accent
		return append(c.Rows(th, w, 3), c.Rows(th, w, 1)...)
	})
	t.Run("braille", func(t *testing.T) {
		th := themeFor("xterm", "", theme.Braille)
		c := Chart{Now: c.Now, Ghost: c.Ghost, Style: th.Accent}
		golden.RequireEqual(t, []byte(strings.Join(c.Rows(th, 14, 3), "\n")))
	})
}

// A peak stands in the same column whatever the glyphs are.
func TestGlyphSetsHaveTheSameGeometry(t *testing.T) {
	for _, set := range []theme.GlyphSet{theme.Blocks, theme.Braille, theme.ASCII} {
		th := themeFor("xterm", "", set)
		series := make([]float64, 20)
		for i := range series {
			series[i] = 1
		}
		series[7] = 40
		top := Chart{Now: series}.Rows(th, 30, 4)[0]
		if at := Width(top[:strings.IndexFunc(top, func(r rune) bool { return r != ' ' })]); at != 17 {
			t.Errorf("%s: the peak is at column %d of %q", set, at, top)
		}
	}
}

func TestScaled(t *testing.T) {
	s := Scaled{Chart: Chart{Now: []float64{0, 1, 2, 4, 8, 16, 8, 4, 0}}, Write: lab.Millis.Write, Span: 90 * time.Second, Now: "ahora"}
	eachLook(t, []int{0, 10, 30}, func(th *theme.Theme, w int) []string {
		s.Style = th.Accent
		return append(s.Rows(th, w, 4), s.Rows(th, w, 2)...)
	})
}

func TestLegend(t *testing.T) {
	eachLook(t, []int{0, 16, 50}, func(th *theme.Theme, w int) []string {
		return Legend(th, w, []Sign{{"░", th.Accent, "intento"}, {"▒", th.Warn, "espera"}, {"!", th.Bad, "adelantado por otro"}})
	})
}

func TestWindows(t *testing.T) {
	for _, tc := range []struct {
		top, move, count, room int
		from, to, above, below int
	}{
		{0, 0, 10, 4, 0, 4, 0, 6}, {0, 3, 10, 4, 3, 7, 3, 3}, {5, 99, 10, 4, 6, 10, 6, 0},
		{9, -99, 10, 4, 0, 4, 0, 6}, {3, 0, 2, 4, 0, 2, 0, 0}, {0, 1, 0, 0, 0, 0, 0, 0}, {0, 1, 3, -1, 1, 1, 1, 2},
	} {
		v := Window{Top: tc.top}
		v.Move(tc.move, tc.count, tc.room)
		from, to, above, below := v.Shown(tc.count, tc.room)
		if from != tc.from || to != tc.to || above != tc.above || below != tc.below {
			t.Errorf("%+v: %d..%d, %d above, %d below", tc, from, to, above, below)
		}
	}
	v := Window{}
	for _, tc := range [][2]int{{3, 0}, {4, 1}, {9, 6}, {7, 6}, {2, 2}} {
		if v.Reveal(tc[0], 10, 4); v.Top != tc[1] {
			t.Errorf("row %d is revealed from %d, want %d", tc[0], v.Top, tc[1])
		}
	}
}

func TestLogRows(t *testing.T) {
	text := spanish(t)
	log := Log{Events: []lab.Event{
		{At: 1234 * time.Millisecond, Mark: lab.MarkAttempt, Key: "demo.event.attempt", Args: []any{1, 99.99}},
		{At: 75 * time.Second, Mark: lab.MarkFail, Key: "demo.event.fail", Args: []any{"temporal\x1b[2J"}},
		{At: 76 * time.Second, Mark: lab.MarkAttempt, Key: "demo.event.attempt", Args: []any{2, 99.99}},
	}}
	eachLook(t, []int{0, 14, 48}, func(th *theme.Theme, w int) []string {
		rows := log.Rows(th, text, w, 4)
		filtered := log
		filtered.Filter = "INTENTO"
		filtered.Back = 1
		return append(rows, filtered.Rows(th, text, w, 2)...)
	})
}

func TestWrap(t *testing.T) {
	for _, row := range Wrap("Cuánto se espera antes del primer reintento", 16) {
		if Width(row) > 16 {
			t.Errorf("%q is too wide", row)
		}
	}
	if got := Wrap("uno dos tres", 7); len(got) != 2 || got[0] != "uno dos" {
		t.Errorf("%q", got)
	}
	if got := Wrap("ver <https://example.org/é> ya", 10); !slices.Equal(got, []string{"ver", "<https://e", "xample.org", "/é> ya"}) {
		t.Errorf("%q", got)
	}
	if got := Wrap("界界", 1); !slices.Equal(got, []string{"界界"}) {
		t.Errorf("%q", got)
	}
	if Wrap("x", 0) != nil {
		t.Error("no room gives no rows")
	}
}

func TestEventTime(t *testing.T) {
	for at, want := range map[time.Duration]string{
		-time.Second: "-0:01.0", 1250 * time.Millisecond: "0:01.2", 10 * time.Second: "0:10.0", time.Hour + 59950*time.Millisecond: "60:59.9",
	} {
		if got := EventTime(at); got != want {
			t.Errorf("%s: %s, want %s", at, got, want)
		}
	}
}
