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
	nameCell  = 11
	faultCell = 6
	waitCell  = 11
	bothCell  = 17 // the median and the 95th percentile
	stateCell = 13
	// Widths from which the waits and the users' business have a column.
	figuresFrom = 52
	stateFrom   = 66
	bothFrom    = 84
)

// recent draws a row a user with the orders as they were handled, in h rows.
func (p *painter) recent(h int) []string {
	if h <= 0 {
		return nil
	}
	var rows []string
	if p.H >= headingsFrom {
		rows = append(rows, p.recentHeading())
	}
	return append(rows, p.userRows(h-len(rows), p.userRow)...)
}

// userRows draws a row a user, at most room; the last one says how many more there are.
func (p *painter) userRows(room int, row func(i int) string) (rows []string) {
	shown := len(p.d.Users)
	if shown > room || p.hiddenUsers(shown) > 0 {
		shown = max(0, min(room-1, shown))
	}
	for i := range shown {
		rows = append(rows, row(i))
	}
	if hidden := p.hiddenUsers(shown); room > 0 && hidden > 0 {
		rows = append(rows, p.line().Put(p.Theme.Dim, p.t("more_users", hidden)).String())
	}
	return rows
}

// hiddenUsers is how many users there are beyond the first shown.
func (p *painter) hiddenUsers(shown int) int { return max(0, p.d.UserCount-shown) }

func (p *painter) recentHeading() string {
	th := p.Theme
	l := p.line().Put(th.Text.Strong(), p.t("users")).To(nameCell)
	words := p.t("recent")
	end := p.recentEnd()
	if end-nameCell >= widget.Width(words) {
		l.RightCell(th.Dim, words, end-nameCell)
	}
	l.To(end).RightCell(th.Dim, p.t("faults"), faultCell)
	if p.W >= stateFrom && p.d.Scenario != "" {
		l.RightCell(th.Dim, p.t("business."+p.d.Scenario), stateCell)
	} else if p.W >= stateFrom {
		l.Gap(stateCell)
	}
	if p.W >= bothFrom {
		l.RightCell(th.Dim, p.t("p50_p95"), bothCell)
	} else if p.W >= figuresFrom {
		l.RightCell(th.Dim, p.t("p95"), waitCell)
	}
	return l.String()
}

func (p *painter) recentEnd() int {
	end := p.W - faultCell - p.waitWidth()
	if p.W >= stateFrom {
		end -= stateCell
	}
	return max(nameCell, end)
}

func (p *painter) waitWidth() int {
	switch {
	case p.W >= bothFrom:
		return bothCell
	case p.W >= figuresFrom:
		return waitCell
	}
	return 0
}

// userRow draws one user: name, numbers with the newest at the right, figures.
func (p *painter) userRow(i int) string {
	th, u := p.Theme, &p.d.Users[i]
	l := p.userName(i)
	p.handled(l, u.Recent, p.recentEnd())
	l.To(p.recentEnd())
	p.faults(l, u)
	if p.W >= stateFrom {
		p.business(l, u)
	}
	if p.W >= bothFrom {
		l.RightCell(th.Dim, bothWaits(u), bothCell)
	} else if p.W >= figuresFrom {
		l.RightCell(th.Dim, waitText(u.P95), p.waitWidth())
	}
	return l.String()
}

// userName begins a user's row: the letter that orders carry, and the name.
func (p *painter) userName(i int) *widget.Line {
	style := p.Theme.Series(i)
	return p.line().Put(style.Strong(), letter(i)).Gap(1).To(2+len(letter(i))/2).Put(style, p.d.Users[i].Name).To(nameCell)
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
func (p *painter) business(l *widget.Line, u *engine.User) {
	if u.Step < 0 || p.d.Scenario == "" {
		l.Gap(stateCell)
		return
	}
	text := p.t("step." + p.d.Scenario + "." + strconv.Itoa(u.Step))
	if p.d.Scenario == "bank" {
		text = "$" + strconv.Itoa(u.Balance)
	}
	if u.Wrong {
		l.RightCell(p.Theme.Bad.Strong(), p.signs.bad+" "+text, stateCell)
		return
	}
	l.RightCell(p.Theme.Text, text, stateCell)
}

func (p *painter) faults(l *widget.Line, u *engine.User) {
	switch {
	case u.Violations > 0:
		l.RightCell(p.Theme.Bad.Strong(), strconv.FormatUint(u.Violations, 10)+p.signs.violation, faultCell)
	case u.Gaps > 0:
		l.RightCell(p.Theme.Warn.Strong(), strconv.FormatUint(u.Gaps, 10)+p.signs.gap, faultCell)
	case u.Handled > 0:
		l.RightCell(p.Theme.Good, p.signs.good, faultCell)
	default:
		l.Gap(faultCell)
	}
}

// handled writes the newest numbers that fit before column end, right-aligned.
func (p *painter) handled(l *widget.Line, orders []engine.HandledOrder, end int) {
	room := end - nameCell
	first, used := len(orders), 0
	for first > 0 {
		w := handledWidth(orders[first-1]) + 1
		if used+w > room {
			break
		}
		used += w
		first--
	}
	l.To(end - used)
	for i, s := range orders[first:] {
		l.Gap(1)
		text := strconv.FormatUint(s.Seq, 10)
		style, sign := p.handledStyle(s, i == len(orders)-first-1)
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

func (p *painter) handledStyle(s engine.HandledOrder, newest bool) (style theme.Style, sign string) {
	th := p.Theme
	switch {
	case s.Kind == engine.Violation:
		return th.Bad.Strong(), p.signs.violation
	case s.Kind == engine.Duplicate:
		return th.Warn, p.signs.duplicate
	case s.Kind == engine.DeadLettered:
		return th.Warn.Strong(), p.signs.set
	case newest:
		return th.Text.Strong(), ""
	}
	return th.Dim, ""
}
