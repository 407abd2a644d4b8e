package tour_test

import (
	"context"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"go.uber.org/goleak"

	"resilab/brokers"
	"resilab/labs"
	"resilab/labs/course/tour"
	"resilab/labs/i18n"
	"resilab/labs/lab"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func specs() (specs []*lab.Spec) {
	for _, e := range labs.All() {
		specs = append(specs, e.Spec)
	}
	return specs
}

func load(t *testing.T) []*tour.Tour {
	t.Helper()
	tours, err := tour.Load(specs()...)
	if err != nil {
		t.Fatal(err)
	}
	return tours
}

// patience bounds a whole tour on a busy machine.
const patience = 3 * time.Minute

// Every tour plays to its end on the embedded brokers: each step shows what it
// announces.
func TestToursShowWhatTheyAnnounce(t *testing.T) {
	for _, tr := range load(t) {
		t.Run(tr.ID, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			p := tour.NewPlayer(tour.Options{Tour: tr, Show: b.show, Patience: patience})
			b.play(t, p)
			if p.Err() != nil {
				t.Error(p.Err())
			}
		})
	}
}

// bench starts the labs that a tour shows, at twice their speed.
type bench struct {
	t       *testing.T
	session *labs.Session
	open    map[string]*lab.Experiment
}

func newBench(t *testing.T) *bench {
	t.Helper()
	session, err := labs.NewSession(brokers.Choice{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := session.Close(); err != nil {
			t.Error(err)
		}
	})
	return &bench{t: t, session: session, open: map[string]*lab.Experiment{}}
}

func (b *bench) show(id string) *lab.Experiment {
	if exp := b.open[id]; exp != nil {
		return exp
	}
	for _, e := range labs.All() {
		if e.Spec.ID == id {
			b.open[id] = b.start(e)
		}
	}
	return b.open[id]
}

func (b *bench) start(e labs.Entry) *lab.Experiment {
	// No step is about a time-out, and a busy machine is no fault of the labs.
	settings := e.Spec.Defaults()
	if _, ok := settings["timeout"]; ok {
		settings["timeout"] = lab.DurationValue(10 * time.Second)
	}
	exp, err := b.session.Experiment(e, labs.Setup{Seed: 1, Settings: settings})
	if err == nil {
		err = exp.Start(b.t.Context())
	}
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() {
		if err := exp.Stop(context.WithoutCancel(b.t.Context())); err != nil {
			b.t.Error(err)
		}
	})
	exp.ChangeSpeed(1)
	return exp
}

// play advances the player until the tour has ended.
func (b *bench) play(t *testing.T, p *tour.Player) {
	t.Helper()
	began, last := time.Now(), time.Now()
	for !p.Done() {
		step, number := p.Step()
		if p.Advance(time.Now()) {
			if _, now := p.Step(); now != number {
				t.Logf("step %d took %s: %s", number, time.Since(last).Round(time.Millisecond), step.Say(i18n.English))
				last = time.Now()
			}
		}
		if time.Since(began) > patience {
			t.Fatalf("step %d (%s): %v", number, step.Say(i18n.English), b.open[step.Spec.ID].Current().Metrics)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func TestToursAreComplete(t *testing.T) {
	tours := load(t)
	for _, id := range []string{"", "all", "retry", "CONVOY", "cacheaside"} {
		if _, ok := tour.Find(tours, id); !ok {
			t.Errorf("no tour %q", id)
		}
	}
	for _, tr := range tours {
		var reading time.Duration
		for _, s := range tr.Steps {
			reading += tour.Reading(s.Say(i18n.Spanish))
		}
		if reading > 2*time.Minute {
			t.Errorf("%s: %s of reading", tr.ID, reading)
		}
	}
}

// A tour that the labs cannot show is an error with its place.
func TestMistakesAreNamed(t *testing.T) {
	const head = "id: x\ntitle: {es: a, en: a}\nsteps:\n- {lab: retry, say: {es: a, en: a}"
	for text, want := range map[string]string{
		head + ", set: {nothing: 1}}":                                                        "unknown knob",
		head + ", set: {retries: many}}":                                                     "retries",
		head + ", action: dance}":                                                            "unknown action",
		head + ", point: attempts}":                                                          "no figure on the screen",
		head + ", until: nothing > 1}":                                                       "nothing",
		head + ", until: 'success'}":                                                         "bool",
		head + ", jump: 3}":                                                                  "unknown field",
		"id: y\ntitle: {es: a, en: a}\nsteps: []":                                            "name of the file",
		"id: x\ntitle: {es: a, en: a}\nsteps: []":                                            "no steps",
		"id: x\ntitle: {es: a}\nsteps: []":                                                   `nothing in "en"`,
		"id: x\ntitle: {es: a, en: a}\nsteps: [{lab: no, say: {es: a, en: a}}]":              "unknown lab",
		"id: x\ntitle: {es: a, en: a}\nsteps: [{lab: retry, say: {es: a}}]":                  "say",
		"id: x\ntitle: {es: a, en: a}\nsteps: [{lab: retry, say: {es: '{knob:no}', en: a}}]": "names nothing",
		"id: x\ntitle: {es: a, en: a}\nsteps: [{lab: retry, say: {es: a, en: " + strings.Repeat("a", 151) + "}}]": "151 characters",
	} {
		_, err := tour.LoadFrom(fstest.MapFS{"x.yaml": {Data: []byte(text)}}, specs()...)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "tours/x.yaml") {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}
