package convoy

import (
	"slices"
	"strconv"
	"time"

	engine "resilab/labs/convoy"
	"resilab/labs/lab"
	"resilab/tui/pane"
	"resilab/tui/widget"
)

// verdict draws what the run has come to: whether order was kept, and what is
// wrong with the broker.
type verdict struct{ *painter }

// row answers the lab's question: did every user's orders stay in order?
func (v *verdict) row() string {
	m, th := v.Snap.Metrics, v.Theme
	style, words := th.Good.Strong(), v.signs.good+" "+v.t("kept", lab.Count.Write(m["handled"]))
	switch {
	case m["violations"] > 0:
		style = th.Bad.Strong()
		words = v.signs.bad + " " + v.t("broken", lab.Count.Write(m["violations"]), lab.Share.Write(m["violation_rate"]))
	case m["gaps"] > 0: // overtaken and not handled: waiting to go wrong, or set aside
		style = th.Warn.Strong()
		words = v.signs.bad + " " + v.t("gaps", lab.Count.Write(m["gaps"]))
	case m["handled"] == 0:
		style, words = th.Dim, v.t("nothing")
	}
	l := v.line().Put(style, words)
	if n := m["lost"]; n > 0 {
		l.Gap(2).Put(th.Bad.Strong(), v.t("lost", lab.Count.Write(n)))
	}
	if v.d.Draining {
		l.Gap(2).Put(th.Warn, v.t("draining"))
	}
	for _, words := range v.remarks() {
		if l.Left() > widget.Width(words)+2 {
			l.Gap(2).Put(th.Dim, words)
		}
	}
	return l.String()
}

// remarks say why order broke, and what else happened to orders.
func (v *verdict) remarks() (all []string) {
	for _, c := range engine.Causes() {
		if n := v.d.Causes[c]; n > 0 {
			all = append(all, v.t("cause."+c.String(), n))
		}
	}
	for _, id := range []string{"duplicates", "dead_lettered", "redelivered", "nacked", "republished"} {
		if n := v.Snap.Metrics[id]; n > 0 {
			all = append(all, v.t("count."+id, lab.Count.Write(n)))
		}
	}
	return all
}

// staleAfter is how old the broker's last word may be while orders are under way.
const staleAfter = 2 * time.Second

// trouble says what is wrong with the broker: that it has not confirmed or
// delivered an order for long, or that orders wait to be sent. It is empty where
// nothing is.
func (v *verdict) trouble() (words string) {
	b := v.d.Broker
	age := b.ConfirmAge
	if !v.hung() { // one that hangs may hold all that the broker may deliver
		age = max(age, b.DeliveryAge)
	}
	if b.Seen && v.Snap.InFlight > 0 && age >= staleAfter {
		words = v.t("silent", ageText(age))
	}
	if b.Delayed > 0 {
		if words != "" {
			words += " " + v.Theme.Glyph.Dot + " "
		}
		words += v.t("delayed", b.Delayed)
	}
	return words
}

// hung reports whether a consumer hangs.
func (v *verdict) hung() bool {
	return slices.ContainsFunc(v.d.Lanes, func(l engine.Lane) bool {
		return slices.ContainsFunc(l.Consumers, func(c engine.Consumer) bool { return c.Hung })
	})
}

// Note implements pane.Noter: how long ago the broker confirmed and delivered an
// order last.
func (Picture) Note(f pane.Frame) string {
	d, ok := f.Snap.Detail.(*engine.Detail)
	if !ok || !d.Broker.Seen {
		return ""
	}
	return f.Text.T("convoy.pane.broker_state", ageText(d.Broker.ConfirmAge), ageText(d.Broker.DeliveryAge))
}

// ageText writes an age in seconds.
func ageText(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + " s" }
