package course

import (
	"slices"

	"resilab/labs/lab"
)

// Figures lists the metrics that the card's check reads, in the order in which
// they are named.
func (c *Card) Figures() (metrics []lab.Metric) {
	for _, r := range append([]*rule{c.check}, c.keep...) {
		if r == nil {
			continue
		}
		for _, cond := range r.conditions {
			for _, n := range cond.whole.needs {
				m, ok := c.Spec.Metric(n.id)
				known := func(k lab.Metric) bool { return k.ID == m.ID }
				if ok && n.scope != varKnobs && !slices.ContainsFunc(metrics, known) {
					metrics = append(metrics, m)
				}
			}
		}
	}
	return metrics
}

// Bar is one run in a chart of one figure.
type Bar struct {
	Letter string
	Value  float64
	Share  float64 // of the largest value of the chart, 0..1
}

// Bars returns one figure of several runs on one scale. Runs without the figure
// are left out.
func Bars(id string, runs [MaxRuns]*Evidence) (bars []Bar) {
	largest := 0.0
	for i, run := range runs {
		if v, ok := metricOf(run, id); ok {
			bars = append(bars, Bar{Letter: Letters[i : i+1], Value: v})
			largest = max(largest, v)
		}
	}
	for i := range bars {
		if largest > 0 {
			bars[i].Share = max(0, bars[i].Value/largest)
		}
	}
	return bars
}
