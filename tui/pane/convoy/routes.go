package convoy

import (
	"slices"
	"strconv"

	engine "resilab/labs/convoy"
	"resilab/labs/lab"
	"resilab/tui/widget"
)

const (
	serviceBus = "servicebus" // has no lanes: every user is a session
	nats       = "nats"       // the last of the systems that have lanes
)

// tailRows are below the users: a blank row, a heading, one lane more, one less.
const tailRows = 4

// routeTable draws the second view: the lane that each system gives to each user,
// and what share of the keys moves when the lanes change.
type routeTable struct {
	*painter
	routes  *engine.Routes
	users   userList
	systems []string // those that have a column
}

// newRouteTable gives a column to all systems that fit, first to the one that the lab runs
// on, Service Bus the last. NATS has one where the lab runs on it, or where it takes the
// room of nothing else.
func newRouteTable(p *painter, routes *engine.Routes) *routeTable {
	rt := &routeTable{painter: p, routes: routes, users: newUserList(p)}
	rt.systems = append(slices.Clone(routes.Systems), serviceBus)
	if p.d.Engine != nats && rt.width()+bothCell > p.W {
		rt.systems = slices.DeleteFunc(rt.systems, func(system string) bool { return system == nats })
	}
	for len(rt.systems) > 1 && rt.width() > p.W {
		last := len(rt.systems) - 1
		if rt.systems[last] == p.d.Engine {
			last--
		}
		rt.systems = slices.Delete(rt.systems, last, last+1)
	}
	return rt
}

// of returns what the routes say of a system; figures are in the order of their systems.
func of[T any](rt *routeTable, system string, figures []T) T {
	return figures[slices.Index(rt.routes.Systems, system)]
}

// width is how many cells the users' names and the systems take.
func (rt *routeTable) width() int {
	width := nameCell
	for _, system := range rt.systems {
		width += rt.cell(system)
	}
	return width
}

func (rt *routeTable) rows() []string {
	th, lanes := rt.Theme, rt.routes.Lanes
	rows := []string{rt.line().Put(th.Text.Strong(), rt.t("routing.title")).String()}
	if rt.H >= airFrom {
		rows = append(rows, widget.Blank(rt.W))
	}
	rows = append(rows, rt.heading())
	rows = append(rows, rt.users.rows(rt.H-len(rows)-tailRows, rt.user)...)
	rows = append(rows, widget.Blank(rt.W), rt.line().Put(th.Text.Strong(), rt.t("routing.moved", lanes)).String(),
		rt.moves(lanes+1, rt.routes.Grown))
	if lanes > 1 {
		rows = append(rows, rt.moves(lanes-1, rt.routes.Shrunk))
	}
	return rows
}

func (rt *routeTable) cell(system string) int {
	return max(widget.Width(rt.t("system."+system)), len("99.9 %")) + 2
}

func (rt *routeTable) heading() string {
	th := rt.Theme
	l := rt.line().Cell(th.Dim, rt.t("users"), nameCell)
	for _, system := range rt.systems {
		l.RightCell(th.Dim, rt.t("system."+system), rt.cell(system))
	}
	if l.Left() >= bothCell {
		l.RightCell(th.Dim, rt.t("p50_p95"), bothCell)
	}
	return l.String()
}

// user is one user: the lane in every system, and how long orders wait.
func (rt *routeTable) user(i int) string {
	th, u := rt.Theme, &rt.d.Users[i]
	l := rt.users.begin(i)
	for _, system := range rt.systems {
		switch {
		case system == serviceBus:
			l.RightCell(th.Dim, rt.t("session"), rt.cell(system))
		case i < len(rt.routes.Of):
			l.RightCell(th.Text, strconv.Itoa(of(rt, system, rt.routes.Of[i])), rt.cell(system))
		default:
			l.Gap(rt.cell(system))
		}
	}
	if l.Left() >= bothCell {
		l.RightCell(th.Dim, rt.users.waits(u), bothCell)
	}
	return l.String()
}

// moves says what share of the keys moves when there are so many lanes.
func (rt *routeTable) moves(lanes int, shares []float64) string {
	th := rt.Theme
	l := rt.line().Gap(2).Cell(th.Text, strconv.Itoa(lanes), nameCell-2)
	for _, system := range rt.systems {
		text := lab.Share.Write(0) // a session has no lane to move from
		switch {
		case system == serviceBus:
		case of(rt, system, shares) < 0:
			text = "–" // it cannot do that
		default:
			text = lab.Share.Write(of(rt, system, shares))
		}
		l.RightCell(th.Text.Strong(), text, rt.cell(system))
	}
	return l.String()
}
