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
	} else if notes := exp.Snapshot().Notes; len(notes) > 0 && !measuresFleet(card) {
		t.Errorf("%s, run %d: %v", card.ID, run, notes)
	}
	if err := exp.Stop(context.WithoutCancel(t.Context())); err != nil {
		t.Error(err)
	}
}

// measuresFleet reports whether a card looks only at the simulated fleet, whose
// retries are not lowered for guests, as those of live operations are.
func measuresFleet(card *course.Card) bool {
	return !slices.ContainsFunc(card.Figures(), func(m lab.Metric) bool { return !strings.HasPrefix(m.ID, "fleet_") })
}
