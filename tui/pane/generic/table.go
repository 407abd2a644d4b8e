package generic

import (
	"strings"

	"resilab/labs/lab"
	"resilab/tui/pane"
	"resilab/tui/theme"
	"resilab/tui/widget"
)

// Table draws run A beside run B, or beside what is measured now: first the
// knobs that differ, then every figure.
func Table(f pane.Frame) []string {
	if f.A == nil {
		return Hint(f, f.Text.T("ui.compare.none"))
	}
	t := newTable(f)
	metrics, knobs, seconds, isB := compared(f)
	second := f.Text.T("ui.compare.now")
	if isB {
		second = "B"
	}
	rows := []string{
		t.row(f.Theme.Text.Strong(), f.Text.T("ui.compare.title"), "A", second, f.Theme.Text.Strong(), f.Text.T("ui.compare.difference")),
		widget.NewLine(f.Theme, f.W).Fill(f.Theme.Rule, f.Theme.Glyph.Line, f.W).String(),
		t.row(f.Theme.Dim, f.Text.T("ui.compare.duration"), clock(f.A.Duration), clock(seconds), f.Theme.Dim, ""),
	}
	rows = append(rows, t.knobs(knobs)...)
	for _, m := range importantFirst(f.Spec) {
		rows = append(rows, t.metric(m, f.A.Metrics, metrics))
	}
	return widget.Fit(rows, f.W, f.H)
}

// compared returns what run A is compared with: run B, else what is measured now.
func compared(f pane.Frame) (metrics map[string]float64, knobs lab.Settings, seconds float64, isB bool) {
	if f.B != nil {
		return f.B.Metrics, f.B.Knobs, f.B.Duration, true
	}
	return f.Snap.Metrics, f.Settings, f.Snap.Elapsed.Seconds(), false
}

// table knows the columns' widths.
type table struct {
	f           pane.Frame
	name, value int
}

func newTable(f pane.Frame) table {
	value := min(14, max(9, (f.W-18)/4))
	return table{f: f, value: value, name: max(8, min(26, f.W-3*value-3))}
}

func (t table) row(style theme.Style, name, a, b string, diffStyle theme.Style, diff string) string {
	l := widget.NewLine(t.f.Theme, t.f.W).Cell(style, name, t.name).Gap(1)
	l.RightCell(style, a, t.value).Gap(1).RightCell(style, b, t.value).Gap(1)
	return l.RightCell(diffStyle, diff, t.value).String()
}

// knobs lists the knobs that are not the same in both runs.
func (t table) knobs(b lab.Settings) (rows []string) {
	for _, k := range t.f.Spec.Knobs {
		was, is := t.f.A.Knobs[k.ID], b[k.ID]
		if was == is {
			continue
		}
		id, text := t.f.Spec.ID, t.f.Text
		name := widget.NewKnob(text, id, k, is).Name
		rows = append(rows, t.row(t.f.Theme.Focus, name, widget.KnobText(text, id, k, was), widget.KnobText(text, id, k, is),
			t.f.Theme.Focus, t.f.Theme.Glyph.Changed))
	}
	return rows
}

func (t table) metric(m lab.Metric, a, b map[string]float64) string {
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
	return t.row(t.f.Theme.Text, MetricName(t.f, m), write(was, hadA), write(is, hadB), style, diff)
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
