package generic

import (
	"slices"
	"strings"

	"resilab/labs/lab"
	"resilab/tui/pane"
	"resilab/tui/theme"
	"resilab/tui/widget"
)

// Table draws run A beside run B, or beside what is measured now: first the
// knobs that differ, then the figures, those that differ before the others.
func Table(f pane.Frame) []string {
	if f.A == nil {
		return Hint(f, f.Text.T("ui.compare.none"))
	}
	metrics, knobs, seconds, isB := compared(f)
	second := f.Text.T("ui.compare.now")
	if isB {
		second = "B"
	}
	th := f.Theme
	t := table{f: f}
	t.add(th.Text.Strong(), f.Text.T("ui.compare.title"), "A", second, th.Text.Strong(), f.Text.T("ui.compare.difference"))
	t.add(th.Dim, f.Text.T("ui.compare.duration"), clock(f.A.Duration), clock(seconds), th.Dim, "")
	t.addKnobs(knobs)
	ordered := importantFirst(f.Spec)
	slices.SortStableFunc(ordered, func(x, y lab.Metric) int { return rank(x, f.A.Metrics, metrics) - rank(y, f.A.Metrics, metrics) })
	for _, m := range ordered {
		t.addMetric(m, f.A.Metrics, metrics)
	}
	return t.draw()
}

// rank puts cards first and what did not change last.
func rank(m lab.Metric, a, b map[string]float64) int {
	switch {
	case m.Card:
		return 0
	case m.Format.Write(a[m.ID]) != m.Format.Write(b[m.ID]):
		return 1
	default:
		return 2
	}
}

// compared returns what run A is compared with: run B, else what is measured now.
func compared(f pane.Frame) (metrics map[string]float64, knobs lab.Settings, seconds float64, isB bool) {
	if f.B != nil {
		return f.B.Metrics, f.B.Knobs, f.B.Duration, true
	}
	return f.Snap.Metrics, f.Settings, f.Snap.Elapsed.Seconds(), false
}

// table collects rows and then gives each column the width that it needs.
type table struct {
	f    pane.Frame
	rows []tableRow
}

type tableRow struct {
	cells      [4]string // name, A, B, difference
	style, end theme.Style
}

func (t *table) add(style theme.Style, name, a, b string, end theme.Style, diff string) {
	t.rows = append(t.rows, tableRow{cells: [4]string{name, a, b, diff}, style: style, end: end})
}

func (t *table) draw() []string {
	widths := t.widths()
	if widths[0]+widths[1]+widths[2]+widths[3]+3 > t.f.W {
		t.dropUnits() // A and B have them already, and names should not be cut
		widths = t.widths()
	}
	gap := min(4, max(1, (t.f.W-widths[0]-widths[1]-widths[2]-widths[3])/3))
	name := max(6, min(widths[0], t.f.W-widths[1]-widths[2]-widths[3]-3*gap))
	var out []string
	for i, r := range t.rows {
		l := widget.NewLine(t.f.Theme, t.f.W).Cell(r.style, r.cells[0], name).Gap(gap)
		l.RightCell(r.style, r.cells[1], widths[1]).Gap(gap).RightCell(r.style, r.cells[2], widths[2]).Gap(gap)
		out = append(out, l.RightCell(r.end, r.cells[3], widths[3]).String())
		if i == 0 {
			whole := name + widths[1] + widths[2] + widths[3] + 3*gap
			out = append(out, widget.NewLine(t.f.Theme, t.f.W).Fill(t.f.Theme.Rule, t.f.Theme.Glyph.Line, whole).String())
		}
	}
	return widget.Fit(out, t.f.W, t.f.H)
}

// widths are what the columns need for the rows that are seen.
func (t *table) widths() (widths [4]int) {
	for _, r := range t.rows[:min(len(t.rows), t.f.H)] {
		for i, c := range r.cells {
			widths[i] = max(widths[i], widget.Width(c))
		}
	}
	return widths
}

// dropUnits shortens the differences: "−1.0 pp ▼" to "−1.0 ▼".
func (t *table) dropUnits() {
	for i := range t.rows {
		if parts := strings.Fields(t.rows[i].cells[3]); len(parts) == 3 {
			t.rows[i].cells[3] = parts[0] + " " + parts[2]
		}
	}
}

// addKnobs lists the knobs that are not the same in both runs.
func (t *table) addKnobs(b lab.Settings) {
	for _, k := range t.f.Spec.Knobs {
		was, is := t.f.A.Knobs[k.ID], b[k.ID]
		if was == is {
			continue
		}
		id, text, style := t.f.Spec.ID, t.f.Text, t.f.Theme.Focus
		name := text.T(id + ".knob." + k.ID + ".name")
		t.add(style, name, widget.KnobText(text, id, k, was), widget.KnobText(text, id, k, is), style, t.f.Theme.Glyph.Changed)
	}
}

func (t *table) addMetric(m lab.Metric, a, b map[string]float64) {
	was, hadA := a[m.ID]
	is, hadB := b[m.ID]
	write := func(v float64, ok bool) string {
		if !ok {
			return "–"
		}
		return m.Format.Write(v)
	}
	style, diff := t.f.Theme.Dim, ""
	if hadA && hadB {
		var arrow string
		arrow, style = widget.Compare(t.f.Theme, m, was, is)
		diff = difference(m, is-was) + " " + arrow
	}
	t.add(t.f.Theme.Text, MetricName(t.f, m), write(was, hadA), write(is, hadB), style, diff)
}

// difference writes b-a with its sign; that of two shares is in points.
func difference(m lab.Metric, d float64) string {
	s := m.Format.Write(max(d, -d))
	if m.Format == lab.Share {
		s = strings.TrimSuffix(s, "%") + "pp"
	}
	switch {
	case d > 0:
		return "+" + s
	case d < 0:
		return "−" + s
	default:
		return s
	}
}

func clock(seconds float64) string { return lab.Number.Write(seconds) + " s" }
