package sshd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/charmbracelet/bubbles/cursor"
	"github.com/charmbracelet/bubbles/textinput"
	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"

	"resilab/labs/course"
	"resilab/labs/i18n"
	"resilab/tui/input"
	"resilab/tui/state"
)

// consoleInterval is how often the teacher's table is read again.
const consoleInterval = time.Second

// runConsole runs the teacher's console until the teacher leaves.
func (s *session) runConsole() {
	if !s.readKeys() {
		return
	}
	server := s.conn.server
	server.Logger.Info("console opened", "remote", s.conn.remote, "user", s.user, "key", s.login.key)
	defer server.Metrics.Began("console")()
	st := newSeat(s, state.Person{})
	why, err := s.runOn(st, newConsole(s.ctx, s.catalogue(), server, st.look))
	s.sayWhy(why)
	server.Logger.Info("console closed", "remote", s.conn.remote, "user", s.user, "reason", string(why), "error", err)
}

// classRow is one line of the teacher's table.
type classRow struct {
	state.Row
	seatPresence // without an ID: not here
}

// minutes is how long the person has worked, today and before.
func (r classRow) minutes() int { return minutes(r.Row.Person.Active + r.Active) }

func minutes(d time.Duration) int { return int(d / time.Minute) }

// Label is the name of the person.
func (r classRow) Label() string { return r.Row.Person.Label() }

// classMsg is the table as it was read.
type classMsg struct {
	rows []classRow
	err  error // what may be out of date or missing, and why
}

// classTable reads who was kept and who is here. What can be read is there also
// with an error.
func (s *server) classTable(ctx context.Context) classMsg {
	kept, err := state.Report(ctx, s.State, s.Cards)
	var rows []classRow
	known := map[string]int{}
	for _, r := range kept {
		known[r.Person.ID] = len(rows)
		rows = append(rows, classRow{Row: r})
	}
	present, away := s.class.seats()
	for _, p := range present {
		i, ok := known[p.Person.ID]
		if !ok {
			i = len(rows)
			known[p.Person.ID] = i
			rows = append(rows, classRow{Row: state.Row{Person: p.Person, Records: make([]course.Record, len(s.Cards))}})
		}
		rows[i].seatPresence = p
	}
	return classMsg{rows: rows, err: errors.Join(err, away)}
}

// orders are how the table can be sorted.
var orders = []struct {
	name    string
	compare func(a, b classRow) int
}{
	{"name", func(a, b classRow) int {
		return cmp.Compare(strings.ToLower(a.Label()), strings.ToLower(b.Label()))
	}},
	{"passed", func(a, b classRow) int { return cmp.Compare(a.Passed(), b.Passed()) }},
	{"idle", func(a, b classRow) int { return cmp.Compare(b.Idle, a.Idle) }},
	{"minutes", func(a, b classRow) int { return cmp.Compare(b.minutes(), a.minutes()) }},
}

// console is the teacher's table of students and cards.
type console struct {
	ctx    context.Context
	text   *i18n.Catalogue
	server *server
	look   func(target) // shows a screen
	rows   []classRow   // all
	err    error
	order  int // index into orders
	at     int // index into shown
	first  int // index of the first card in the table
	window

	field  textinput.Model
	typing func(typed string) // what the field is for; nil: nothing is typed
	label  string             // of the field
	filter string
	notice string
}

func newConsole(ctx context.Context, text *i18n.Catalogue, s *server, look func(target)) *console {
	c := &console{ctx: ctx, text: text, server: s, look: look, field: textinput.New(), window: window{defaultWidth, defaultHeight}}
	c.field.Prompt = ""
	c.field.CharLimit = maxMessage
	c.field.Cursor.SetMode(cursor.CursorStatic)
	return c
}

// Init implements tea.Model.
func (c *console) Init() tea.Cmd { return c.read(0) }

// read reads the table after a while.
func (c *console) read(after time.Duration) tea.Cmd {
	return func() tea.Msg {
		timer := time.NewTimer(after)
		defer timer.Stop()
		select {
		case <-timer.C:
			return c.server.classTable(c.ctx)
		case <-c.ctx.Done():
			return nil
		}
	}
}

// Update implements tea.Model.
func (c *console) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	cmd := c.update(msg)
	c.at = max(0, min(c.at, len(c.shown())-1))
	return c, cmd
}

func (c *console) update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		c.width, c.height = msg.Width, msg.Height
	case classMsg:
		c.rows, c.err = msg.rows, msg.err
		return c.read(consoleInterval)
	case tea.KeyMsg:
		var cmds []tea.Cmd
		for _, key := range input.Keys(msg) {
			if c.typing != nil { // the key before may have opened the field
				cmds = append(cmds, c.typed(key))
			} else {
				cmds = append(cmds, c.key(key))
			}
		}
		return tea.Batch(cmds...)
	}
	return nil
}

