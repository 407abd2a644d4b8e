package convoy

import (
	"strconv"

	engine "resilab/labs/convoy"
	"resilab/tui/theme"
	"resilab/tui/widget"
)

// Columns of a user's row.
const (
	faultCell = 6
	waitCell  = 11
	bothCell  = 20 // the median and the 95th percentile
	stateCell = 13
	// Widths from which the waits and the users' business have a column.
	figuresFrom = 52
	stateFrom   = 66
	bothFrom    = 84
)

// Columns of users where there is no room for a row each.
const (
	gridCell = 12 // the least width: a letter, three numbers of two digits, a sign
	gridGap  = 1
	gridSign = 2 // a blank and how the user's order stands
)

// recentTable draws the users' orders as they were handled: a row a user, or in
// a narrow picture several users side by side, so that none is hidden.
type recentTable struct {
	*painter
	h       int
	users   userList
	columns int // of users
	end     int // the column where the orders end
	waits   int // the width of the waits' column; 0: there is none
}

func newRecentTable(p *painter, h int) *recentTable {
	rt := &recentTable{painter: p, h: h, users: newUserList(p)}
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
	rt.columns = rt.side()
	return rt
}

// side returns how many users stand side by side.
func (rt *recentTable) side() int {
	columns, room := 1, rt.h-rt.head()
	for room > 0 && columns*room < rt.d.UserCount && rt.W < stateFrom && (columns+1)*(gridCell+gridGap) <= rt.W+gridGap {
		columns++
	}
	return columns
}

// head is how many rows the heading takes.
func (rt *recentTable) head() int {
	if rt.H >= headingsFrom {
		return 1
	}
	return 0
}

// rows draws the users in at most h rows.
func (rt *recentTable) rows() (rows []string) {
	switch {
	case rt.h <= 0:
		return nil
	case rt.columns > 1:
		return rt.grid()
	}
	if rt.head() > 0 {
		rows = append(rows, rt.heading())
	}
	return append(rows, rt.users.rows(rt.h-len(rows), rt.user)...)
}

// grid draws the users side by side, downwards in each column.
func (rt *recentTable) grid() (rows []string) {
	high := min(rt.h-rt.head(), (rt.d.UserCount+rt.columns-1)/rt.columns)
	shown := min(len(rt.d.Users), high*rt.columns)
	if rt.head() > 0 {
		l := rt.line().Put(rt.Theme.Text.Strong(), rt.t("users")).Gap(2)
		if hidden := rt.users.hidden(shown); hidden > 0 {
			l.Right(rt.Theme.Dim, rt.t("more_users", hidden))
		} else if words := rt.t("recent_short"); widget.Width(words) <= l.Left() {
			l.Put(rt.Theme.Dim, words)
		}
		rows = append(rows, l.String())
	}
	if rt.head() == 0 && rt.users.hidden(shown) > 0 {
		shown-- // the last place says how many more there are
	}
	w := (rt.W+gridGap)/rt.columns - gridGap
	for y := range high {
		l := rt.line()
		for i := y; i < shown; i += high {
			rt.small(l.To(i/high*(w+gridGap)), i, w)
		}
		if hidden := rt.users.hidden(shown); rt.head() == 0 && hidden > 0 && y == high-1 {
			l.Right(rt.Theme.Dim, "+"+strconv.Itoa(hidden))
		}
		rows = append(rows, l.String())
	}
	return rows
}

// small draws a user into w cells: the letter, the newest numbers, a sign.
func (rt *recentTable) small(l *widget.Line, i, w int) {
	u, name := &rt.d.Users[i], letter(i)
	l.Put(rt.Theme.Series(i).Strong(), name)
	rt.handled(l, u.Recent, w-len(name)-gridSign)
	sign, style := rt.standing(u)
	l.Gap(1).Cell(style, sign, 1)
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
	rt.handled(l, u.Recent, rt.end-nameCell)
	rt.faults(l, u)
	if rt.W >= stateFrom {
		rt.business(l, u)
	}
	if rt.W >= bothFrom {
		l.RightCell(th.Dim, rt.users.waits(u), bothCell)
	} else if rt.W >= figuresFrom {
		l.RightCell(th.Dim, rt.users.wait(u.P95), rt.waits)
	}
	return l.String()
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

// faults says how the user's order stands and in how many orders it broke.
func (rt *recentTable) faults(l *widget.Line, u *engine.User) {
	sign, style := rt.standing(u)
	switch {
	case u.Violations > 0:
		sign = strconv.FormatUint(u.Violations, 10) + sign
	case u.Gaps > 0:
		sign = strconv.FormatUint(u.Gaps, 10) + sign
	}
	l.RightCell(style, sign, faultCell)
}

// standing is the sign for how a user's order stands; a blank where no order of
// the user was handled yet.
func (rt *recentTable) standing(u *engine.User) (sign string, style theme.Style) {
	switch th := rt.Theme; {
	case u.Violations > 0:
		return rt.signs.violation, th.Bad.Strong()
	case u.Gaps > 0:
		return rt.signs.gap, th.Warn.Strong()
	case u.Handled > 0:
		return rt.signs.good, th.Good
	}
	return " ", rt.Theme.Text
}

// handled writes the newest numbers that fit into room cells, right-aligned.
func (rt *recentTable) handled(l *widget.Line, orders []engine.HandledOrder, room int) {
	first, used := len(orders), 0
	for first > 0 {
		w := handledWidth(orders[first-1]) + 1
		if used+w > room {
			break
		}
		used += w
		first--
	}
	l.Gap(room - used)
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
