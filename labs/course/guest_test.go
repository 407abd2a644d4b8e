package course_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"resilab/brokers"
	"resilab/labs"
	"resilab/labs/course"
	"resilab/labs/lab"
)

// A visitor over the network plays the cards as everybody does: no run of a card
// asks for more than a guest may have, and the labs lower no setting that its
// figures depend on.
func TestCardsStayWithinTheLimitsOfGuests(t *testing.T) {
	t.Parallel()
	session := openSession(t, brokers.Choice{})
	for _, card := range loadBook(t).Cards() {
		for run, settings := range card.Golden {
			startAsGuest(t, session, card, run, settings)
		}
	}
}

// unavailable are the cards that need what a visitor cannot have, by the setting
// that says so: a private Redis, and a setting of the whole server.
func unavailable(card, knob string) bool {
	return card == "K10" && knob == "eviction" || card == "K12" && knob == "notify"
}

// startAsGuest starts a run and fails if the lab refuses or limits it.
func startAsGuest(t *testing.T, session *labs.Session, card *course.Card, run int, settings lab.Settings) {
	t.Helper()
	entry, _ := labs.All().Find(card.Spec.ID)
	exp, err := session.Experiment(entry, labs.Setup{Seed: 1, Settings: settings, Guest: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := exp.Start(t.Context()); err != nil {
		t.Errorf("%s, run %d: %v", card.ID, run, err)
	}
	for _, c := range exp.Cuts(settings) {
		if concerns(c, card) && !unavailable(card.ID, c.Knob) {
			t.Errorf("%s, run %d: %s is %s instead of %s", card.ID, run, c.Knob, c.Most, c.Asked)
		}
	}
	if err := exp.Stop(context.WithoutCancel(t.Context())); err != nil {
		t.Error(err)
	}
}

// concerns reports whether a limit concerns a figure of a card: the retries of the
// simulated fleet are not lowered for guests, as those of live operations are.
func concerns(c lab.Cut, card *course.Card) bool {
	return c.Spares == "" || slices.ContainsFunc(card.Figures(), func(m lab.Metric) bool { return !strings.HasPrefix(m.ID, c.Spares) })
}
