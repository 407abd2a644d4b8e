package sshd

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/charmbracelet/bubbles/cursor"
	"github.com/charmbracelet/bubbles/textinput"
	tea "github.com/charmbracelet/bubbletea"

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
