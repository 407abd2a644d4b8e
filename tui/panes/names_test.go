package panes

import (
	"fmt"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"resilab/labs"
	"resilab/labs/i18n"
	"resilab/labs/lab"
	"resilab/tui/app"
	"resilab/tui/pane"
	"resilab/tui/pane/generic"
	"resilab/tui/theme"
	"resilab/tui/widget"
)

// widths of the knob panel and of the figures beside it, at 80x24, 100x30 and 120x40.
var widths = []struct{ knobs, figures int }{{36, 39}, {40, 53}, {46, 67}}

// eachLab calls see for every lab in both languages.
func eachLab(t *testing.T, see func(t *testing.T, f pane.Frame)) {
	for _, entry := range labs.All() {
		for _, lang := range i18n.Langs() {
			t.Run(fmt.Sprintf("%s/%s", entry.Spec.ID, lang), func(t *testing.T) {
				text, err := i18n.Load(lang, app.Texts, entry.Spec.Texts)
				if err != nil {
					t.Fatal(err)
				}
				th := theme.New(theme.Options{Getenv: func(name string) string {
					return map[string]string{"TERM": "xterm", "NO_COLOR": "1"}[name]
				}})
				see(t, pane.Frame{Theme: th, Text: text, Spec: entry.Spec, Snap: &lab.Snapshot{}, Settings: entry.Spec.Defaults()})
			})
		}
	}
}

func shown(rows []string) string { return ansi.Strip(strings.Join(rows, "\n")) }

// A knob shows its whole name and its whole value, whichever is chosen.
func TestNoKnobIsCut(t *testing.T) {
	eachLab(t, func(t *testing.T, f pane.Frame) {
		for _, w := range widths {
			for _, k := range generic.Knobs(f.Spec) {
				values := []lab.Value{k.Default, k.Min, k.Max}
				for _, c := range k.Choices {
					values = append(values, lab.ChoiceValue(c))
				}
				for _, v := range values {
					if k.Kind == lab.Text || k.Kind == lab.Choice && v.Text() == "" {
						continue
					}
					knob := widget.NewKnob(f.Text, f.Spec.ID, k, v)
					row := ansi.Strip(knob.Row(f.Theme, w.knobs))
					if !strings.Contains(row, knob.Name+" ") || !strings.Contains(row, knob.Word) {
						t.Errorf("%d wide: %q", w.knobs, row)
					}
				}
			}
		}
	})
}

// Every metric has its whole name above its figure and in the comparison of runs.
func TestNoMetricIsCut(t *testing.T) {
	eachLab(t, func(t *testing.T, f pane.Frame) {
		metrics := map[string]float64{}
		for _, m := range f.Spec.Metrics {
			metrics[m.ID] = 0.4567
		}
		f.Snap = &lab.Snapshot{Metrics: metrics}
		for _, w := range widths {
			f.A, f.W, f.H = nil, w.figures, 2
			if cards := shown(generic.Cards(f)); strings.Contains(cards, "…") {
				t.Errorf("%d wide: a name is cut:\n%s", f.W, cards)
			}
			f.A = &lab.Run{Metrics: map[string]float64{}, Knobs: f.Settings, Duration: 10}
			for _, m := range f.Spec.Metrics {
				f.A.Metrics[m.ID] = 0.9876
			}
			table := generic.Compare(f)
			rows := shown(append(table.Head, table.Rows...))
			for _, m := range f.Spec.Metrics {
				if name := generic.MetricName(f, m); !strings.Contains(rows, name+" ") {
					t.Errorf("%d wide: no %q in\n%s", f.W, name, rows)
				}
			}
			if strings.Contains(rows, "…") {
				t.Errorf("%d wide: something is cut:\n%s", f.W, rows)
			}
		}
	})
}

// A knob whose values are long words has both of them in the comparison of runs.
func TestNoValueIsCutInTheComparison(t *testing.T) {
	eachLab(t, func(t *testing.T, f pane.Frame) {
		for _, k := range generic.Knobs(f.Spec) {
			for _, c := range k.Choices {
				f.A = &lab.Run{Metrics: map[string]float64{}, Knobs: f.Settings.With(k.ID, lab.ChoiceValue(c)), Duration: 10}
				for _, w := range widths {
					f.W, f.H = w.figures, 12
					table := generic.Compare(f)
					rows := strings.Join(strings.Fields(shown(append(table.Head, table.Rows...))), " ")
					word := widget.KnobText(f.Text, f.Spec.ID, k, lab.ChoiceValue(c))
					if f.A.Knobs[k.ID] != f.Settings[k.ID] && !strings.Contains(rows, word) || strings.Contains(rows, "…") {
						t.Errorf("%d wide: %s is cut in\n%s", f.W, word, rows)
					}
				}
			}
		}
	})
}
