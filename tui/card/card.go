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
	opt     Options
	cards   []*course.Card // of all labs, in the order of the course
	at      int            // index into cards
	session *course.Session

	choice  int         // the prediction, the open knob or the card of the list that is pointed at
	number  field.Field // a predicted number while it is typed
	seenA   *lab.Run    // the captured runs that were looked at already
	seenB   *lab.Run
	before  lab.Settings // from before the card changed them; nil: it has not
	listed  bool         // the list of cards is shown
	message message
	again   bool // x was pressed once
	scroll  widget.Window
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
	if len(o.Book.Of(o.Experiment.Spec().ID)) == 0 {
		return nil
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	c := &Card{opt: o, cards: o.Book.Cards(), number: field.Field{Accepts: isNumber}}
	c.open(c.first())
	return c
}

// first is the lab's card that was asked for, else its first that is not passed.
func (c *Card) first() int {
	first := -1
	for i, card := range c.cards {
		if !c.here(i) {
			continue
		}
		if wanted, ok := c.opt.Book.Find(c.opt.Card); ok && wanted == card {
			return i
		}
		stage := c.opt.Store.Record(card.ID).Stage()
		if first < 0 || stage != course.Passed && c.opt.Store.Record(c.cards[first].ID).Stage() == course.Passed {
			first = i
		}
	}
	return first
}

// here reports whether a card is one of this lab.
func (c *Card) here(i int) bool { return c.cards[i].Spec.ID == c.opt.Experiment.Spec().ID }

// Show implements pane.Card.
func (c *Card) Show(id string) bool {
	for i, card := range c.cards {
		if card.ID == id && c.here(i) {
			c.open(i)
			return true
		}
	}
	return false
}

// goTo opens a card, or returns its id where it is another lab's.
func (c *Card) goTo(i int) (elsewhere string) {
	if c.here(i) {
		c.open(i)
		return ""
	}
	c.listed = false
	return c.cards[i].ID
}

// isNumber reports whether a character can stand in a predicted number.
func isNumber(r rune) bool { return r >= '0' && r <= '9' || r == '.' || r == ',' }

// open shows a card where the student left it.
func (c *Card) open(i int) {
	c.at, c.choice, c.scroll, c.listed = i, 0, widget.Window{}, false
	c.again, c.message = false, message{}
	c.number.Clear()
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
func (c *Card) Typing() bool { return c.number.IsOpen() }

// Update implements pane.Card.
func (c *Card) Update(f pane.Frame, msg tea.KeyMsg) (elsewhere string) {
	if c.Typing() {
		c.typeNumber(msg)
		return ""
	}
	again := c.again
	c.again, c.message = false, message{}
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
		c.scrollBy(f, -max(1, f.H-3))
	case "pgdown":
		c.scrollBy(f, max(1, f.H-3))
	case "n":
		return c.goTo((c.at + 1) % len(c.cards))
	case "o":
		c.toggleList()
	case "enter":
		if c.listed {
			return c.goTo(c.choice)
		}
		c.enter()
	case "x":
		c.startAgain(again)
	}
	return ""
}

// scrollBy moves the part of the card that is shown.
func (c *Card) scrollBy(f pane.Frame, rows int) {
	count, room := c.extent(f)
	c.scroll.Move(rows, count, room)
}

// toggleList shows the list of the lab's cards, or the card again.
func (c *Card) toggleList() {
	c.listed, c.scroll = !c.listed, widget.Window{}
	c.choice = 0
	if c.listed {
		c.choice = c.at
	}
}

// Leave implements pane.Card. Runs A and B of the card are removed with its
// settings: they are no comparison for other ones.
func (c *Card) Leave() (restored bool) {
	before := c.before
	c.before = nil
	if before == nil {
		return false
	}
	if err := c.opt.Experiment.SetAll(before); err != nil {
		c.say(true, "card.not_prepared", err.Error())
		return false
	}
	c.opt.Experiment.ClearCaptured()
	c.overlook()
	return true
}

// move points at another choice, open knob or card, or scrolls where there is
// nothing to point at.
func (c *Card) move(f pane.Frame, dir int) {
	n := c.choices()
	if n == 0 {
		c.scrollBy(f, dir)
		return
	}
	c.choice = (c.choice + dir + n) % n
	if c.listed {
		_, room := c.extent(f)
		c.scroll.Reveal(c.choice, n, room)
		return
	}
	c.scroll = widget.Window{}
}

// choices is how many things can be pointed at.
func (c *Card) choices() int {
	if c.listed {
		return len(c.cards)
	}
	switch c.session.Stage() {
	case course.ToPredict:
		return len(c.session.Card().Predict.Choices)
	case course.ToRunB:
		return len(c.session.Card().Opens)
	}
	return 0
}

// turn changes the open knob that is pointed at by one step.
func (c *Card) turn(dir int, coarse bool) {
	if c.session.Stage() != course.ToRunB || c.listed {
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
			c.number.Open("")
			return
		}
		c.predict(predict.Choices[c.choice])
	case course.ToRunA, course.ToRunB:
		c.prepare("card.prepared")
	}
}

