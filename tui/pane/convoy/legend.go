package convoy

import (
	"slices"

	engine "resilab/labs/convoy"
	"resilab/tui/widget"
)

// legendShare is what part of the rows the legend may take: one in so many.
const legendShare = 4

// legendFrom is the height from which there is room for a legend: no window that
// the program draws in gives a picture less.
const legendFrom = 5

// legend explains the marks that are on the screen, in the last rows.
func (p *painter) legend() []string {
	if p.d.Mode == "" || p.H < legendFrom {
		return nil
	}
	rows := widget.Legend(p.Theme, p.W, p.marks())
	return rows[:min(len(rows), max(1, p.H/legendShare))]
}

// marks are the marks that the picture shows now; what most needs a word comes
// first.
func (p *painter) marks() (all []widget.Sign) {
	th := p.Theme
	put := func(shown bool, s widget.Sign) {
		if shown {
			all = append(all, s)
		}
	}
	put(p.handledAs(engine.Violation), widget.Sign{Glyph: p.signs.violation + "9", Style: th.Bad.Strong(), Means: p.t("mark.violation")})
	put(p.anyUser(func(u *engine.User) bool { return u.Gaps > 0 && u.Violations == 0 }), widget.Sign{Glyph: "1" + p.signs.gap, Style: th.Warn.Strong(), Means: p.t("mark.gap")})
	put(p.handledAs(engine.Duplicate), widget.Sign{Glyph: p.signs.duplicate + "9", Style: th.Warn, Means: p.t("mark.duplicate")})
	put(p.handledAs(engine.DeadLettered), widget.Sign{Glyph: p.signs.set + "9", Style: th.Warn.Strong(), Means: p.t("mark.dead")})
	put(p.anyConsumer(func(c engine.Consumer) bool { return slices.ContainsFunc(c.Orders, isPoison) }), widget.Sign{Glyph: p.signs.poison + "A9", Style: th.Bad.Strong(), Means: p.t("mark.poison")})
	put(p.anyConsumer(func(c engine.Consumer) bool { return !c.Connected }), widget.Sign{Glyph: p.signs.away, Style: th.Bad.Strong(), Means: p.t("mark.away")})
	put(p.anyConsumer(func(c engine.Consumer) bool { return c.Hung }), widget.Sign{Glyph: p.signs.hung, Style: th.Warn.Strong(), Means: p.t("mark.hung")})
	put(true, widget.Sign{Glyph: "B9", Style: th.Series(1), Means: p.t("mark.order")})
	put(p.anyConsumer(func(c engine.Consumer) bool { return c.Connected && !c.Hung && len(c.Orders) > 0 }), widget.Sign{Glyph: p.signs.working, Style: th.Good, Means: p.t("mark.working")})
	put(p.anyConsumer(func(c engine.Consumer) bool { return c.Connected && len(c.Orders) == 0 }), widget.Sign{Glyph: p.signs.idle, Style: th.Dim, Means: p.t("mark.idle")})
	return all
}

func isPoison(o engine.Order) bool { return o.Poison }

func (p *painter) handledAs(k engine.Kind) bool {
	return p.anyUser(func(u *engine.User) bool {
		return slices.ContainsFunc(u.Recent, func(o engine.HandledOrder) bool { return o.Kind == k })
	})
}

func (p *painter) anyUser(so func(*engine.User) bool) bool {
	for i := range p.d.Users {
		if so(&p.d.Users[i]) {
			return true
		}
	}
	return false
}

func (p *painter) anyConsumer(so func(engine.Consumer) bool) bool {
	return slices.ContainsFunc(p.d.Lanes, func(l engine.Lane) bool { return slices.ContainsFunc(l.Consumers, so) })
}
