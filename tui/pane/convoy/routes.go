package convoy

import (
	"strconv"

	"resilab/labs/lab"
	"resilab/tui/widget"
)

// The comparison of systems needs room: columns beside the strips, and two
// rows below them.
const (
	routesFromW = 116
	routesFromH = 22
	routeCell   = 10
	sessionCell = 13 // Service Bus: every user is a session
)

// routesWidth is the room that the comparison takes at the right.
func (p *painter) routesWidth() int {
	if p.W < routesFromW || p.d.Routes == nil {
		return 0
	}
	return len(p.d.Routes.Systems)*routeCell + sessionCell + 2
}

func (p *painter) routesHeading(l *widget.Line) {
	if p.routesWidth() == 0 {
		return
	}
	l.Gap(2)
	for _, system := range p.d.Routes.Systems {
		l.RightCell(p.Theme.Dim, p.t("system."+system), routeCell)
	}
	l.RightCell(p.Theme.Dim, p.t("system.servicebus"), sessionCell)
}

// routes shows the lanes of user i in every system.
func (p *painter) routes(l *widget.Line, i int) {
	if p.routesWidth() == 0 || i >= len(p.d.Routes.Of) {
		return
	}
	l.Gap(2)
	for _, lane := range p.d.Routes.Of[i] {
		l.RightCell(p.Theme.Text, strconv.Itoa(lane), routeCell)
	}
	l.RightCell(p.Theme.Dim, p.t("session"), sessionCell)
}

// moves says what share of the keys moves when the lanes change.
func (p *painter) moves() []string {
	if p.H < routesFromH || p.d.Routes == nil || p.W < noteFrom {
		return nil
	}
	r := p.d.Routes
	return []string{p.movesRow("grown", r.Grown), p.movesRow("shrunk", r.Shrunk)}
}

func (p *painter) movesRow(key string, shares []float64) string {
	th := p.Theme
	l := p.line().Put(th.Dim, p.t(key, p.d.Routes.Lanes))
	for i, system := range p.d.Routes.Systems {
		text := p.t("cannot")
		if shares[i] >= 0 {
			text = lab.Share.Write(shares[i])
		}
		l.Gap(2).Put(th.Dim, p.t("system."+system)+" ").Put(th.Text, text)
	}
	return l.Gap(2).Put(th.Dim, p.t("system.servicebus")+" ").Put(th.Text, lab.Share.Write(0)).String()
}
