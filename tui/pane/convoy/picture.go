// Package convoy draws the Sequential convoy lab: the lanes with the orders in
// them, and under them every user's orders as they were handled.
package convoy

import (
	"strconv"
	"time"

	engine "resilab/labs/convoy"
	"resilab/labs/lab"
	"resilab/tui/pane"
	"resilab/tui/theme"
	"resilab/tui/widget"
)

// Picture is the lab's own picture. It keeps no state.
type Picture struct{}

// Draw returns exactly f.H lines of exactly f.W cells.
func (Picture) Draw(f pane.Frame) []string {
	d, ok := f.Snap.Detail.(*engine.Detail)
	if !ok || f.W <= 0 || f.H <= 0 {
		return widget.Fit(nil, f.W, f.H)
	}
	p := painter{Frame: f, d: d, signs: signsOf(f.Theme)}
	if f.View == 1 {
		return widget.Fit(p.routing(), f.W, f.H)
	}
	return widget.Fit(p.rows(), f.W, f.H)
}

// Views implements pane.Picture: the lanes and what was handled, and the routing.
func (Picture) Views() int { return 2 }

// painter draws one frame.
type painter struct {
	pane.Frame
	d     *engine.Detail
	signs signs
}

func (p *painter) line() *widget.Line { return widget.NewLine(p.Theme, p.W) }

func (p *painter) t(key string, args ...any) string { return p.Text.T("convoy.pane."+key, args...) }

// Heights from which there is room for headings and for blank rows.
const (
	headingsFrom = 9
	airFrom      = 14
)

// rows lays the parts out from top to bottom: the verdict is the one thing to
// look at, then the lanes, then the users with whatever room is left.
func (p *painter) rows() []string {
	legend := p.legend()
	h := p.H - len(legend)
	rows := []string{p.verdict()}
	if words, style := p.brokerState(); words != "" && h >= headingsFrom {
		rows = append(rows, p.line().Put(style, words).String())
	} else if h >= airFrom {
		rows = append(rows, widget.Blank(p.W))
	}
	rows = append(rows, p.lanes(h-len(rows))...)
	if h >= airFrom {
		rows = append(rows, widget.Blank(p.W))
	}
	rows = append(rows, p.recent(h-len(rows))...)
	return append(widget.Fit(rows, p.W, h), legend...)
}

// staleAfter is how old the broker's last word may be while orders are under way.
const staleAfter = 2 * time.Second

// brokerState says how long ago the broker confirmed and delivered an order last,
// and how many orders wait to be sent.
func (p *painter) brokerState() (words string, style theme.Style) {
	b := p.d.Broker
	if !b.Seen {
		return "", p.Theme.Dim
	}
	style = p.Theme.Dim
	if p.Snap.InFlight > 0 && max(b.ConfirmAge, b.DeliveryAge) >= staleAfter {
		style = p.Theme.Warn.Strong()
	}
	words = p.t("broker_state", ageText(b.ConfirmAge), ageText(b.DeliveryAge))
	if b.Delayed > 0 {
		words += "  " + p.t("delayed", b.Delayed)
		style = p.Theme.Warn.Strong()
	}
	return words, style
}

// ageText writes an age in seconds.
func ageText(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + " s" }

// verdict answers the lab's question: was everybody's order kept?
func (p *painter) verdict() string {
	m, th := p.Snap.Metrics, p.Theme
	style, words := th.Good.Strong(), p.signs.good+" "+p.t("kept", lab.Count.Write(m["handled"]))
	switch {
	case m["violations"] > 0:
		style = th.Bad.Strong()
		words = p.signs.bad + " " + p.t("broken", lab.Count.Write(m["violations"]), lab.Share.Write(m["violation_rate"]))
	case m["gaps"] > 0: // overtaken and not handled: waiting to go wrong, or set aside
		style = th.Warn.Strong()
		words = p.signs.bad + " " + p.t("gaps", lab.Count.Write(m["gaps"]))
	case m["handled"] == 0:
		style, words = th.Dim, p.t("nothing")
	}
	l := p.line().Put(style, words)
	if n := m["lost"]; n > 0 {
		l.Gap(2).Put(th.Bad.Strong(), p.t("lost", lab.Count.Write(n)))
	}
	if p.d.Draining {
		l.Gap(2).Put(th.Warn, p.t("draining"))
	}
	rate := p.rate()
	for _, words := range p.remarks() {
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
func (p *painter) remarks() (all []string) {
	for _, c := range engine.Causes() {
		if n := p.d.Causes[c]; n > 0 {
			all = append(all, p.t("cause."+c.String(), n))
		}
	}
	for _, id := range []string{"duplicates", "dead_lettered", "redelivered", "nacked", "republished"} {
		if n := p.Snap.Metrics[id]; n > 0 {
			all = append(all, p.t("count."+id, lab.Count.Write(n)))
		}
	}
	return all
}

// rate is the throughput, beside that of run A where there is one.
func (p *painter) rate() string {
	now, ok := p.Snap.Metrics["throughput"]
	if !ok {
		return ""
	}
	if p.A != nil {
		if a, ok := p.A.Metrics["throughput"]; ok {
			return p.t("rate_a", lab.PerSecond.Write(now), lab.PerSecond.Write(a))
		}
	}
	return p.t("rate", lab.PerSecond.Write(now))
}

// signs are the glyphs that only this picture needs; each is one cell.
type signs struct {
	good, bad                 string
	violation, duplicate, set string // before the number of a handled order
	poison                    string // before an order in a lane
	gap                       string // behind the number of orders that are missing
	working, idle, hung, away string // a consumer
	flow                      string // between what is in flight and what waits
}

func signsOf(th *theme.Theme) signs {
	if th.Glyph.Set == theme.ASCII {
		return signs{good: "+", bad: "x", violation: "!", duplicate: "=", set: "x", poison: "*", gap: "?",
			working: ">", idle: "-", hung: "#", away: "x", flow: "|"}
	}
	return signs{good: "✓", bad: "✗", violation: "!", duplicate: "=", set: "×", poison: "†", gap: "?",
		working: "▶", idle: "·", hung: "‖", away: "✗", flow: "│"}
}

// letter is a user's short name: A to Z, then AA, AB …
func letter(user int) string {
	if user < 26 {
		return string(rune('A' + user))
	}
	return letter(user/26-1) + letter(user%26)
}
