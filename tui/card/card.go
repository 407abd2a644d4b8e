// Package card is the course's card beside a lab: the question, the
// prediction, what to do for runs A and B, the check with its present
// figures, hints and the outcome. The rules are labs/course's; this package
// shows them and takes keys.
package card

import (
	"embed"
	"strconv"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"resilab/labs/course"
	"resilab/labs/lab"
	"resilab/tui/field"
	"resilab/tui/pane"
	"resilab/tui/widget"
)

// Texts holds the card's part of the catalogue.
//
//go:embed es.yaml en.yaml
var Texts embed.FS

// Store keeps the records of one person's cards.
type Store interface {
	// Record returns the record of a card; the zero Record if there is none.
	Record(id string) course.Record
	// Save keeps the record of one card.
	Save(id string, rec course.Record) error
}

// Options of the cards of one lab. All but Card and Now are required.
type Options struct {
	Book       *course.Book
	Store      Store
	Experiment *lab.Experiment
	Card       string           // the card to begin with; else the first that is not passed
	Now        func() time.Time // nil: time.Now
}

// Card shows the cards of one lab, one at a time. It is a pane.Card.
type Card struct {
	list   list
	guide  guide
	choice int         // the prediction, the open knob or the card of the list that is pointed at
	number field.Field // a predicted number while it is typed
	terms  terms
	again  bool // x was pressed once
	scroll widget.Window
}

var _ pane.Card = (*Card)(nil)

// New returns the cards of the experiment's lab, or nil where it has none.
func New(o Options) pane.Card {
	if c := newCard(o); c != nil {
		return c
	}
	return nil
}

