package app

import (
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"resilab/labs/course/tour"
	"resilab/labs/i18n"
	"resilab/labs/lab"
)

const fakeTour = `
id: x
title: {es: "prueba", en: "trial"}
steps:
  - {lab: retry, set: {retries: 7}, point: retries, say: {es: "uno", en: "Seven retries."}, until: success > 2}
  - {lab: convoy, point: p99_ms, say: {es: "dos", en: "Look at the p99."}, until: p99_ms > 0}
`

// touringStage is a screen that plays fakeTour. Its clock is the test's.
func touringStage(t *testing.T, leave bool) (s *stage, labs []*fakeLab, pass func(time.Duration)) {
	t.Helper()
	now := time.Date(2026, 5, 1, 9, 0, 0, 0, time.UTC)
	tours, err := tour.LoadFrom(fstest.MapFS{"x.yaml": {Data: []byte(fakeTour)}}, fakeSpec("retry"), fakeSpec("convoy"))
	if err != nil {
		t.Fatal(err)
	}
	s = newStage(t, lookASCII, i18n.English, func(o *Options, all []*fakeLab) {
		labs = all
		o.Now = func() time.Time { return now }
		o.Tour = TourOptions{Tour: tours[0], Leave: leave}
	}).live(100, 30)
	return s, labs, func(d time.Duration) {
		now = now.Add(d)
		s.settle()
		s.beat()
	}
}

// A tour turns knobs, points, and waits for the figures, not for a time.
func TestATourWaitsForItsFigures(t *testing.T) {
	s, labs, pass := touringStage(t, false)
	pass(0)
	s.shows(t, "1/2  Seven retries.")
	s.shows(t, "any key ends the demo")
	if got := s.cur().lab.exp.Settings().Int("retries"); got != 7 {
		t.Errorf("retries is %d", got)
	}
	pass(time.Minute)
	s.shows(t, "1/2") // the figures do not show it
	labs[0].change(func(snap *lab.Snapshot) { snap.Metrics = map[string]float64{"success": 3} })
	pass(time.Second)
	pass(time.Second)
	s.shows(t, "2/2  Look at the p99.")
	if s.active != 1 {
		t.Errorf("lab %d is shown", s.active)
	}
	if view := s.View(); !strings.Contains(view, "p99") {
		t.Errorf("the figure is not pointed at: %s", view)
	}
	pass(time.Second)
	s.shows(t, "2/2") // it has not been read yet
	pass(time.Minute)
	s.shows(t, "End of the demo.")
	s.press("x")
	s.hides(t, "End of the demo.")
	s.shows(t, "the labs are yours")
	s.press("?")
	s.shows(t, "All keys") // keys act again
}

func TestAKeyEndsADemo(t *testing.T) {
	s, _, pass := touringStage(t, true)
	pass(0)
	s.shows(t, "1/2")
	if !quits(s.press("x")) {
		t.Error("a key does not end it")
	}
}
