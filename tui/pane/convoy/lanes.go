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

// lanes draws the queues with what is in them, in at most h rows.
func (p *painter) lanes(h int) []string {
	var rows []string
	if p.H >= headingsFrom && p.d.Mode != "" {
		rows = append(rows, p.lanesHeading())
	}
	room := max(1, h-len(rows)-min(len(p.d.Users)+1, h/2))
	var body []string
	if p.d.Shared && len(p.d.Lanes) > 0 {
		body = p.sharedQueue(&p.d.Lanes[0])
	} else {
		for i := range p.d.Lanes {
			body = append(body, p.laneRow(&p.d.Lanes[i], i == len(p.d.Lanes)-1))
		}
	}
	if len(body) > room {
		hidden := len(body) - room + 1
		body = append(body[:room-1], p.line().Gap(laneHead).Put(p.Theme.Dim, p.t("more_lanes", hidden)).String())
	}
	return append(rows, body...)
}

func (p *painter) lanesHeading() string {
	th := p.Theme
	l := p.line().Put(th.Text.Strong(), p.t(p.modeKey()))
	right := p.t("waiting")
	end := p.ordersEnd() + countCell
	used := p.W - l.Left()
	variants := []string{p.t("flow", p.signs.flow), p.t("flow_short", p.signs.flow)}
	if p.d.Shared {
		variants = []string{p.t("flow_shared")}
	}
	for _, words := range variants {
		if used+widget.Width(words)+widget.Width(right)+4 <= end {
			l.Gap(2).Put(th.Dim, words)
			break
		}
	}
	return l.To(end-widget.Width(right)).Put(th.Dim, right).String()
}

func (p *painter) modeKey() string {
	if p.d.Kafka {
		return "mode_kafka." + p.d.Mode
	}
	return "mode." + p.d.Mode
}

// laneRow draws one lane with its one consumer.
func (p *painter) laneRow(lane *engine.Lane, last bool) string {
	th := p.Theme
	branch := th.Glyph.TreeItem
	if last {
		branch = th.Glyph.TreeLast
	}
	style := th.Text
	if !lane.Open {
		style = th.Dim
	}
	l := p.line().Put(th.Rule, branch).RightCell(style, strconv.Itoa(lane.Number), 3).Gap(1)
	var c engine.Consumer
	if len(lane.Consumers) > 0 {
		c = lane.Consumers[0]
	}
	p.consumerSign(l, c)
	end := p.ordersEnd()
	p.orders(l, c.Orders, end, true)
	if len(lane.Next) > 0 && l.Left() > p.W-end {
		l.Put(th.Rule, p.signs.flow).Gap(1)
		p.orders(l, lane.Next, end, false)
	}
	p.waitingCell(l, lane.Waiting)
	return p.note(l, lane, c).String()
}

// ordersEnd is the column where the orders of a lane have to end.
func (p *painter) ordersEnd() int {
	end := p.W - countCell
	if p.W >= noteFrom {
		end -= noteCell
	}
	return end
}

func (p *painter) waitingCell(l *widget.Line, n int) {
	l.To(p.ordersEnd())
	style := p.Theme.Text
	if n == 0 {
		style = p.Theme.Dim
	}
	l.RightCell(style, strconv.Itoa(n), countCell)
}

// sharedQueue draws one queue and the consumers that share it.
func (p *painter) sharedQueue(lane *engine.Lane) []string {
	th := p.Theme
	l := p.line().Put(th.Rule, th.Glyph.TreeBar).Gap(laneHead - 2)
	p.orders(l, lane.Next, p.ordersEnd(), false)
	p.waitingCell(l, lane.Waiting)
	rows := []string{l.String()}
	for i, c := range lane.Consumers {
		branch := th.Glyph.TreeItem
		if i == len(lane.Consumers)-1 {
			branch = th.Glyph.TreeLast
		}
		l := p.line().Put(th.Rule, branch).RightCell(th.Text, strconv.Itoa(c.Number), 3).Gap(1)
		p.consumerSign(l, c)
		p.orders(l, c.Orders, p.ordersEnd(), true)
		rows = append(rows, p.note(l, nil, c).String())
	}
	return rows
}

func (p *painter) consumerSign(l *widget.Line, c engine.Consumer) {
	th := p.Theme
	switch {
	case !c.Connected:
		l.Put(th.Bad.Strong(), p.signs.away)
	case c.Hung:
		l.Put(th.Warn.Strong(), p.signs.hung)
	case len(c.Orders) > 0:
		l.Put(th.Good, p.signs.working)
	default:
		l.Put(th.Dim, p.signs.idle)
	}
	l.Gap(1)
}

// orders writes orders up to column end. The one in work, the first of those
// in flight, is bold.
func (p *painter) orders(l *widget.Line, orders []engine.Order, end int, flying bool) {
	for i, o := range orders {
		label := letter(o.User) + strconv.FormatUint(o.Seq, 10)
		if o.Poison {
			label = p.signs.poison + label
		}
		if p.W-l.Left()+widget.Width(label)+2 > end {
			if p.W-l.Left()+1 <= end {
				l.Put(p.Theme.Dim, p.Theme.Glyph.More)
			}
			return
		}
		style := p.Theme.Series(o.User)
		if o.Poison {
			style = p.Theme.Bad.Strong()
		} else if flying && i == 0 {
			style = style.Strong()
		}
		l.Put(style, label).Gap(1)
	}
}

// heldUpFrom is how many must wait for it to be worth saying for whom.
const heldUpFrom = 3

// note says at the right what is wrong with a lane, or who waits for whom.
func (p *painter) note(l *widget.Line, lane *engine.Lane, c engine.Consumer) *widget.Line {
	if p.W < noteFrom {
		return l
	}
	th := p.Theme
	l.To(p.W - noteCell + 2)
	switch {
	case !c.Connected:
		return l.Put(th.Bad.Strong(), p.t("away"))
	case c.Hung:
		return l.Put(th.Warn.Strong(), p.t("hung"))
	case lane == nil:
		return l
	case !lane.Open:
		return l.Put(th.Warn, p.t("leaving"))
	case lane.Waiting >= heldUpFrom && len(c.Orders) > 0:
		if behind := heldUp(c.Orders[0].User, c.Orders[1:], lane.Next); behind != "" {
			return l.Put(th.Dim, p.t("holds_up", letter(c.Orders[0].User), behind))
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
