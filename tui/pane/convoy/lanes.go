package convoy

import (
	"strconv"
	"strings"

	engine "resilab/labs/convoy"
	"resilab/tui/widget"
)

// Columns of a lane: branch, number, consumer.
const (
	laneHead  = 7
	countCell = 6
	// noteFrom is the width from which there is room to say who waits for whom.
	noteFrom = 66
	noteCell = 18
)

// laneTree draws the queues, each with its consumers and the orders in it.
type laneTree struct {
	*painter
	end int // the column where the orders of a lane end
}

func newLaneTree(p *painter) *laneTree {
	lt := &laneTree{painter: p, end: p.W - countCell}
	if p.W >= noteFrom {
		lt.end -= noteCell
	}
	return lt
}

// rows draws the queues in at most h rows.
func (lt *laneTree) rows(h int) []string {
	var rows []string
	if lt.H >= headingsFrom && lt.d.Mode != "" {
		rows = append(rows, lt.heading())
	}
	room := max(1, h-len(rows)-min(len(lt.d.Users)+1, h/3))
	var body []string
	if lt.d.Shared && len(lt.d.Lanes) > 0 {
		body = lt.shared(&lt.d.Lanes[0])
	} else {
		for i := range lt.d.Lanes {
			body = append(body, lt.lane(&lt.d.Lanes[i], i == len(lt.d.Lanes)-1))
		}
	}
	if len(body) > room {
		hidden := len(body) - room + 1
		body = append(body[:room-1], lt.line().Gap(laneHead).Put(lt.Theme.Dim, lt.t("more_lanes", hidden)).String())
	}
	return append(rows, body...)
}

func (lt *laneTree) heading() string {
	th := lt.Theme
	l := lt.line().Put(th.Text.Strong(), lt.t(lt.modeKey()))
	right := lt.t("waiting")
	end := lt.end + countCell
	if now := lt.now(); now != "" && lt.W-l.Left()+widget.Width(now)+widget.Width(right)+4 <= end {
		l.Gap(2).Put(th.Warn, now)
	}
	used := lt.W - l.Left()
	variants := []string{lt.t("flow", lt.signs.flow), lt.t("flow_short", lt.signs.flow)}
	if lt.d.Shared {
		variants = []string{lt.t("flow_shared")}
	}
	for _, words := range variants {
		if used+widget.Width(words)+widget.Width(right)+4 <= end {
			l.Gap(2).Put(th.Dim, words)
			break
		}
	}
	return l.To(end-widget.Width(right)).Put(th.Dim, right).String()
}

// now says how many lanes there are where an action has made it another number
// than the knob shows; otherwise "".
func (lt *laneTree) now() string {
	n := lt.d.LaneCount()
	switch {
	case n == lt.d.LanesSet:
		return ""
	case lt.d.Shared:
		return lt.t("consumers_now", n, lt.d.LanesSet)
	}
	return lt.t("lanes_now", n, lt.d.LanesSet)
}

// modeKey is the text that says how the broker shares the orders out.
func (lt *laneTree) modeKey() string { return "mode." + lt.d.Engine + "." + lt.d.Mode }

// lane draws one lane with its one consumer.
func (lt *laneTree) lane(lane *engine.Lane, last bool) string {
	th := lt.Theme
	branch := th.Glyph.TreeItem
	if last {
		branch = th.Glyph.TreeLast
	}
	style := th.Text
	if !lane.Open {
		style = th.Dim
	}
	l := lt.line().Put(th.Rule, branch).RightCell(style, strconv.Itoa(lane.Number), 3).Gap(1)
	var c engine.Consumer
	if len(lane.Consumers) > 0 {
		c = lane.Consumers[0]
	}
	if n := lt.adopter(lane); n != "" && c.Connected && !c.Hung {
		l.Put(lt.Theme.Warn.Strong(), n).Gap(1)
	} else {
		lt.consumerSign(l, c)
	}
	lt.orders(l, c.Orders, true)
	if len(lane.Next) > 0 && l.Left() > lt.W-lt.end {
		l.Put(th.Rule, lt.signs.flow).Gap(1)
		lt.orders(l, lane.Next, false)
	}
	lt.waitingCell(l, lane.Waiting)
	return lt.note(l, lane, c).String()
}

