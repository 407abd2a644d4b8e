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
func TestPartsFillTheirRectangle(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		f := frame(t, rapid.IntRange(0, 40).Draw(rt, "knobs"), rapid.IntRange(0, 40).Draw(rt, "metrics"))
		f.W, f.H = rapid.IntRange(0, 150).Draw(rt, "w"), rapid.IntRange(0, 60).Draw(rt, "h")
		if rapid.Bool().Draw(rt, "captured") {
			f.A = &lab.Run{Knobs: f.Settings.With("k0", lab.IntValue(9)), Metrics: map[string]float64{"m1": 2, "m3": 0}}
		}
		p := Panel{Selected: rapid.IntRange(0, max(0, len(f.Spec.Knobs)-1)).Draw(rt, "selected"), Typing: rapid.Bool().Draw(rt, "typing"), Input: "12"}
		f.Snap.Troubles = []lab.Trouble{{Key: "x.trouble.broker.away"}}
		for name, rows := range map[string][]string{
			"panel": p.Rows(f), "cards": Cards(f), "numbers": Numbers(f), "table": Table(f), "picture": Picture{}.Draw(f),
			"log": Log{Log: widget.Log{Events: f.Snap.Events, Filter: "x", Back: 2}, Frozen: true}.Rows(f), "hint": Hint(f, "one two three"),
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
			p := Panel{Selected: selected}
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
	if got := ansi.Strip(Table(f)[1]); !strings.Contains(got, "Press a") {
		t.Errorf("%q", got)
	}
}

func TestDifference(t *testing.T) {
	for _, tc := range []struct {
		f    lab.Format
		d    float64
		want string
	}{
		{lab.Share, 0.005, "+0.5 pp"}, {lab.Share, -0.25, "−25 pp"}, {lab.Times, 0.19, "+0.19×"},
		{lab.Count, -3, "−3"}, {lab.Millis, 0, "0 ms"},
	} {
		if got := difference(lab.Metric{Format: tc.f}, tc.d); got != tc.want {
			t.Errorf("%q, want %q", got, tc.want)
		}
	}
}

// Where the columns are too wide, the differences lose their units before names lose letters.
func TestNarrowTableKeepsNames(t *testing.T) {
	f := frame(t, 0, 0)
	for w, want := range map[int]string{60: "−1.1 pp ▼", 34: "−1.1 ▼"} {
		f.W, f.H = w, 2
		tab := table{f: f}
		tab.add(f.Theme.Text, "sin reintento", "73.7 %", "72.6 %", f.Theme.Text, "−1.1 pp ▼")
		row := ansi.Strip(tab.draw()[0])
		if !strings.HasPrefix(row, "sin reintento ") || !strings.HasSuffix(strings.TrimRight(row, " "), want) {
			t.Errorf("%d cells: %q", w, row)
		}
	}
}

func TestLogSaysThatNothingMatches(t *testing.T) {
	f := frame(t, 1, 1)
	f.W, f.H = 60, 4
	rows := Log{Log: widget.Log{Events: f.Snap.Events, Filter: "zebra"}}.Rows(f)
	if got := ansi.Strip(strings.Join(rows[1:], "")); len(rows) != f.H || !strings.Contains(got, "Nothing has zebra") {
		t.Errorf("%d rows: %q", len(rows), got)
	}
}
