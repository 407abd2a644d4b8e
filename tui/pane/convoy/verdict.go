package convoy

import (
	"strconv"
	"time"

	engine "resilab/labs/convoy"
	"resilab/labs/lab"
	"resilab/tui/theme"
	"resilab/tui/widget"
)

// verdict draws what the run has come to: whether order was kept, and the state of
// the broker.
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
	rate := v.rate()
	for _, words := range v.remarks() {
		if l.Left() > widget.Width(words)+widget.Width(rate)+4 {
			l.Gap(2).Put(th.Dim, words)
		}
	}
	if l.Left() > widget.Width(rate)+1 {
		l.Right(th.Text.Strong(), rate)
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

// rate is the throughput, beside that of run A where there is one.
func (v *verdict) rate() string {
	now, ok := v.Snap.Metrics["throughput"]
	if !ok {
		return ""
	}
	if v.A != nil {
		if a, ok := v.A.Metrics["throughput"]; ok {
			return v.t("rate_a", lab.PerSecond.Write(now), lab.PerSecond.Write(a))
		}
	}
	return v.t("rate", lab.PerSecond.Write(now))
}

// staleAfter is how old the broker's last word may be while orders are under way.
const staleAfter = 2 * time.Second

// broker says how long ago the broker confirmed and delivered an order last,
// and how many orders wait to be sent.
func (v *verdict) broker() (words string, style theme.Style) {
	b := v.d.Broker
	if !b.Seen {
		return "", v.Theme.Dim
	}
	style = v.Theme.Dim
	if v.Snap.InFlight > 0 && max(b.ConfirmAge, b.DeliveryAge) >= staleAfter {
		style = v.Theme.Warn.Strong()
	}
	words = v.t("broker_state", ageText(b.ConfirmAge), ageText(b.DeliveryAge))
	if b.Delayed > 0 {
		words += "  " + v.t("delayed", b.Delayed)
		style = v.Theme.Warn.Strong()
	}
	return words, style
}

// ageText writes an age in seconds.
func ageText(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + " s" }
