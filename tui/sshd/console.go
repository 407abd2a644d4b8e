package sshd

import (
	"cmp"
	"context"
	"fmt"
	"slices"
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
	st := newSeat(s, state.Person{})
	why, err := s.runOn(st, newConsole(s.ctx, s.catalogue(), server, st.look))
	s.sayWhy(why)
	server.Logger.Info("console closed", "remote", s.conn.remote, "user", s.user, "reason", string(why), "error", err)
}

// classRow is one line of the teacher's table.
type classRow struct {
	state.Row
	seat *seat         // nil: not here
	away bool          // the line has dropped
	idle time.Duration // since the last key
}

// classMsg is the table as it was read.
type classMsg struct {
	rows []classRow
	err  error
}

// classTable reads who was kept and who is here.
func (s *server) classTable(ctx context.Context) classMsg {
	kept, err := state.Report(ctx, s.State, s.Cards)
	if err != nil {
		return classMsg{err: err}
	}
	var rows []classRow
	known := map[string]int{}
	for _, r := range kept {
		known[r.Person.ID] = len(rows)
		rows = append(rows, classRow{Row: r})
	}
	for _, st := range s.seats.list() {
		i, ok := known[st.person.ID]
		if !ok {
			i = len(rows)
			known[st.person.ID] = i
			rows = append(rows, classRow{Row: state.Row{Person: st.person, Records: make([]course.Record, len(s.Cards))}})
		}
		rows[i].seat, rows[i].away, rows[i].idle = st, st.line.current() == nil, st.idle()
	}
	return classMsg{rows: rows}
}

// orders are how the table can be sorted.
var orders = []struct {
	name    string
	compare func(a, b classRow) int
}{
	{"name", func(a, b classRow) int {
		return cmp.Compare(strings.ToLower(a.Person.Label()), strings.ToLower(b.Person.Label()))
	}},
	{"passed", func(a, b classRow) int { return cmp.Compare(a.Passed(), b.Passed()) }},
	{"idle", func(a, b classRow) int { return cmp.Compare(b.idle, a.idle) }},
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
	width  int
	height int

	field  textinput.Model
	typing func(typed string) // what the field is for; nil: nothing is typed
	label  string             // of the field
	filter string
	notice string
}

func newConsole(ctx context.Context, text *i18n.Catalogue, s *server, look func(target)) *console {
	c := &console{ctx: ctx, text: text, server: s, look: look, field: textinput.New(), width: defaultWidth, height: defaultHeight}
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
		if c.err = msg.err; c.err == nil {
			c.rows = msg.rows
		}
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
	case "s":
		c.order = (c.order + 1) % len(orders)
	case "/":
		c.ask("filter", func(typed string) { c.filter = typed })
	case "m":
		if st := c.chosen().seat; st != nil {
			c.ask("message", func(typed string) { c.tell(typed, st) })
		}
	case "a":
		c.ask("messageall", func(typed string) { c.tell(typed, c.server.seats.list()...) })
	case "l", "enter":
		c.lookAt(c.chosen().seat)
	case "h":
		c.hint(c.chosen().seat)
	case "o":
		if c.server.Orders.OpenCard != nil {
			c.ask("card", c.openCard)
		}
	case "x":
		if st := c.chosen().seat; st != nil {
			c.server.Logger.Info("session ended by a teacher", "person", st.person.ID)
			st.end(sessionEnd(endTeacher))
			c.notice = c.text.T("sshd.console.ended", st.person.Label())
		}
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

// tell shows a line of text to students.
func (c *console) tell(text string, to ...*seat) {
	if text == "" {
		return
	}
	for _, st := range to {
		st.tell("sshd.message", text)
	}
	c.notice = c.text.T("sshd.console.told", len(to))
}

// lookAt shows a student's screen, unless the student refuses.
func (c *console) lookAt(st *seat) {
	switch {
	case st == nil:
	case st.refuses.Load():
		c.notice = c.text.T("sshd.console.refuses", st.person.Label())
	default:
		c.server.Logger.Info("a teacher looks", "person", st.person.ID)
		c.look(target{st.id, st.person.Label(), st.stage})
	}
}

// hint shows a student the next hint of the card.
func (c *console) hint(st *seat) {
	if st != nil && c.server.Orders.Hint != nil {
		st.send(c.server.Orders.Hint)
		c.notice = c.text.T("sshd.console.hinted", st.person.Label())
	}
}

// openCard opens a card for all.
func (c *console) openCard(typed string) {
	i := slices.IndexFunc(c.server.Cards, func(id string) bool { return strings.EqualFold(id, typed) })
	if i < 0 {
		c.notice = c.text.T("sshd.console.nocard", typed)
		return
	}
	card, class := c.server.Cards[i], c.server.seats.list()
	for _, st := range class {
		st.send(c.server.Orders.OpenCard(card))
		st.tell("sshd.card", card)
	}
	c.server.Logger.Info("card opened for all", "card", card, "people", len(class))
	c.notice = c.text.T("sshd.console.opened", card, len(class))
}

// shown returns the rows that pass the filter, in order.
func (c *console) shown() []classRow {
	rows := slices.DeleteFunc(slices.Clone(c.rows), func(r classRow) bool {
		return !strings.Contains(strings.ToLower(r.Person.Label()), strings.ToLower(c.filter))
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

// nameWidth is the width of the column of names.
const nameWidth = 20

// View implements tea.Model.
func (c *console) View() string {
	rows := c.shown()
	here := 0
	for _, r := range rows {
		if r.seat != nil {
			here++
		}
	}
	lines := []string{
		c.text.T("sshd.console.title", here, len(rows), c.text.T("sshd.console.by."+orders[c.order].name)),
		pad(c.text.T("sshd.console.student"), nameWidth+2) + pad(c.text.T("sshd.console.idle"), 9) + strings.Join(c.server.Cards, " "),
	}
	keys := strings.Split(c.text.T("sshd.console.keys"), "\n")
	below := len(keys) + 1
	room := max(1, c.height-len(lines)-below)
	first := max(0, min(c.at-room/2, len(rows)-room))
	for i := first; i < min(len(rows), first+room); i++ {
		lines = append(lines, c.row(rows[i], i == c.at))
	}
	for len(lines) < c.height-below {
		lines = append(lines, "")
	}
	lines = append(append(lines, c.bottom()), keys...)
	for i := range lines {
		lines[i] = ansi.Truncate(lines[i], c.width, "…")
	}
	return strings.Join(lines, "\n")
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
	presence := "-"
	switch {
	case r.away:
		presence = c.text.T("sshd.console.away")
	case r.seat != nil:
		presence = i18n.FormatDuration(r.idle.Truncate(time.Second))
	}
	line := mark + pad(r.Person.Label(), nameWidth) + pad(presence, 9)
	for i, rec := range r.Records {
		line += pad(stageMark(rec), ansi.StringWidth(c.server.Cards[i])+1)
	}
	return fmt.Sprintf("%s %d", line, r.Passed())
}

// stageMark is how a record looks in the table: passed, with a prediction and
// its number of hints, or not begun.
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
