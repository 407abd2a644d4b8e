package convoy

import (
	"time"

	engine "resilab/labs/convoy"
	"resilab/tui/widget"
)

// nameCell is the width of a user's letter and name.
const nameCell = 11

// userList draws what both views say of users: who they are, and how many more
// there are.
type userList struct {
	*painter
	unit widget.Unit // of all waits
}

func newUserList(p *painter) userList {
	var longest time.Duration
	for i := range p.d.Users {
		longest = max(longest, p.d.Users[i].P95)
	}
	return userList{p, widget.UnitOf(longest)}
}

// rows draws a row a user, at most room; the last one says how many more there are.
func (ul *userList) rows(room int, row func(i int) string) (rows []string) {
	shown := len(ul.d.Users)
	if shown > room || ul.hidden(shown) > 0 {
		shown = max(0, min(room-1, shown))
	}
	for i := range shown {
		rows = append(rows, row(i))
	}
	if hidden := ul.hidden(shown); room > 0 && hidden > 0 {
		rows = append(rows, ul.line().Put(ul.Theme.Dim, ul.t("more_users", hidden)).String())
	}
	return rows
}

// hidden is how many users there are beyond the first shown.
func (ul *userList) hidden(shown int) int { return max(0, ul.d.UserCount-shown) }

// begin begins a user's row: the letter that orders carry, and the name.
func (ul *userList) begin(i int) *widget.Line {
	style := ul.Theme.Series(i)
	return ul.line().Put(style.Strong(), letter(i)).Gap(1).To(2+len(letter(i))/2).Put(style, ul.d.Users[i].Name).To(nameCell)
}

// waits are the median and the 95th percentile of a user's waits.
func (ul *userList) waits(u *engine.User) string {
	if u.P95 <= 0 {
		return ""
	}
	return ul.wait(u.P50) + " / " + ul.wait(u.P95)
}

// wait writes how long orders waited; it is empty where none did.
func (ul *userList) wait(d time.Duration) string {
	if d <= 0 {
		return ""
	}
	return ul.unit.Write(d)
}
