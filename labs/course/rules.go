package course

import (
	"slices"

	"resilab/labs/lab"
)

// rules are the expressions of a card.
type rules struct {
	check, checkReal *rule   // what the last run must show
	keep             []*rule // what runs B, C … must show before the last; nil: anything
	hints            []hint
}

// hint has conditions, one for each of its variants but the last.
type hint struct{ when []*rule }

// last returns what the last run must show; real is for real brokers.
func (r *rules) last(real bool) *rule {
	if real {
		return r.checkReal
	}
	return r.check
}

// figures lists the metrics that the checks read, in the order in which they are
// named.
func (r *rules) figures(spec *lab.Spec) (metrics []lab.Metric) {
	for _, r := range append([]*rule{r.check}, r.keep...) {
		if r == nil {
			continue
		}
		for _, cond := range r.conditions {
			for _, n := range cond.whole.needs {
				m, ok := spec.Metric(n.id)
				known := func(k lab.Metric) bool { return k.ID == m.ID }
				if ok && n.scope != varKnobs && !slices.ContainsFunc(metrics, known) {
					metrics = append(metrics, m)
				}
			}
		}
	}
	return metrics
}

// variant is the first whose condition holds, else the last.
func (h hint) variant(vars map[string]any) int {
	for i, r := range h.when {
		if _, holds := r.judge(vars); holds {
			return i
		}
	}
	return len(h.when)
}
