package generic

import (
	"slices"

	"resilab/labs/lab"
	"resilab/tui/pane"
	"resilab/tui/widget"
)

const (
	cardLeast = 14 // cells that a card needs
	cardMost  = 26
	cardGap   = 2
)

// Cards draws the most important figures side by side, as many as fit.
func Cards(f pane.Frame) []string {
	metrics := cardMetrics(f.Spec)
	n := min(len(metrics), (f.W+cardGap)/(cardLeast+cardGap))
	if n <= 0 || f.H <= 0 {
		return widget.Fit(nil, f.W, f.H)
	}
	pointed := slices.IndexFunc(metrics, func(m lab.Metric) bool { return m.ID == f.Point })
	if pointed >= n { // what is pointed at is seen
		metrics[n-1] = metrics[pointed]
	}
	w := min(cardMost, (f.W+cardGap)/n-cardGap)
	lines := make([]*widget.Line, f.H)
	for y := range lines {
		lines[y] = widget.NewLine(f.Theme, f.W)
	}
	for i, m := range metrics[:n] {
		for y, row := range card(f, m).Rows(f.Theme, w, f.H) {
			lines[y].To(i*(w+cardGap)).Drawn(row, w)
		}
	}
	return finish(lines)
}

// Numbers draws every figure, one to a row, in as many columns as fit.
func Numbers(f pane.Frame) []string {
	const least = 24
	columns := max(1, (f.W+cardGap)/(least+cardGap))
	w := (f.W+cardGap)/columns - cardGap
	lines := make([]*widget.Line, max(0, f.H))
	for y := range lines {
		lines[y] = widget.NewLine(f.Theme, f.W)
	}
	for i, m := range importantFirst(f.Spec) {
		x, y := i/max(1, f.H), i%max(1, f.H)
		if x >= columns || f.H <= 0 {
			break
		}
		lines[y].To(x*(w+cardGap)).Drawn(card(f, m).Rows(f.Theme, w, 1)[0], w)
	}
	return finish(lines)
}

func finish(lines []*widget.Line) []string {
	rows := make([]string, len(lines))
	for i, l := range lines {
		rows[i] = l.String()
	}
	return rows
}

func card(f pane.Frame, m lab.Metric) widget.Card {
	c := widget.Card{Name: MetricName(f, m), Metric: m, Pointed: m.ID == f.Point}
	c.Value, c.Known = f.Snap.Metrics[m.ID]
	if f.A != nil {
		if v, ok := f.A.Metrics[m.ID]; ok {
			c.A = &v
		}
	}
	return c
}

// chart is how a metric came to be; a share has the whole as its scale.
func chart(f pane.Frame, m lab.Metric) widget.Chart {
	c := widget.Chart{Style: f.Theme.Accent}
	c.Now, c.Ghost = f.History.Series(m.ID)
	if m.Format == lab.Share {
		c.Max = 1
	}
	return c
}

// MetricName is a metric's name in the catalogue.
func MetricName(f pane.Frame, m lab.Metric) string {
	return f.Text.T(f.Spec.ID + ".metric." + m.ID)
}

func cardMetrics(spec *lab.Spec) (metrics []lab.Metric) {
	for _, m := range spec.Metrics {
		if m.Card {
			metrics = append(metrics, m)
		}
	}
	return metrics
}

func importantFirst(spec *lab.Spec) []lab.Metric {
	metrics := cardMetrics(spec)
	for _, m := range spec.Metrics {
		if !m.Card {
			metrics = append(metrics, m)
		}
	}
	return metrics
}