func newCard(o Options) *Card {
	id := o.Experiment.Spec().ID
	if len(o.Book.Of(id)) == 0 {
		return nil
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	c := &Card{
		list:   list{cards: o.Book.Cards(), lab: id},
		guide:  guide{store: o.Store, experiment: o.Experiment, now: o.Now},
		number: field.Field{Accepts: isNumber},
	}
	wanted, _ := o.Book.Find(o.Card)
	c.open(c.list.first(wanted, o.Store))
	return c
}

// Show implements pane.Card.
func (c *Card) Show(id string) bool {
	i := c.list.find(id)
	if i < 0 {
		return false
	}
	c.open(i)
	return true
}

// goTo opens a card, or returns its id where it is another lab's.
func (c *Card) goTo(i int) (elsewhere string) {
	if c.list.here(i) {
		c.open(i)
		return ""
	}
	c.list.shown = false
	return c.list.cards[i].ID
}

// isNumber reports whether a character can stand in a predicted number.
func isNumber(r rune) bool { return r >= '0' && r <= '9' || r == '.' || r == ',' }

func trim(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }

// open shows a card where the student left it.
func (c *Card) open(i int) {
	c.list.at, c.list.shown = i, false
	c.again = false
	c.fromTop()
	c.number.Clear()
	c.guide.begin(c.list.cards[i])
}

// fromTop shows the next stage from its first row and its first choice.
func (c *Card) fromTop() { c.choice, c.scroll, c.terms = 0, widget.Window{}, terms{} }

// Touch implements pane.Card.
func (c *Card) Touch() { c.guide.session.Touch(c.guide.now()) }

// Typing implements pane.Card.
func (c *Card) Typing() bool { return c.number.IsOpen() }

// Update implements pane.Card.
func (c *Card) Update(f pane.Frame, msg tea.KeyMsg) (elsewhere string) {
	if c.Typing() {
		typeNumber(c, msg)
		return ""
	}
	again := c.again
	c.again, c.guide.message = false, message{}
	switch msg.String() {
	case "up", "k":
		c.move(f, -1)
	case "down", "j":
		c.move(f, 1)
	case "left", "h":
		c.turn(-1, false)
	case "right", "l":
		c.turn(1, false)
	case "-":
		c.turn(-1, true)
	case "+", "=":
		c.turn(1, true)
	case "pgup":
		scroll(c, f, -max(1, f.H-3))
	case "pgdown":
		scroll(c, f, max(1, f.H-3))
	case "n":
		return c.goTo((c.list.at + 1) % len(c.list.cards))
	case "o":
		c.toggleList(f)
	case "t":
		c.terms.toggle(c, f)
	case "enter":
		return c.confirm()
	case "x":
		startAgain(c, again)
	}
	return ""
}

// confirm opens the card of the list that is pointed at, or does what comes next.
func (c *Card) confirm() (elsewhere string) {
	switch {
	case c.list.shown:
		return c.goTo(c.choice)
	case c.terms.shown:
		c.fromTop()
	default:
		c.enter()
	}
	return ""
}

// scroll moves the part of the card that is shown.
func scroll(c *Card, f pane.Frame, rows int) {
	count, room := extent(c, f)
	c.scroll.Move(rows, count, room)
}

// toggleList shows the list of the lab's cards, or the card again.
func (c *Card) toggleList(f pane.Frame) {
	c.list.shown = !c.list.shown
	c.fromTop()
	if c.list.shown {
		c.choice = c.list.at
		c.reveal(f)
	}
}

// move points at another choice, open knob or card, or scrolls where there is
// nothing to point at.
func (c *Card) move(f pane.Frame, dir int) {
	n := c.choices()
	if n == 0 {
		scroll(c, f, dir)
		return
	}
	c.choice = (c.choice + dir + n) % n
	if c.list.shown {
		c.reveal(f)
		return
	}
	c.scroll = widget.Window{}
}

// reveal scrolls the list to the card that is pointed at; its first row is the
// summary.
func (c *Card) reveal(f pane.Frame) {
	count, room := extent(c, f)
	row := c.choice + 1
	if c.choice == 0 {
		row = 0
	}
	c.scroll.Reveal(row, count, room)
}

// choices is how many things can be pointed at.
func (c *Card) choices() int {
	switch {
	case c.list.shown:
		return len(c.list.cards)
	case c.terms.shown:
		return 0
	}
	return c.guide.choices()
}

// choices is how many answers or open knobs the card has at its stage.
func (g *guide) choices() int {
	switch g.session.Stage() {
	case course.ToPredict:
		return len(g.session.Card().Predict.Choices)
	case course.ToRunB:
		return len(g.session.Card().Opens)
	}
	return 0
}

// turn changes the open knob that is pointed at by one step.
func (c *Card) turn(dir int, coarse bool) {
	if c.guide.session.Stage() == course.ToRunB && !c.list.shown && !c.terms.shown {
		c.guide.turn(c.guide.session.Card().Opens[c.choice], dir, coarse)
	}
}

// enter does what comes next: predict, or prepare the lab for a run.
func (c *Card) enter() {
	predict := c.guide.session.Card().Predict
	switch c.guide.session.Stage() {
	case course.ToPredict:
		if len(predict.Choices) == 0 {
			c.number.Open("")
		} else if c.guide.predict(predict.Choices[c.choice]) {
			c.fromTop()
		}
	case course.ToRunA, course.ToRunB:
		c.guide.prepare("card.prepared")
	}
}

// typeNumber takes the keys of a predicted number. One that is refused stays, to
// be corrected.
func typeNumber(c *Card, msg tea.KeyMsg) {
	switch msg.String() {
	case "esc":
		c.number.Clear()
		c.guide.message = message{}
	case "enter":
		if c.guide.predict(c.number.Text()) {
			c.number.Clear()
			c.fromTop()
		}
	default:
		c.number.Update(msg)
	}
}

// startAgain forgets the card's runs; it takes two presses in a row.
func startAgain(c *Card, confirmed bool) {
	if c.guide.session.Stage() == course.ToPredict || c.list.shown {
		return
	}
	if !confirmed {
		c.again = true
		c.guide.say(false, "card.again")
		return
	}
	c.guide.session.Again()
	c.guide.save()
	c.open(c.list.at)
}

// Leave implements pane.Card.
func (c *Card) Leave() (restored bool) { return c.guide.restore() }

// Observe implements pane.Card: runs that were captured since the last call are
// taken.
func (c *Card) Observe(f pane.Frame) {
	if c.guide.take(f.A, f.B) {
		c.fromTop()
	}
	c.guide.observe()
}

// Check implements pane.Card.
func (c *Card) Check(f pane.Frame) {
	moved := c.guide.take(f.A, f.B)
	if c.guide.check(c.guide.experiment.Current()) || moved {
		c.fromTop()
	}
}

// Hint implements pane.Card.
func (c *Card) Hint(f pane.Frame) {
	if c.guide.session.Stage() == course.Passed || !c.guide.hint() {
		return
	}
	count, room := extent(c, f)
	c.scroll.Move(count, count, room) // the hints are the last rows
}
