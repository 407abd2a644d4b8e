package convoy

import (
	"strconv"
	"time"

	engine "resilab/labs/convoy"
	"resilab/labs/kit"
	"resilab/labs/lab"
	"resilab/tui/theme"
	"resilab/tui/widget"
)

// Columns of a user's row.
const (
	faultCell = 6
	waitCell  = 11
	bothCell  = 17 // the median and the 95th percentile
	stateCell = 13
	// Widths from which the waits and the users' business have a column.
	figuresFrom = 52
	stateFrom   = 66
	bothFrom    = 84
)

// recentTable draws the users' orders as they were handled.
type recentTable struct {
	*painter
	users userList
	end   int // the column where the orders end
	waits int // the width of the waits' column; 0: there is none
}

func newRecentTable(p *painter) *recentTable {
	rt := &recentTable{painter: p, users: userList{p}}
	switch {
	case p.W >= bothFrom:
		rt.waits = bothCell
	case p.W >= figuresFrom:
		rt.waits = waitCell
	}
	rt.end = p.W - faultCell - rt.waits
	if p.W >= stateFrom {
		rt.end -= stateCell
	}
	rt.end = max(nameCell, rt.end)
	return rt
}

// rows draws a row a user in h rows.
func (rt *recentTable) rows(h int) []string {
	if h <= 0 {
		return nil
	}
	var rows []string
	if rt.H >= headingsFrom {
		rows = append(rows, rt.heading())
	}
	return append(rows, rt.users.rows(h-len(rows), rt.user)...)
}

func (rt *recentTable) heading() string {
	th := rt.Theme
	l := rt.line().Put(th.Text.Strong(), rt.t("users")).To(nameCell)
	words := rt.t("recent")
	if rt.end-nameCell >= widget.Width(words) {
		l.RightCell(th.Dim, words, rt.end-nameCell)
	}
	l.To(rt.end).RightCell(th.Dim, rt.t("faults"), faultCell)
	if rt.W >= stateFrom && rt.d.Scenario != "" {
		l.RightCell(th.Dim, rt.t("business."+rt.d.Scenario), stateCell)
	} else if rt.W >= stateFrom {
		l.Gap(stateCell)
	}
	if rt.W >= bothFrom {
		l.RightCell(th.Dim, rt.t("p50_p95"), bothCell)
	} else if rt.W >= figuresFrom {
		l.RightCell(th.Dim, rt.t("p95"), waitCell)
	}
	return l.String()
}

// user draws one user: name, numbers with the newest at the right, figures.
func (rt *recentTable) user(i int) string {
	th, u := rt.Theme, &rt.d.Users[i]
	l := rt.users.begin(i)
	rt.handled(l, u.Recent)
	l.To(rt.end)
	rt.faults(l, u)
	if rt.W >= stateFrom {
		rt.business(l, u)
	}
	if rt.W >= bothFrom {
		l.RightCell(th.Dim, bothWaits(u), bothCell)
	} else if rt.W >= figuresFrom {
		l.RightCell(th.Dim, waitText(u.P95), rt.waits)
	}
	return l.String()
}

// bothWaits are the median and the 95th percentile of a user's waits.
func bothWaits(u *engine.User) string {
	if u.P95 <= 0 {
		return ""
	}
	return waitText(u.P50) + " / " + waitText(u.P95)
}

// waitText writes a duration in milliseconds with three digits: a column has one
// unit.
func waitText(d time.Duration) string {
	if d <= 0 {
		return ""
	}
	return lab.Millis.Write(kit.Millis(d))
}

// business shows what the orders have made of the user's account or goods.
func (rt *recentTable) business(l *widget.Line, u *engine.User) {
	if u.Step < 0 || rt.d.Scenario == "" {
		l.Gap(stateCell)
		return
	}
	text := rt.t("step." + rt.d.Scenario + "." + strconv.Itoa(u.Step))
	if rt.d.Scenario == "bank" {
		text = "$" + strconv.Itoa(u.Balance)
	}
	if u.Wrong {
		l.RightCell(rt.Theme.Bad.Strong(), rt.signs.bad+" "+text, stateCell)
		return
	}
	l.RightCell(rt.Theme.Text, text, stateCell)
}

func (rt *recentTable) faults(l *widget.Line, u *engine.User) {
	switch {
	case u.Violations > 0:
		l.RightCell(rt.Theme.Bad.Strong(), strconv.FormatUint(u.Violations, 10)+rt.signs.violation, faultCell)
	case u.Gaps > 0:
		l.RightCell(rt.Theme.Warn.Strong(), strconv.FormatUint(u.Gaps, 10)+rt.signs.gap, faultCell)
	case u.Handled > 0:
		l.RightCell(rt.Theme.Good, rt.signs.good, faultCell)
	default:
		l.Gap(faultCell)
	}
}

// handled writes the newest numbers that fit, right-aligned.
func (rt *recentTable) handled(l *widget.Line, orders []engine.HandledOrder) {
	room := rt.end - nameCell
	first, used := len(orders), 0
	for first > 0 {
		w := handledWidth(orders[first-1]) + 1
		if used+w > room {
			break
		}
		used += w
		first--
	}
	l.To(rt.end - used)
	for i, s := range orders[first:] {
		l.Gap(1)
		text := strconv.FormatUint(s.Seq, 10)
		style, sign := rt.style(s, i == len(orders)-first-1)
		l.Put(style, sign+text)
	}
}

func handledWidth(s engine.HandledOrder) int {
	w := 1
	for n := s.Seq; n >= 10; n /= 10 {
		w++
	}
	if s.Kind != engine.InOrder {
		w++
	}
	return w
}

func (rt *recentTable) style(s engine.HandledOrder, newest bool) (style theme.Style, sign string) {
	th := rt.Theme
	switch {
	case s.Kind == engine.Violation:
		return th.Bad.Strong(), rt.signs.violation
	case s.Kind == engine.Duplicate:
		return th.Warn, rt.signs.duplicate
	case s.Kind == engine.DeadLettered:
		return th.Warn.Strong(), rt.signs.set
	case newest:
		return th.Text.Strong(), ""
	}
	return th.Dim, ""
}
