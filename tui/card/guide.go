package card

import (
	"errors"
	"slices"
	"strings"
	"time"

	"resilab/labs/course"
	"resilab/labs/lab"
)

// guide leads through the stages of one card: it sets the lab's knobs, takes the
// captured runs and keeps the progress.
type guide struct {
	store      Store
	experiment *lab.Experiment
	now        func() time.Time

	session *course.Session
	seenA   *lab.Run // the captured runs that were looked at already
	seenB   *lab.Run
	before  lab.Settings // from before the card changed them; nil: it has not
	message message
}

// message is the result of the last key.
type message struct {
	key  string // of the catalogue; empty: nothing to say
	args []any
	bad  bool
	// failing is the condition that the message names after its other arguments.
	failing *course.Condition
}

// begin continues a card where the student left it.
func (g *guide) begin(card *course.Card) {
	g.message = message{}
	g.session = course.NewSession(card, g.store.Record(card.ID))
	g.overlook()
}

// overlook leaves out what was captured so far: it is not this card's.
func (g *guide) overlook() { g.seenA, g.seenB = g.experiment.Captured() }

// save keeps the progress; where that fails the card says so.
func (g *guide) save() {
	if err := g.store.Save(g.session.Card().ID, g.session.Record()); err != nil {
		g.say(true, "course.not_saved", err.Error())
	}
}

func (g *guide) say(bad bool, key string, args ...any) {
	g.message = message{key: key, args: args, bad: bad}
}

// restore sets the lab to the settings from before the card. Runs A and B of the
// card are removed with its settings: other runs are not compared with them.
func (g *guide) restore() (restored bool) {
	before := g.before
	g.before = nil
	if before == nil {
		return false
	}
	if err := g.experiment.SetAll(before); err != nil {
		g.say(true, "card.not_prepared", err.Error())
		return false
	}
	g.experiment.ClearCaptured()
	g.overlook()
	return true
}

// turn changes an open knob by one step.
func (g *guide) turn(id string, dir int, coarse bool) {
	next := g.session.Card().Spec.Step(g.experiment.Settings(), id, dir, coarse)
	if err := g.experiment.Set(id, next); err != nil {
		g.say(true, "card.not_turned", err.Error())
	}
}

// steps reports whether the card opens a knob with small and big steps.
func (g *guide) steps() bool {
	card := g.session.Card()
	return slices.ContainsFunc(card.Opens, func(id string) bool {
		k, _ := card.Spec.Knob(id)
		return k.Kind != lab.Bool && k.Kind != lab.Choice
	})
}

// predict records an answer and reports whether it was one.
func (g *guide) predict(answer string) (ok bool) {
	if err := g.session.Predict(answer, g.now()); err != nil {
		p := g.session.Card().Predict
		g.say(true, "course.no_prediction", trim(p.Min), trim(p.Max))
		return false
	}
	g.prepare("card.recorded")
	g.save()
	return true
}

// prepare sets the lab's knobs to where the card starts and says so. What was set
// up with the lab, such as an address, stays. Before run A, runs that were captured
// under other settings are removed.
func (g *guide) prepare(said string) {
	card, before := g.session.Card(), g.experiment.Settings()
	settings := before
	for _, k := range card.Spec.Knobs {
		if !k.Setup {
			settings = settings.With(k.ID, card.Start[k.ID])
		}
	}
	if err := g.experiment.SetAll(settings); err != nil {
		g.say(true, "card.not_prepared", err.Error())
		return
	}
	if g.before == nil {
		g.before = before
	}
	if g.session.Stage() == course.ToRunA {
		g.experiment.ClearCaptured()
	}
	g.overlook()
	g.say(false, said)
}

// take uses the runs that were captured since the last call, and reports whether
// the card went on.
func (g *guide) take(a, b *lab.Run) (moved bool) {
	if a != nil && a != g.seenA {
		g.seenA = a
		moved = g.takeA(*a)
	}
	if b != nil && b != g.seenB {
		g.seenB = b
		if g.session.Stage() == course.ToRunB {
			moved = g.check(*b) || moved
		}
	}
	return moved
}

func (g *guide) takeA(a lab.Run) (taken bool) {
	switch g.session.Stage() {
	case course.ToPredict:
		g.say(true, "card.predict_first")
		return false
	case course.Passed:
		return false
	}
	switch j, err := g.session.TakeA(a); {
	case err == nil:
		g.say(false, "card.taken")
		g.save()
		return true
	case len(j.Changed) > 0:
		g.say(true, "card.a_changed")
	default:
		g.say(true, "card.a_short")
	}
	return false
}

// check judges a run and reports whether it was kept, so that the card goes on.
func (g *guide) check(b lab.Run) (kept bool) {
	j, err := g.session.Check(b, g.now())
	switch {
	case errors.Is(err, course.ErrPredictFirst):
		g.say(true, "card.predict_first")
		return false
	case errors.Is(err, course.ErrRunAFirst):
		g.say(true, "card.a_first")
		return false
	case j.Passed:
		g.message = message{}
	case j.Kept:
		next := strings.Index(course.Letters, j.Letter) + 1
		g.say(false, "course.kept", strings.ToUpper(j.Letter), strings.ToUpper(course.Letters[next:next+1]))
	case !j.Counts():
		g.say(true, "card.not_counted")
	default:
		g.sayFailing(j.Conditions)
	}
	g.save()
	return j.Kept
}

// sayFailing names the first condition that does not hold: it may stand below the
// rows that are shown.
func (g *guide) sayFailing(conditions []course.Condition) {
	g.say(true, "card.not_yet")
	i := slices.IndexFunc(conditions, func(c course.Condition) bool { return !c.Holds })
	if i >= 0 && (conditions[i].Op != "" || conditions[i].Knob != "") {
		g.message.key, g.message.failing = "card.not_yet_for", &conditions[i]
	}
}

// observe removes the request for more samples once there are enough.
func (g *guide) observe() {
	if g.message.key == "card.a_short" && g.session.LookA(g.experiment.Current()).Counts() {
		g.message = message{}
	}
}

// hint shows one hint more and reports whether there was one.
func (g *guide) hint() (shown bool) {
	if !g.session.NextHint() {
		g.say(false, "card.no_more_hints")
		return false
	}
	g.message = message{}
	g.save()
	return true
}
