package generic

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/charmbracelet/x/ansi"
	"pgregory.net/rapid"

	"resilab/labs/i18n"
	"resilab/labs/lab"
	"resilab/tui/field"
	"resilab/tui/pane"
	"resilab/tui/theme"
	"resilab/tui/widget"
)

func frame(t testing.TB, knobs, metrics int) pane.Frame {
	t.Helper()
	text, err := i18n.Load(i18n.English, fstest.MapFS{"en.yaml": {Data: []byte(`{ui: {knobs: Knobs, log: Log, log_nothing: "Nothing has {0}", compare: {none: "Press a to keep this run"}}}`)}})
	if err != nil {
		t.Fatal(err)
	}
	spec := &lab.Spec{ID: "x"}
	for i := range knobs {
		spec.Knobs = append(spec.Knobs, lab.NewInt(fmt.Sprintf("k%d", i), 3, 0, 10))
	}
	snap := &lab.Snapshot{Metrics: map[string]float64{}, Elapsed: 5 * time.Second}
	history := pane.NewHistory(time.Second)
	for i := range metrics {
		m := lab.Metric{ID: fmt.Sprintf("m%d", i), Format: lab.Format(i % 7), Better: lab.Better(i % 3), Card: i%2 == 0}
		spec.Metrics = append(spec.Metrics, m)
		snap.Metrics[m.ID] = float64(i) / 3
	}
	for i := range 30 {
		history.Sample(time.Duration(i)*time.Second, snap.Metrics)
	}
	dark := true
	th := theme.New(theme.Options{Dark: &dark, Getenv: func(string) string { return "xterm" }})
	return pane.Frame{Theme: th, Text: text, Spec: spec, Snap: snap, Settings: spec.Defaults(), History: history}
}

// Every part fills its rectangle to the cell, whatever the lab and the size.
func TestPartsFillTheirRectangles(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		f := frame(t, rapid.IntRange(0, 40).Draw(rt, "knobs"), rapid.IntRange(0, 40).Draw(rt, "metrics"))
		f.W, f.H = rapid.IntRange(0, 150).Draw(rt, "w"), rapid.IntRange(0, 60).Draw(rt, "h")
		if rapid.Bool().Draw(rt, "captured") {
			f.A = &lab.Run{Knobs: f.Settings.With("k0", lab.IntValue(9)), Metrics: map[string]float64{"m1": 2, "m3": 0}}
		}
		p := Panel{Selected: rapid.IntRange(0, max(0, len(f.Spec.Knobs)-1)).Draw(rt, "selected"), Focused: true}
		if rapid.Bool().Draw(rt, "typing") {
			p.Field = &field.Field{}
			p.Field.Open("12")
		}
		table := Compare(f)
		table.Rows = widget.Fit(append(table.Head, table.Rows...), f.W, f.H)
		f.Snap.Troubles = []lab.Trouble{{Key: "x.trouble.broker.away"}}
		for name, rows := range map[string][]string{
			"panel": p.Rows(f), "cards": Cards(f), "numbers": Numbers(f), "table": table.Rows, "picture": Picture{}.Draw(f),
			"log": Log{Log: widget.Log{Events: f.Snap.Events, Filter: "x", Back: 2}, Frozen: true, Field: &field.Field{}}.Rows(f), "hint": Hint(f, "one two three"),
		} {
			if len(rows) != f.H {
				rt.Fatalf("%s: %d rows of %d", name, len(rows), f.H)
			}
			for _, row := range append(rows, Banner(f, time.Time{})...) {
				if got := ansi.StringWidth(row); got != f.W {
					rt.Fatalf("%s: %q is %d cells wide, want %d", name, row, got, f.W)
				}
			}
		}
	})
}

// The chosen knob is on the panel, and where the panel says it is.
func TestPanelShowsTheChosenKnob(t *testing.T) {
	for _, h := range []int{2, 5, 8, 12, 50} {
		for selected := range 30 {
			f := frame(t, 30, 1)
			f.W, f.H = 40, h
			p := Panel{Selected: selected, Focused: true}
			found := false
			for y, row := range p.Rows(f) {
				i, ok := p.KnobAt(f.Spec, y, h)
				if pointed := ok && i == selected; pointed {
					found = true
					if got := ansi.Strip(row)[:len(f.Theme.Glyph.Pointer)]; got != f.Theme.Glyph.Pointer {
						t.Errorf("h %d: knob %d should be on row %d: %q", h, selected, y, row)
					}
				}
			}
			if !found {
				t.Errorf("h %d: knob %d is not shown", h, selected)
			}
		}
	}
}

func TestTableNeedsARunToCompareWith(t *testing.T) {
	f := frame(t, 1, 1)
	f.W, f.H = 60, 3
	if got := ansi.Strip(Compare(f).Rows[1]); !strings.Contains(got, "Press a") {
		t.Errorf("%q", got)
	}
}

// The difference is that of the figures that are shown.
func TestDifference(t *testing.T) {
	for _, tc := range []struct {
		f    lab.Format
		a, b float64
		want string
	}{
		{lab.Share, 0.994, 0.999, "+0.5 pp"}, {lab.Share, 0.5, 0.25, "−25 pp"}, {lab.Times, 1.21, 1.4, "+0.19×"},
		{lab.Count, 5, 2, "−3"}, {lab.Millis, 7, 7, lab.Millis.Write(0)}, {lab.Share, 0.99761, 0.99839, "0 %"},
		{lab.Share, 0.5004, 0.5006, "+0.1 pp"}, {lab.Share, 0.9974, 0.9986, "+0.2 pp"}, {lab.PerSecond, 19.96, 20.04, lab.PerSecond.Write(0)},
	} {
		if got := difference(tc.f, tc.a, tc.b); got != tc.want {
			t.Errorf("%s and %s: %q, want %q", tc.f.Write(tc.a), tc.f.Write(tc.b), got, tc.want)
		}
	}
}

// Totals of runs of unequal length are compared as rates; a level is not.
func TestTotalsAreComparedAsRates(t *testing.T) {
	f := frame(t, 1, 0)
	f.Spec.Metrics = []lab.Metric{{ID: "m0", Format: lab.Count}, {ID: "m1", Format: lab.Count, Level: true}}
	f.A = &lab.Run{Knobs: f.Settings, Duration: 100, Metrics: map[string]float64{"m0": 500, "m1": 4}}
	f.B = &lab.Run{Knobs: f.Settings, Duration: 10, Metrics: map[string]float64{"m0": 50, "m1": 4}}
	f.W, f.H = 60, 10
	got := strings.Join(Compare(f).Rows, "\n")
	for _, want := range []string{"5 /s", "4 "} {
		if strings.Count(ansi.Strip(got), want) < 2 {
			t.Errorf("%q is not in both columns:\n%s", want, got)
		}
	}
	if strings.Contains(got, "500") {
		t.Errorf("a total is compared:\n%s", got)
	}
}
