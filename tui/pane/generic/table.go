package generic

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"resilab/labs/lab"
	"resilab/tui/pane"
	"resilab/tui/theme"
	"resilab/tui/widget"
)

// Comparison is run A beside run B, or beside what is measured now. Its rows may
// be more than there is room for.
type Comparison struct {
	Head, Rows []string
}

// Compare draws run A beside run B, or beside what is measured now: first the
// knobs that differ, then the figures, those that differ before the others.
func Compare(f pane.Frame) Comparison {
	if f.A == nil {
		return Comparison{Rows: Hint(f, f.Text.T("ui.compare.none"))}
	}
	metrics, knobs, seconds, isB := compared(f)
	second := f.Text.T("ui.compare.now")
	if isB {
		second = "B"
	}
	th := f.Theme
	t := table{f: f, seconds: [2]float64{f.A.Duration, seconds}}
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
	f       pane.Frame
	seconds [2]float64 // how long A and B have measured
	rows    []tableRow
}

type tableRow struct {
	cells      [4]string // name, A, B, difference
	style, end theme.Style
}

func (t *table) add(style theme.Style, name, a, b string, end theme.Style, diff string) {
	t.rows = append(t.rows, tableRow{cells: [4]string{name, a, b, diff}, style: style, end: end})
}

func (t *table) draw() (c Comparison) {
	widths := t.widths()
	if widths[0]+widths[1]+widths[2]+widths[3]+3 > t.f.W {
		t.dropUnits() // A and B have them already, and names should not be cut
		widths = t.widths()
	}
	gap := min(4, max(1, (t.f.W-widths[0]-widths[1]-widths[2]-widths[3])/3))
	name := max(6, min(widths[0], t.f.W-widths[1]-widths[2]-widths[3]-3*gap))
	for i, r := range t.rows {
		if r.long() {
			c.Rows = append(c.Rows, t.besides(r)...)
			continue
		}
		if i > 0 && widget.Width(r.cells[0]) > name { // it stands above its figures
			c.Rows = append(c.Rows, widget.NewLine(t.f.Theme, t.f.W).Put(r.style, r.cells[0]).String())
			r.cells[0] = ""
		}
		l := widget.NewLine(t.f.Theme, t.f.W).Cell(r.style, r.cells[0], name).Gap(gap)
		l.RightCell(r.style, r.cells[1], widths[1]).Gap(gap).RightCell(r.style, r.cells[2], widths[2]).Gap(gap)
		row := l.RightCell(r.end, r.cells[3], widths[3]).String()
		if i > 0 {
			c.Rows = append(c.Rows, row)
			continue
		}
		whole := name + widths[1] + widths[2] + widths[3] + 3*gap
		c.Head = []string{row, widget.NewLine(t.f.Theme, t.f.W).Fill(t.f.Theme.Rule, t.f.Theme.Glyph.Line, whole).String()}
	}
	return c
}

// longValue is the width from which a value does not fit its column.
const longValue = 10

// long reports whether a row's values are words too long for the columns.
func (r tableRow) long() bool {
	return max(widget.Width(r.cells[1]), widget.Width(r.cells[2])) >= longValue
}

// besides draws a row with long values: the one, an arrow and the other behind the
// name, in as many rows as they need.
func (t *table) besides(r tableRow) (rows []string) {
	text := r.cells[0] + " " + r.cells[1] + " " + t.f.Theme.Glyph.ArrowRight + " " + r.cells[2]
	for _, row := range widget.Wrap(text, t.f.W) {
		rows = append(rows, widget.NewLine(t.f.Theme, t.f.W).Put(r.style, row).String())
	}
	return rows
}

// widths are what the columns need.
func (t *table) widths() (widths [4]int) {
	for _, r := range t.rows {
		if r.long() {
			continue
		}
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
	format := m.Format
	if m.Format == lab.Count && !m.Level { // totals of unequal times cannot be compared
		format = lab.PerSecond
		was, is = rate(was, t.seconds[0]), rate(is, t.seconds[1])
	}
	write := func(v float64, ok bool) string {
		if !ok {
			return "–"
		}
		return format.Write(v)
	}
	style, diff := t.f.Theme.Dim, ""
	if hadA && hadB {
		var arrow string
		m.Format = format
		arrow, style = widget.Compare(t.f.Theme, m, was, is)
		diff = difference(format, was, is) + " " + arrow
	}
	t.add(t.f.Theme.Text, MetricName(t.f, m), write(was, hadA), write(is, hadB), style, diff)
}

// rate is a total as so many a second.
func rate(total, seconds float64) float64 {
	if seconds <= 0 {
		return 0
	}
	return total / seconds
}

// difference writes b-a with its sign, as the difference of what is shown: 99.8
// and 99.8 do not differ by 0.1. That of two shares is in points.
func difference(format lab.Format, a, b float64) string {
	if format.Write(a) == format.Write(b) {
		return format.Write(0)
	}
	d := shown(format, b) - shown(format, a)
	s := format.Write(max(d, -d))
	if format == lab.Share {
		s = strings.TrimSuffix(s, "%") + "pp"
	}
	if d > 0 {
		return "+" + s
	}
	return "−" + s
}

// shown is the number that a format writes for a value.
func shown(format lab.Format, v float64) float64 {
	if format == lab.Millis { // three digits, whatever the unit
		rounded, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 3, 64), 64)
		return rounded
	}
	digits := strings.TrimFunc(format.Write(v), func(r rune) bool { return (r < '0' || r > '9') && r != '-' })
	n, err := strconv.ParseFloat(digits, 64)
	if err != nil {
		return v
	}
	if format == lab.Share {
		n /= 100
	}
	return n
}

func clock(seconds float64) string {
	return widget.Clock(time.Duration(seconds * float64(time.Second)))
}