// adopter is the number of the consumer that has adopted a lane, where there is no room
// for a note that says so; otherwise "".
func (p *painter) adopter(lane *engine.Lane) string {
	if lane.Adopter == 0 || p.W >= noteFrom {
		return ""
	}
	return strconv.Itoa(lane.Adopter)
}

func (lt *laneTree) waitingCell(l *widget.Line, n int) {
	l.To(lt.end)
	style := lt.Theme.Text
	if n == 0 {
		style = lt.Theme.Dim
	}
	l.RightCell(style, strconv.Itoa(n), countCell)
}

// shared draws one queue and the consumers that share it.
func (lt *laneTree) shared(lane *engine.Lane) []string {
	th := lt.Theme
	l := lt.line().Put(th.Rule, th.Glyph.TreeBar).Gap(laneHead - 2)
	lt.orders(l, lane.Next, false)
	lt.waitingCell(l, lane.Waiting)
	rows := []string{l.String()}
	for i, c := range lane.Consumers {
		branch := th.Glyph.TreeItem
		if i == len(lane.Consumers)-1 {
			branch = th.Glyph.TreeLast
		}
		l := lt.line().Put(th.Rule, branch).RightCell(th.Text, strconv.Itoa(c.Number), 3).Gap(1)
		lt.consumerSign(l, c)
		lt.orders(l, c.Orders, true)
		rows = append(rows, lt.note(l, nil, c).String())
	}
	return rows
}

func (lt *laneTree) consumerSign(l *widget.Line, c engine.Consumer) {
	th := lt.Theme
	switch {
	case !c.Connected:
		l.Put(th.Bad.Strong(), lt.signs.away)
	case c.Hung:
		l.Put(th.Warn.Strong(), lt.signs.hung)
	case len(c.Orders) > 0:
		l.Put(th.Good, lt.signs.working)
	default:
		l.Put(th.Dim, lt.signs.idle)
	}
	l.Gap(1)
}

// orders writes the orders that fit into the lane. The one in work, the first of
// those in flight, is bold.
func (lt *laneTree) orders(l *widget.Line, orders []engine.Order, flying bool) {
	for i, o := range orders {
		label := letter(o.User) + strconv.FormatUint(o.Seq, 10)
		if o.Poison {
			label = lt.signs.poison + label
		}
		if lt.W-l.Left()+widget.Width(label)+2 > lt.end {
			if lt.W-l.Left()+1 <= lt.end {
				l.Put(lt.Theme.Dim, lt.Theme.Glyph.More)
			}
			return
		}
		style := lt.Theme.Series(o.User)
		if o.Poison {
			style = lt.Theme.Bad.Strong()
		} else if flying && i == 0 {
			style = style.Strong()
		}
		l.Put(style, label).Gap(1)
	}
}

// heldUpFrom is how many must wait for it to be worth saying for whom.
const heldUpFrom = 3

// note says at the right what is wrong with a lane, or who waits for whom.
func (lt *laneTree) note(l *widget.Line, lane *engine.Lane, c engine.Consumer) *widget.Line {
	if lt.W < noteFrom {
		return l
	}
	th := lt.Theme
	l.To(lt.W - noteCell + 2)
	switch {
	case !c.Connected:
		return l.Put(th.Bad.Strong(), lt.t("away"))
	case c.Hung:
		return l.Put(th.Warn.Strong(), lt.t("hung"))
	case lane == nil:
		return l
	case !lane.Open:
		return l.Put(th.Warn, lt.t("leaving"))
	case lane.Adopter != 0:
		return l.Put(th.Warn, lt.t("adopted", lane.Adopter))
	case lane.Waiting >= heldUpFrom && len(c.Orders) > 0:
		if behind := heldUp(c.Orders[0].User, c.Orders[1:], lane.Next); behind != "" {
			return l.Put(th.Dim, lt.t("holds_up", letter(c.Orders[0].User), behind))
		}
	}
	return l
}

// heldUp lists the other users whose orders stand behind the one in work.
func heldUp(head int, queues ...[]engine.Order) string {
	var names []string
	seen := map[int]bool{head: true}
	for _, q := range queues {
		for _, o := range q {
			if !seen[o.User] {
				seen[o.User] = true
				names = append(names, letter(o.User))
			}
		}
	}
	return strings.Join(names, " ")
}