// predict records an answer and reports whether it was one.
func (c *Card) predict(answer string) (ok bool) {
	if err := c.session.Predict(answer, c.opt.Now()); err != nil {
		p := c.session.Card().Predict
		c.say(true, "course.no_prediction", trim(p.Min), trim(p.Max))
		return false
	}
	c.scroll = widget.Window{}
	c.prepare("card.recorded")
	c.save()
	return true
}

// prepare sets the lab's knobs to where the card starts and says so. What was set
// up with the lab, such as an address, stays. Before run A, runs that were captured
// under other settings are removed.
func (c *Card) prepare(said string) {
	card, before := c.session.Card(), c.opt.Experiment.Settings()
	settings := before
	for _, k := range card.Spec.Knobs {
		if !k.Setup {
			settings = settings.With(k.ID, card.Start[k.ID])
		}
	}
	if err := c.opt.Experiment.SetAll(settings); err != nil {
		c.say(true, "card.not_prepared", err.Error())
		return
	}
	if c.before == nil {
		c.before = before
	}
	if c.session.Stage() == course.ToRunA {
		c.opt.Experiment.ClearCaptured()
	}
	c.overlook()
	c.say(false, said)
}

// typeNumber takes the keys of a predicted number. One that is refused stays, to
// be corrected.
func (c *Card) typeNumber(msg tea.KeyMsg) {
	switch msg.String() {
	case "esc":
		c.number.Clear()
		c.message = message{}
	case "enter":
		if c.predict(c.number.Text()) {
			c.number.Clear()
		}
	default:
		c.number.Update(msg)
	}
}

// startAgain forgets the card's runs; it takes two presses in a row.
func (c *Card) startAgain(confirmed bool) {
	if c.session.Stage() == course.ToPredict || c.listed {
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

// Observe implements pane.Card: runs that were captured since the last call are
// taken.
func (c *Card) Observe(f pane.Frame) {
	c.take(f.A, f.B)
	if c.message.key == "card.a_short" && c.session.LookA(c.opt.Experiment.Current()).Counts() {
		c.message = message{}
	}
}

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
		c.choice, c.scroll = 0, widget.Window{}
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
		c.scroll = widget.Window{}
		c.message = message{}
	case !j.Counts():
		c.say(true, "card.not_counted")
	default:
		c.say(true, "card.not_yet")
	}
	c.save()
}

// Hint implements pane.Card.
func (c *Card) Hint(f pane.Frame) {
	if c.session.Stage() == course.Passed {
		return
	}
	if !c.session.NextHint() {
		c.say(false, "card.no_more_hints")
		return
	}
	c.message = message{}
	count, room := c.extent(f)
	c.scroll.Move(count, count, room) // hints stand below all else
	c.save()
}

// Keys implements pane.Card.
func (c *Card) Keys() (keys []pane.CardKey) {
	predict, stage := c.session.Card().Predict, c.session.Stage()
	switch {
	case c.Typing():
		return []pane.CardKey{{Show: "enter", Means: "card.key.record"}, {Show: "esc", Means: "card.key.cancel"}}
	case c.listed:
		return []pane.CardKey{keyChoose, key("enter", "open"), key("o", "card")}
	case stage == course.ToPredict && len(predict.Choices) > 0:
		keys = []pane.CardKey{keyChoose, key("enter", "record")}
	case stage == course.ToPredict:
		keys = []pane.CardKey{key("enter", "type")}
	case stage == course.ToRunA:
		keys = []pane.CardKey{{Show: "a", Means: "card.key.run_a"}, keyPrepare, keyAgain}
	case stage == course.ToRunB:
		if len(c.session.Card().Opens) > 1 {
			keys = []pane.CardKey{keyChoose}
		}
		keys = append(keys, keyTurn, keyPrepare, keyAgain)
	default: // passed: what comes next, first
		return c.others([]pane.CardKey{{Show: "esc", Means: "card.key.close"}, keyScroll, keyAgain})
	}
	if c.choices() == 0 {
		keys = append(keys, keyScroll)
	} else {
		keys = append(keys, keyPage)
	}
	return append(keys, c.others(nil)...)
}

// others puts the keys that lead to other cards in front of the last ones.
func (c *Card) others(last []pane.CardKey) []pane.CardKey {
	if len(c.cards) < 2 {
		return last
	}
	return append([]pane.CardKey{key("n", "next"), key("o", "list")}, last...)
}

// key is a key that is written as it is named.
func key(name, means string) pane.CardKey {
	return pane.CardKey{Show: name, Means: "card.key." + means, Names: []string{name}}
}

// Keys of more than one stage.
var (
	keyChoose  = pane.CardKey{Show: "↑↓", Means: "card.key.choose", Names: []string{"up", "down", "j", "k"}}
	keyScroll  = pane.CardKey{Show: "↑↓", Means: "card.key.scroll", Names: []string{"up", "down", "j", "k", "pgup", "pgdown"}}
	keyPage    = pane.CardKey{Show: "pgdn", Means: "card.key.scroll", Names: []string{"pgup", "pgdown"}}
	keyTurn    = pane.CardKey{Show: "←→", Means: "card.key.turn", Names: []string{"left", "right", "h", "l", "-", "+", "="}}
	keyPrepare = key("enter", "prepare")
	keyAgain   = key("x", "again")
)

func trim(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }
