package app

import (
	"context"
	"sync"
	"testing"
	"time"

	labclock "resilab/labs/clock"
	"resilab/labs/i18n"
	"resilab/labs/lab"
)

// Labs on a person's own machine go on in other tabs.
func TestLocalLabsDoNotRest(t *testing.T) {
	s := newStage(t, lookASCII, i18n.English).live(80, 24)
	s.press("2")
	s.beat()
	for i, l := range s.labs {
		if l.lab.rests() {
			t.Errorf("lab %d rests", i)
		}
	}
}

// A lab that has rested says so when it is looked at. Its figures are not read
// meanwhile.
func TestARestIsTold(t *testing.T) {
	s := newStage(t, lookASCII, i18n.English, func(o *Options, _ []*fakeLab) { o.Rest = true }).live(80, 24)
	s.press("2")
	s.hides(t, "Rested") // it was too short
	s.fakes[0].change(func(snap *lab.Snapshot) {
		snap.Troubles = []lab.Trouble{{Key: "retry.trouble.away", Args: []any{"x"}, Since: s.now}}
	})
	s.now = s.now.Add(90 * time.Second)
	for range 20 {
		s.beat()
	}
	if s.labs[0].lab.alarm() {
		t.Error("a resting lab was looked at")
	}
	s.press("1")
	s.shows(t, "Rested for 90 s while you were elsewhere")
}

// A visitor is told which value was asked for and which one the lab has, unless it
// concerns no figure of the open card.
func TestWhatAVisitorDoesNotGetIsSaid(t *testing.T) {
	card := &fakeCard{figures: []string{"fleet_peak"}}
	s := newStage(t, lookASCII, i18n.English, func(o *Options, _ []*fakeLab) {
		spec := fakeSpec("retry")
		spec.Limits = []lab.Limit{{Knob: "retries", Most: lab.IntValue(5), Spares: "fleet_"}, {Knob: "rate", Most: lab.IntValue(20)}}
		fake := newFake(fakeSnapshot())
		o.Labs[0] = LabEntry{Picture: plainPicture{}, Card: card, Experiment: lab.NewExperiment(lab.Options{
			Spec: spec, New: func(lab.Env) lab.Lab { return fake }, Env: lab.Env{Guest: true}})}
	}).live(120, 30)
	s.hides(t, "Limit here")
	s.press("+") // to 4
	s.hides(t, "Limit here")
	s.press("enter", "8", "enter")
	s.settle()
	s.beat()
	s.shows(t, "Limit here: reintentos 5 (asked: 8)")
	s.press("down", "down", "down", "down", "down", "down", "enter", "1", "0", "0", "enter")
	s.settle()
	s.beat()
	s.shows(t, "Limit here: reintentos 5 (asked: 8), llegadas 20 /s (asked: 100 /s)")
	s.press("c") // opens the card
	s.settle()
	s.beat()
	s.shows(t, "Limit here: llegadas 20 /s (asked: 100 /s)")
}

// The notice of a trouble in another tab needs a lab that does not rest.
func TestTheTroubleOfAMeasuredLabShows(t *testing.T) {
	s := newStage(t, lookASCII, i18n.English, func(o *Options, _ []*fakeLab) {
		o.Rest = true
		o.Labs[0].Card = &fakeCard{measures: true}
	}).live(80, 24)
	s.press("c", "2")
	s.fakes[0].change(func(snap *lab.Snapshot) {
		snap.Troubles = []lab.Trouble{{Key: "retry.trouble.away", Args: []any{"x"}, Since: s.now}}
	})
	for range 20 {
		s.beat()
	}
	if !s.labs[0].lab.alarm() {
		t.Error("a lab with a card that measures was not looked at")
	}
}

// A lab whose time runs slower than was chosen says why.
func TestAFullServerIsSaid(t *testing.T) {
	for _, lang := range i18n.Langs() {
		crowd, clocked := labclock.NewCapacity(1, nil), labclock.New(nil)
		ctx, leave := context.WithCancel(t.Context())
		s := newStage(t, lookASCII, lang, func(o *Options, _ []*fakeLab) {
			fake := newFake(fakeSnapshot())
			o.Labs[0] = LabEntry{Picture: plainPicture{}, Card: &fakeCard{}, Experiment: lab.NewExperiment(lab.Options{
				Spec: fakeSpec("retry"), New: func(lab.Env) lab.Lab { return fake }, Env: lab.Env{Guest: true, Clock: clocked, Shared: lab.Shared{Capacity: crowd}}})}
		}).live(80, 24)
		said := map[i18n.Lang]string{i18n.English: "x0.125 - 1:23 - a full server: time runs slower", i18n.Spanish: "x0.125 - 1:23 - servidor lleno: el tiempo va más lento"}[lang]
		s.hides(t, said)
		var share sync.WaitGroup
		share.Go(func() { crowd.Share(ctx) })
		slowed := clocked.Changed()
		for range 300 {
			clocked.Count() // one a second may
		}
		<-slowed
		leave()
		share.Wait()
		s.beat()
		s.shows(t, said)
	}
}
