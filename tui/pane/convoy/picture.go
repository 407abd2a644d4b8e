// Package convoy draws the Sequential Convoy lab: the lanes with the orders in
// them, and under them every user's orders as they were handled.
package convoy

import (
	engine "resilab/labs/convoy"
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
	p := &painter{Frame: f, d: d, signs: signsOf(f.Theme)}
	switch {
	case f.View == 1 && d.Routes == nil:
		return widget.Fit(nil, f.W, f.H)
	case f.View == 1:
		return widget.Fit(newRouteTable(p, d.Routes).rows(), f.W, f.H)
	}
	return widget.Fit(p.rows(), f.W, f.H)
}

// Views implements pane.Picture: the lanes and what was handled, and the routing.
func (Picture) Views() int { return 2 }

// painter is what every part of one frame draws with.
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
	last := (&legend{p}).rows()
	h := p.H - len(last)
	v := verdict{p}
	rows := []string{v.row()}
	trouble := v.trouble()
	if trouble != "" {
		rows = append(rows, p.line().Put(p.Theme.Warn.Strong(), trouble).String())
	}
	lanes := newLaneTree(p).rows(h - len(rows))
	air := p.airy(h, h-len(rows)-len(lanes))
	if air && trouble == "" {
		rows = append(rows, widget.Blank(p.W))
	}
	rows = append(rows, lanes...)
	if air {
		rows = append(rows, widget.Blank(p.W))
	}
	rows = append(rows, newRecentTable(p, h-len(rows)).rows()...)
	return append(widget.Fit(rows, p.W, h), last...)
}

// airy reports whether blank rows stand between the parts of a picture of h rows,
// of which room are left for the users: there are none where users would be
// hidden for them.
func (p *painter) airy(h, room int) bool {
	const blanks = 2
	need := 1 + p.d.UserCount
	return h >= airFrom && (need <= room-blanks || need > room)
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