// key handles a key outside the field.
func (c *console) key(key tea.KeyMsg) tea.Cmd {
	if key.Paste {
		return nil
	}
	c.notice = ""
	switch key.String() {
	case "q", "ctrl+c", "esc":
		return tea.Quit
	case "up", "k":
		c.at--
	case "down", "j":
		c.at++
	case "right":
		if _, to := c.columns(); to < len(c.server.Cards) {
			c.first = to
		}
	case "left":
		c.first = c.pageBefore(c.first)
	case "s":
		c.order = (c.order + 1) % len(orders)
	case "/":
		c.ask("filter", func(typed string) { c.filter = typed })
	case "l", "enter":
		c.lookAt(c.chosen())
	case "h":
		c.one(order{Kind: orderHint}, "hinted")
	case "H":
		if c.send(order{Kind: orderHint}) {
			c.notice = c.text.T("sshd.console.hintedall", c.here())
		}
	case "o":
		c.ask("card", c.openCard)
	case "m":
		if c.chosen().ID != "" {
			to := c.chosen().ID
			c.ask("message", func(typed string) { c.tell(typed, to, 1) })
		}
	case "a":
		c.ask("messageall", func(typed string) { c.tell(typed, "", c.here()) })
	case "x":
		c.one(order{Kind: orderEnd}, "ended")
	}
	return nil
}

// ask begins to type into the field; then takes what was typed.
func (c *console) ask(label string, then func(string)) {
	c.label, c.typing = c.text.T("sshd.console."+label), then
	c.field.Reset()
	c.field.Focus()
}

func (c *console) typed(key tea.KeyMsg) tea.Cmd {
	switch key.Type {
	case tea.KeyEnter:
		then := c.typing
		c.typing = nil
		then(clean(c.field.Value(), maxMessage))
		return nil
	case tea.KeyEsc, tea.KeyCtrlC:
		c.typing = nil
		return nil
	}
	var cmd tea.Cmd
	c.field, cmd = c.field.Update(key)
	return cmd
}

// send sends an order and reports whether the servers have it.
func (c *console) send(o order) bool {
	if err := c.server.class.order(c.ctx, o); err != nil {
		c.notice = c.text.T("sshd.console.error", err.Error())
		return false
	}
	return true
}

// one sends an order to the chosen student's program.
func (c *console) one(o order, done string) {
	r := c.chosen()
	if o.Seat = r.ID; o.Seat != "" && c.send(o) {
		c.notice = c.text.T("sshd.console."+done, r.Label())
	}
}

// tell shows a line of text to one student, or to all.
func (c *console) tell(text, seat string, people int) {
	if text != "" && c.send(order{Kind: orderSay, Seat: seat, Text: text}) {
		c.notice = c.text.T("sshd.console.told", people)
	}
}

// lookAt shows a student's screen, unless the student refuses.
func (c *console) lookAt(r classRow) {
	t, ok := c.server.class.target(r.ID)
	st := c.server.seats.find(r.ID) // the table may be a moment old
	switch {
	case r.ID == "" || !ok:
	case st != nil && !visible(st) || st == nil && r.Refuses:
		c.notice = c.text.T("sshd.console.refuses", r.Label())
	default:
		c.server.Logger.Info("a teacher looks", "person", r.Row.Person.ID)
		c.look(t)
	}
}

// openCard opens a card for all.
func (c *console) openCard(typed string) {
	i := slices.IndexFunc(c.server.Cards, func(id string) bool { return strings.EqualFold(id, typed) })
	if i < 0 {
		c.notice = c.text.T("sshd.console.nocard", typed)
		return
	}
	card := c.server.Cards[i]
	if c.send(order{Kind: orderCard, Text: card}) {
		c.server.Logger.Info("card opened for all", "card", card, "people", c.here())
		c.notice = c.text.T("sshd.console.opened", card, c.here())
	}
}

// here is how many people are here.
func (c *console) here() (n int) {
	for _, r := range c.rows {
		if r.ID != "" {
			n++
		}
	}
	return n
}

// shown returns the rows that pass the filter, in order.
func (c *console) shown() []classRow {
	rows := slices.DeleteFunc(slices.Clone(c.rows), func(r classRow) bool {
		return !strings.Contains(strings.ToLower(r.Label()), strings.ToLower(c.filter))
	})
	slices.SortStableFunc(rows, orders[c.order].compare)
	return rows
}

func (c *console) chosen() classRow {
	if rows := c.shown(); len(rows) > 0 {
		return rows[c.at]
	}
	return classRow{}
}

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
