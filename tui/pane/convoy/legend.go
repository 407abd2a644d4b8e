package convoy

import (
	"slices"

	engine "resilab/labs/convoy"
	"resilab/tui/widget"
)

// legendShare is what part of the rows the legend may take where there is air: one
// in so many. In a low picture where nothing is wrong it takes one row.
const legendShare = 4

// legendFrom is the height from which there is room for a legend: no window that
// the program draws in gives a picture less.
const legendFrom = 5

// legend explains the marks that are on the screen.
type legend struct{ *painter }

// rows are the last of the picture; there are none where there is no room.
func (lg *legend) rows() []string {
	if lg.d.Mode == "" || lg.H < legendFrom {
		return nil
	}
	marks, urgent := lg.marks()
	rows := widget.Legend(lg.Theme, lg.W, marks)
	most := 1
	if lg.H >= airFrom || urgent {
		most = max(1, lg.H/legendShare)
	}
	return rows[:min(len(rows), most)]
}

// marks are the marks that the picture shows now; what most needs a word comes
// first. urgent reports whether something is wrong.
func (lg *legend) marks() (all []widget.Sign, urgent bool) {
	th := lg.Theme
	put := func(shown bool, s widget.Sign) {
		if shown {
			all = append(all, s)
		}
	}
	put(lg.handledAs(engine.Violation), widget.Sign{Glyph: lg.signs.violation + "9", Style: th.Bad.Strong(), Means: lg.t("mark.violation")})
	put(lg.anyUser(func(u *engine.User) bool { return u.Gaps > 0 && u.Violations == 0 }), widget.Sign{Glyph: "1" + lg.signs.gap, Style: th.Warn.Strong(), Means: lg.t("mark.gap")})
	put(lg.handledAs(engine.Duplicate), widget.Sign{Glyph: lg.signs.duplicate + "9", Style: th.Warn, Means: lg.t("mark.duplicate")})
	put(lg.handledAs(engine.DeadLettered), widget.Sign{Glyph: lg.signs.set + "9", Style: th.Warn.Strong(), Means: lg.t("mark.dead")})
	put(lg.anyConsumer(func(c engine.Consumer) bool { return slices.ContainsFunc(c.Orders, isPoison) }), widget.Sign{Glyph: lg.signs.poison + "A9", Style: th.Bad.Strong(), Means: lg.t("mark.poison")})
	put(lg.anyConsumer(func(c engine.Consumer) bool { return !c.Connected }), widget.Sign{Glyph: lg.signs.away, Style: th.Bad.Strong(), Means: lg.t("mark.away")})
	put(lg.anyConsumer(func(c engine.Consumer) bool { return c.Hung }), widget.Sign{Glyph: lg.signs.hung, Style: th.Warn.Strong(), Means: lg.t("mark.hung")})
	for i := range lg.d.Lanes {
		l := &lg.d.Lanes[i]
		n := lg.adopter(l)
		put(n != "", widget.Sign{Glyph: n, Style: th.Warn.Strong(), Means: lg.t("adopted", l.Adopter)})
	}
	urgent = len(all) > 0
	put(true, widget.Sign{Glyph: "B9", Style: th.Series(1), Means: lg.t("mark.order", lg.secondUser())})
	put(lg.anyConsumer(func(c engine.Consumer) bool { return c.Connected && !c.Hung && len(c.Orders) > 0 }), widget.Sign{Glyph: lg.signs.working, Style: th.Good, Means: lg.t("mark.working")})
	put(lg.anyConsumer(func(c engine.Consumer) bool { return c.Connected && len(c.Orders) == 0 }), widget.Sign{Glyph: lg.signs.idle, Style: th.Dim, Means: lg.t("mark.idle")})
	return all, urgent
}

// secondUser is the name of the user whose letter is B.
func (lg *legend) secondUser() string {
	if len(lg.d.Users) < 2 {
		return "B"
	}
	return lg.d.Users[1].Name
}

func isPoison(o engine.Order) bool { return o.Poison }

func (lg *legend) handledAs(k engine.Kind) bool {
	return lg.anyUser(func(u *engine.User) bool {
		return slices.ContainsFunc(u.Recent, func(o engine.HandledOrder) bool { return o.Kind == k })
	})
}

func (lg *legend) anyUser(so func(*engine.User) bool) bool {
	for i := range lg.d.Users {
		if so(&lg.d.Users[i]) {
			return true
		}
	}
	return false
}

func (lg *legend) anyConsumer(so func(engine.Consumer) bool) bool {
	return slices.ContainsFunc(lg.d.Lanes, func(l engine.Lane) bool { return slices.ContainsFunc(l.Consumers, so) })
}
