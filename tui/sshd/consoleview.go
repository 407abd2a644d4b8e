package sshd

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"

	"resilab/labs/course"
	"resilab/labs/i18n"
)

// Widths of the columns before the cards, and of the number behind them.
const nameWidth, idleWidth, minutesWidth, passedWidth = 20, 9, 5, 4

// cardWidth is the width of a card's column.
func (c *console) cardWidth(i int) int { return ansi.StringWidth(c.server.Cards[i]) + 1 }

// columns returns the cards in the table, from and before: those that fit from the
// first one on.
func (c *console) columns() (from, to int) {
	from = min(c.first, max(0, len(c.server.Cards)-1))
	room := c.cardRoom()
	for to = from; to < len(c.server.Cards); to++ {
		if room -= c.cardWidth(to); room < 0 && to > from {
			break
		}
	}
	return from, to
}

// cardRoom is how many cells the cards have, with a mark for more on either side.
func (c *console) cardRoom() int {
	return c.width - 2 - nameWidth - idleWidth - minutesWidth - passedWidth - len("< >")
}

// pageBefore returns the first card of the page that ends before a card.
func (c *console) pageBefore(card int) int {
	for room := c.cardRoom(); card > 0; card-- {
		if room -= c.cardWidth(card - 1); room < 0 {
			break
		}
	}
	return card
}

// head is the line above the rows.
func (c *console) head() string {
	from, to := c.columns()
	before, after := " ", ""
	if from > 0 {
		before = "<"
	}
	if to < len(c.server.Cards) {
		after = " >"
	}
	return "  " + pad(c.text.T("sshd.console.student"), nameWidth) + pad(c.text.T("sshd.console.idle"), idleWidth) +
		pad(c.text.T("sshd.console.minutes"), minutesWidth) + before + strings.Join(c.server.Cards[from:to], " ") + after
}

// View implements tea.Model.
func (c *console) View() string {
	rows := c.shown()
	here := 0
	for _, r := range rows {
		if r.ID != "" {
			here++
		}
	}
	lines := []string{
		c.text.T("sshd.console.title", here, len(rows), c.text.T("sshd.console.by."+orders[c.order].name)),
		c.head(),
	}
	foot := append(append(c.begun(c.chosen()), c.bottom()), strings.Split(c.text.T("sshd.console.keys"), "\n")...)
	below := len(foot)
	room := max(1, c.height-len(lines)-below)
	first := max(0, min(c.at-room/2, len(rows)-room))
	for i := first; i < min(len(rows), first+room); i++ {
		lines = append(lines, c.row(rows[i], i == c.at))
	}
	for len(lines) < c.height-below {
		lines = append(lines, "")
	}
	lines = append(lines, foot...)
	for i := range lines {
		lines[i] = ansi.Truncate(lines[i], c.width, "…")
	}
	return strings.Join(lines, "\n")
}

// begunRows is how many rows the list of what a student has begun may take.
const begunRows = 3

// begun lists what the chosen student has begun: the mark, the minutes of work and
// the hints of each card.
func (c *console) begun(r classRow) []string {
	var all []string
	for i, rec := range r.Records {
		if rec.Stage() == course.ToPredict && rec.Hints == 0 {
			continue
		}
		all = append(all, c.text.T("sshd.console.begun", c.server.Cards[i], stageMark(rec), minutes(rec.Worked), rec.Hints))
	}
	rows := strings.Split(ansi.Wordwrap(strings.Join(all, " · "), max(1, c.width-2), ""), "\n")
	if len(rows) > begunRows {
		rows = append(rows[:begunRows-1], strings.Join(rows[begunRows-1:], " ")) // which is cut
	}
	for i := range rows {
		rows[i] = " " + rows[i]
	}
	return rows
}

// bottom is the line above the keys.
func (c *console) bottom() string {
	switch {
	case c.typing != nil:
		return c.label + " " + c.field.View()
	case c.err != nil:
		return c.text.T("sshd.console.error", c.err.Error())
	case c.notice != "":
		return c.notice
	default:
		return c.text.T("sshd.console.legend")
	}
}

func (c *console) row(r classRow, chosen bool) string {
	mark := "  "
	if chosen {
		mark = "> "
	}
	presence := "-" // not here
	switch {
	case r.Away:
		presence = c.text.T("sshd.console.away")
	case r.ID != "":
		presence = i18n.FormatDuration(r.Idle.Truncate(time.Second))
	}
	line := mark + pad(r.Label(), nameWidth) + pad(presence, idleWidth) + pad(strconv.Itoa(r.minutes()), minutesWidth) + " "
	from, to := c.columns()
	for i := from; i < min(to, len(r.Records)); i++ {
		line += pad(stageMark(r.Records[i]), c.cardWidth(i))
	}
	return fmt.Sprintf("%s%d", line, r.Passed())
}

// stageMark is how a record looks in the table: passed, with a prediction, with run
// A, or not begun.
func stageMark(rec course.Record) string {
	switch rec.Stage() {
	case course.Passed:
		return "+"
	case course.ToPredict:
		return "."
	case course.ToRunA:
		return "p"
	default:
		return "a"
	}
}

func pad(text string, width int) string {
	text = ansi.Truncate(clean(text, maxName), width-1, "…")
	return text + strings.Repeat(" ", max(0, width-ansi.StringWidth(text)))
}
