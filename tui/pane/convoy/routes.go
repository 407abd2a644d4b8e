package convoy

import (
	"strconv"

	"resilab/labs/lab"
	"resilab/tui/widget"
)

const serviceBus = "servicebus" // has no lanes: every user is a session

// tailRows are below the users: a blank row, a heading, one lane more, one less.
const tailRows = 4

// routing is the second view: the lane that each system gives to each user, and
// what share of the keys moves when the lanes change.
func (p *painter) routing() []string {
	r := p.d.Routes
	if r == nil {
		return nil
	}
	th := p.Theme
	rows := []string{p.line().Put(th.Text.Strong(), p.t("routing.title")).String()}
	if p.H >= airFrom {
		rows = append(rows, widget.Blank(p.W))
	}
	rows = append(rows, p.routesHeading())
	rows = append(rows, p.userRows(p.H-len(rows)-tailRows, p.routeRow)...)
	rows = append(rows, widget.Blank(p.W), p.line().Put(th.Text.Strong(), p.t("routing.moved", r.Lanes)).String(),
		p.movesRow(r.Lanes+1, r.Grown))
	if r.Lanes > 1 {
		rows = append(rows, p.movesRow(r.Lanes-1, r.Shrunk))
	}
	return rows
}

// systems are those that have a column: all that fit, Service Bus the last.
func (p *painter) systems() []string {
	all := append(append([]string{}, p.d.Routes.Systems...), serviceBus)
	for used := nameCell; len(all) > 1; all = all[:len(all)-1] {
		width := used
		for _, system := range all {
			width += p.systemCell(system)
		}
		if width <= p.W {
			break
		}
	}
	return all
}

func (p *painter) systemCell(system string) int {
	return max(widget.Width(p.t("system."+system)), len("99.9 %")) + 2
}

func (p *painter) routesHeading() string {
	th := p.Theme
	l := p.line().Cell(th.Dim, p.t("users"), nameCell)
	for _, system := range p.systems() {
		l.RightCell(th.Dim, p.t("system."+system), p.systemCell(system))
	}
	if l.Left() >= bothCell {
		l.RightCell(th.Dim, p.t("p50_p95"), bothCell)
	}
	return l.String()
}

// routeRow is one user: the lane in every system, and how long orders wait.
func (p *painter) routeRow(i int) string {
	th, u := p.Theme, &p.d.Users[i]
	l := p.userName(i)
	for s, system := range p.systems() {
		switch {
		case system == serviceBus:
			l.RightCell(th.Dim, p.t("session"), p.systemCell(system))
		case i < len(p.d.Routes.Of):
			l.RightCell(th.Text, strconv.Itoa(p.d.Routes.Of[i][s]), p.systemCell(system))
		default:
			l.Gap(p.systemCell(system))
		}
	}
	if l.Left() >= bothCell {
		l.RightCell(th.Dim, bothWaits(u), bothCell)
	}
	return l.String()
}

// movesRow says what share of the keys moves when there are so many lanes.
func (p *painter) movesRow(lanes int, shares []float64) string {
	th := p.Theme
	l := p.line().Gap(2).Cell(th.Text, strconv.Itoa(lanes), nameCell-2)
	for i, system := range p.systems() {
		text := lab.Share.Write(0) // a session has no lane to move from
		switch {
		case system != serviceBus && shares[i] < 0:
			text = "–" // it cannot do that
		case system != serviceBus:
			text = lab.Share.Write(shares[i])
		}
		l.RightCell(th.Text.Strong(), text, p.systemCell(system))
	}
	return l.String()
}
