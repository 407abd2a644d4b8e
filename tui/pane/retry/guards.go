package retry

import (
	"strings"

	"resilab/labs/lab"
	engine "resilab/labs/retry"
	"resilab/labs/retry/policy"
	"resilab/tui/theme"
	"resilab/tui/widget"
)

// part is a name and a figure of the line of guards.
type part struct {
	name, figure string
	style        theme.Style // of the figure
}

// guards is one line about what went wrong and what protects.
type guards struct {
	canvas
	detail *engine.Detail
}

// row shows the worst first and leaves out what does not fit. It is empty if there
// is nothing to show.
func (p guards) row() string {
	l := p.line()
	for _, part := range p.parts() {
		width := widget.Width(part.figure)
		if part.name != "" {
			width += widget.Width(part.name) + 1
		}
		gap := 3
		if l.Left() == p.W {
			gap = 0
		}
		if width+gap > l.Left() {
			continue
		}
		if l.Gap(gap); part.name != "" {
			l.Put(p.Theme.Dim, part.name).Gap(1)
		}
		l.Put(part.style, part.figure)
	}
	if l.Left() == p.W {
		return ""
	}
	return l.String()
}

func (p guards) parts() (parts []part) {
	th, g, m := p.Theme, p.detail.Guards, p.Snap.Metrics
	if p.detail.Down {
		parts = append(parts, part{figure: p.signs.bad + " " + p.t("outage"), style: th.Bad.Strong()})
	}
	if n := m["double_charges"]; n > 0 {
		figure := lab.Count.Write(n) + " (" + lab.Money.Write(m["double_money"]) + ")"
		parts = append(parts, part{p.metric("double_charges"), figure, th.Bad.Strong()})
	}
	for _, id := range []string{"unaware", "queue_waiting", "cached"} {
		if m[id] > 0 {
			parts = append(parts, part{p.metric(id), lab.Count.Write(m[id]), th.Warn.Strong()})
		}
	}
	if m["delivered"] > 0 {
		parts = append(parts, part{p.metric("delivered"), lab.Count.Write(m["delivered"]), th.Good})
	}
	if g.Breaker != "" {
		parts = append(parts, part{p.t("breaker"), p.t("breaker_state." + string(g.Breaker)), p.breakerStyle(g.Breaker)})
	}
	if g.HasBudget {
		parts = append(parts, part{p.metric("budget_left"), lab.Share.Write(g.BudgetLeft), th.Text.Strong()})
	}
	if figure := p.failing(); figure != "" {
		parts = append(parts, part{p.t("failing"), figure, th.Bad})
	}
	return parts
}

// failing names the two most frequent causes of failed calls: what makes them fail is
// not always a setting, such as the conflicts of a flash sale.
func (p guards) failing() string {
	var words []string
	for _, c := range p.detail.Causes {
		if len(words) < 2 {
			words = append(words, p.t("why."+string(c.Cause))+" ×"+lab.Count.Write(float64(c.Calls)))
		}
	}
	return strings.Join(words, ", ")
}

func (p guards) breakerStyle(state policy.BreakerState) theme.Style {
	switch state {
	case policy.BreakerOpen:
		return p.Theme.Bad.Strong()
	case policy.BreakerHalfOpen:
		return p.Theme.Warn.Strong()
	}
	return p.Theme.Good
}
