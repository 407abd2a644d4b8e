// Package card is the course's card beside a lab: the question, the
// prediction, what to do for runs A and B, the check with its present
// figures, hints and the outcome. The rules are labs/course's; this package
// shows them and takes keys.
package card

import (
	"embed"
	"errors"
	"strconv"
	"time"
	"unicode"

	"resilab/labs/course"
	"resilab/labs/lab"
	"resilab/tui/pane"
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
	opt     Options
	cards   []*course.Card
	at      int // index into cards
	session *course.Session

	choice  int      // the prediction that is pointed at
	typing  bool     // a number is being typed
	input   string   // so far
	seenA   *lab.Run // the captured runs that were looked at already
	seenB   *lab.Run
	message message
	again   bool // x was pressed once
	scroll  int  // rows that are scrolled away
}

var _ pane.Card = (*Card)(nil)

// message is what the last key led to.
type message struct {
	key  string // of the catalogue; empty: nothing to say
	args []any
	bad  bool
}

// New returns the cards of the experiment's lab, or nil where it has none.
func New(o Options) pane.Card {
	if c := newCard(o); c != nil {
		return c
	}
	return nil
}

func newCard(o Options) *Card {
	cards := o.Book.Of(o.Experiment.Spec().ID)
	if len(cards) == 0 {
		return nil
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	c := &Card{opt: o, cards: cards}
	c.open(c.first())
	return c
}

// first is the card asked for, else the first that is not passed.
func (c *Card) first() int {
	for i, card := range c.cards {
		if wanted, ok := c.opt.Book.Find(c.opt.Card); ok && wanted == card {
			return i
		}
	}
	for i, card := range c.cards {
		if c.opt.Store.Record(card.ID).Stage() != course.Passed {
			return i
		}
	}
	return 0
}

// open shows a card where the student left it.
func (c *Card) open(i int) {
	c.at, c.choice, c.scroll = i, 0, 0
	c.typing, c.input, c.again, c.message = false, "", false, message{}
	c.session = course.NewSession(c.cards[i], c.opt.Store.Record(c.cards[i].ID))
	c.overlook()
}

// overlook leaves out what was captured so far: it is not this card's.
func (c *Card) overlook() { c.seenA, c.seenB = c.opt.Experiment.Captured() }

// save keeps the progress; where that fails the card says so.
func (c *Card) save() {
	if err := c.opt.Store.Save(c.session.Card().ID, c.session.Record()); err != nil {
		c.say(true, "course.not_saved", err.Error())
	}
}

func (c *Card) say(bad bool, key string, args ...any) {
	c.message = message{key: key, args: args, bad: bad}
}

// Typing implements pane.Card.
func (c *Card) Typing() bool { return c.typing }

// Key implements pane.Card.
func (c *Card) Key(_ pane.Frame, key string) {
	if c.typing {
		c.typeNumber(key)
		return
	}
	again := c.again
	c.again, c.message = false, message{}
	switch key {
	case "up", "k":
		c.move(-1)
	case "down", "j":
		c.move(1)
	case "left", "h":
		c.turn(-1, false)
	case "right", "l":
		c.turn(1, false)
	case "-":
		c.turn(-1, true)
	case "+", "=":
		c.turn(1, true)
	case "pgup":
		c.scroll = max(0, c.scroll-scrollStep)
	case "pgdown":
		c.scroll += scrollStep // Draw knows where the end is
	case "n":
		c.open((c.at + 1) % len(c.cards))
	case "enter":
		c.enter()
	case "x":
		c.startAgain(again)
	}
}

const scrollStep = 4

// move points at another choice or open knob, or scrolls where there is none.
func (c *Card) move(dir int) {
	n := 0
	switch c.session.Stage() {
	case course.ToPredict:
		n = len(c.session.Card().Predict.Choices)
	case course.ToRunB:
		n = len(c.session.Card().Opens)
	}
	if n == 0 {
		c.scroll = max(0, c.scroll+dir)
		return
	}
	c.choice, c.scroll = (c.choice+dir+n)%n, 0
}

// turn turns the open knob that is pointed at, one step.
func (c *Card) turn(dir int, coarse bool) {
	if c.session.Stage() != course.ToRunB {
		return
	}
	id := c.session.Card().Opens[c.choice]
	k, _ := c.session.Card().Spec.Knob(id)
	next := k.Next(c.opt.Experiment.Settings()[id], dir, coarse)
	if err := c.opt.Experiment.Set(id, next); err != nil {
		c.say(true, "card.not_turned", err.Error())
	}
}

// enter does what comes next: predict, or prepare the lab for a run.
func (c *Card) enter() {
	predict := c.session.Card().Predict
	switch c.session.Stage() {
	case course.ToPredict:
		if len(predict.Choices) == 0 {
			c.typing = true
			return
		}
		c.predict(predict.Choices[c.choice])
	case course.ToRunA, course.ToRunB:
		c.prepare("card.prepared")
	}
}

// predict records an answer and tells whether it was one.
func (c *Card) predict(answer string) (ok bool) {
	if err := c.session.Predict(answer, c.opt.Now()); err != nil {
		p := c.session.Card().Predict
		c.say(true, "course.no_prediction", trim(p.Min), trim(p.Max))
		return false
	}
	c.scroll = 0
	c.prepare("card.recorded")
	c.save()
	return true
}

// prepare turns the lab's knobs to where the card starts and says so. What
// was set up with the lab, such as an address, stays.
func (c *Card) prepare(said string) {
	card, settings := c.session.Card(), c.opt.Experiment.Settings()
	for _, k := range card.Spec.Knobs {
		if !k.Setup {
			settings = settings.With(k.ID, card.Start[k.ID])
		}
	}
	if err := c.opt.Experiment.SetAll(settings); err != nil {
		c.say(true, "card.not_prepared", err.Error())
		return
	}
	c.overlook()
	c.say(false, said)
}

// typeNumber takes the keys of a predicted number.
func (c *Card) typeNumber(key string) {
	switch key {
	case "esc":
		c.typing, c.input, c.message = false, "", message{}
	case "backspace":
		if n := len(c.input); n > 0 {
			c.input = c.input[:n-1]
		}
	case "enter":
		if c.predict(c.input) { // else it stays, to be mended
			c.typing, c.input = false, ""
		}
	default:
		for _, r := range key {
			if (unicode.IsDigit(r) && r < 0x80 || r == '.' || r == ',') && len(c.input) < 8 {
				c.input += string(r)
			}
		}
	}
}

// startAgain forgets the card's runs; it takes two presses in a row.
func (c *Card) startAgain(confirmed bool) {
	if c.session.Stage() == course.ToPredict {
		return
	}
	if !confirmed {
		c.again = true
		c.say(false, "card.again")
		return
	}
	c.session.Again()
	c.save()
	c.open(c.at)
}

// take looks at runs that were captured since the card is open.
func (c *Card) take(a, b *lab.Run) {
	if a != nil && a != c.seenA {
		c.seenA = a
		c.takeA(*a)
	}
	if b != nil && b != c.seenB {
		c.seenB = b
		if c.session.Stage() == course.ToRunB {
			c.check(*b)
		}
	}
}

func (c *Card) takeA(a lab.Run) {
	switch c.session.Stage() {
	case course.ToPredict:
		c.say(true, "card.predict_first")
		return
	case course.Passed:
		return
	}
	switch j, err := c.session.TakeA(a); {
	case err == nil:
		c.choice, c.scroll = 0, 0
		c.say(false, "card.taken")
		c.save()
	case len(j.Changed) > 0:
		c.say(true, "card.a_changed")
	default:
		c.say(true, "card.a_short")
	}
}

// Check implements pane.Card.
func (c *Card) Check(f pane.Frame) {
	c.take(f.A, f.B)
	c.check(c.opt.Experiment.Current())
}

func (c *Card) check(b lab.Run) {
	j, err := c.session.Check(b, c.opt.Now())
	switch {
	case errors.Is(err, course.ErrPredictFirst):
		c.say(true, "card.predict_first")
		return
	case errors.Is(err, course.ErrRunAFirst):
		c.say(true, "card.a_first")
		return
	case j.Passed:
		c.scroll = 0
		c.message = message{}
	case !j.Counts():
		c.say(true, "card.not_counted")
	default:
		c.say(true, "card.not_yet")
	}
	c.save()
}

// Hint implements pane.Card.
func (c *Card) Hint(pane.Frame) {
	if c.session.Stage() == course.Passed {
		return
	}
	if !c.session.NextHint() {
		c.say(false, "card.no_more_hints")
		return
	}
	c.message, c.scroll = message{}, scrollEnd // hints stand below all else
	c.save()
}

// scrollEnd is beyond the last row of any card.
const scrollEnd = 1 << 20

// Keys implements pane.Card.
func (c *Card) Keys() (keys [][2]string) {
	predict := c.session.Card().Predict
	switch stage := c.session.Stage(); {
	case c.typing:
		return [][2]string{{"enter", "card.key.record"}, {"esc", "card.key.cancel"}}
	case stage == course.ToPredict && len(predict.Choices) > 0:
		keys = [][2]string{{"↑↓", "card.key.choose"}, {"enter", "card.key.record"}}
	case stage == course.ToPredict:
		keys = [][2]string{{"enter", "card.key.type"}}
	case stage == course.ToRunA:
		keys = [][2]string{{"a", "card.key.run_a"}, {"enter", "card.key.prepare"}}
	case stage == course.ToRunB:
		keys = [][2]string{{"←→", "card.key.turn"}, {"enter", "card.key.prepare"}, {"x", "card.key.again"}}
		if len(c.session.Card().Opens) > 1 {
			keys = append([][2]string{{"↑↓", "card.key.choose"}}, keys...)
		}
	default:
		keys = [][2]string{{"x", "card.key.again"}}
	}
	if len(c.cards) > 1 {
		keys = append(keys, [2]string{"n", "card.key.other"})
	}
	return keys
}

func trim(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }
