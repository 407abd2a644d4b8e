package course_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"go.uber.org/goleak"

	"resilab/brokers"
	"resilab/brokers/brokertest"
	"resilab/labs"
	"resilab/labs/course"
	"resilab/labs/i18n"
	"resilab/labs/lab"
	"resilab/labs/labtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func specs() (specs []*lab.Spec) {
	for _, e := range labs.All() {
		specs = append(specs, e.Spec)
	}
	return specs
}

func loadBook(t *testing.T) *course.Book {
	t.Helper()
	book, err := course.Load(specs()...)
	if err != nil {
		t.Fatal(err)
	}
	return book
}

// Every card fails as it starts and passes with its golden settings, with the
// real labs on the embedded brokers.
func TestCardsFailAsTheyStartAndPassWithGold(t *testing.T) {
	session := openSession(t, brokers.Choice{})
	for _, card := range loadBook(t).Cards() {
		t.Run(card.ID, func(t *testing.T) {
			t.Parallel()
			play(t, session, card)
		})
	}
}

// The same holds on real brokers, with the wider band.
func TestCardsOnRealBrokers(t *testing.T) {
	session := openSession(t, brokers.Choice{URLs: map[string]string{
		lab.AMQP: brokertest.RabbitMQ(t).URL(), lab.Redis: brokertest.Redis(t).URL()}})
	for _, card := range loadBook(t).Cards() {
		if card.Broker == "" {
			continue // nothing in it depends on a broker
		}
		t.Run(card.ID, func(t *testing.T) {
			t.Parallel()
			if j := play(t, session, card); !j.Wide {
				t.Error("the band for real brokers was not applied")
			}
		})
	}
}

func openSession(t *testing.T, choice brokers.Choice) *labs.Session {
	t.Helper()
	session, err := labs.NewSession(choice)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := session.Close(); err != nil {
			t.Error(err)
		}
	})
	return session
}

// tries is how often a card may be disturbed by whatever else the machine does:
// its figures depend on when things happen.
const tries = 3

// play takes run A as the card starts and run B with its golden settings. A card
// fails that disappoints in every try, if the machine kept time in one of them.
func play(t *testing.T, session *labs.Session, card *course.Card) (j course.Judgement) {
	t.Helper()
	keptOnce := false
	var disappointed error
	for range tries {
		kept := labtest.KeptTime(func() { j, disappointed = playOnce(t, session, card) })
		if disappointed == nil || t.Failed() {
			return j
		}
		keptOnce = keptOnce || kept
		t.Logf("the machine kept time: %t; %v", kept, disappointed)
	}
	if keptOnce {
		t.Errorf("%d times of %d: %v", tries, tries, disappointed)
	}
	return j
}

func playOnce(t *testing.T, session *labs.Session, card *course.Card) (course.Judgement, error) {
	t.Helper()
	a := measure(t, session, card, card.GoldenA)
	s := course.NewSession(card, course.Record{})
	if err := s.Predict(prediction(card), time.Unix(0, 0)); err != nil {
		t.Fatal(err)
	}
	if j, err := s.TakeA(a); err != nil {
		t.Fatalf("run A is not taken: %v, %+v", err, j)
	}
	if j, err := s.Check(a, time.Unix(1, 0)); err != nil || j.Passed {
		t.Fatalf("passes as it starts: %+v, %v", j, err)
	}
	j, err := s.Check(measure(t, session, card, card.GoldenB), time.Unix(2, 0))
	if err != nil || !j.Passed {
		return j, fmt.Errorf("fails with its golden settings: %+v, error %v", j, err)
	}
	if o := s.Outcome(); !o.Known || !o.Right {
		return j, fmt.Errorf("the prediction known to be right is judged %+v", o)
	}
	return j, nil
}

// prediction is one that the experiment must show to be right.
func prediction(card *course.Card) string {
	if card.Predict.Answer != "" {
		return card.Predict.Answer
	}
	return map[string]string{"C1": "15"}[card.ID]
}

// measure runs a card's lab until it has the samples that the card asks for.
func measure(t *testing.T, session *labs.Session, card *course.Card, settings lab.Settings) lab.Run {
	t.Helper()
	entry, _ := labs.All().Find(card.Spec.ID)
	exp, err := session.Experiment(entry, labs.Setup{Seed: 1, Settings: settings})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := exp.Stop(ctx); err != nil {
			t.Error(err)
		}
	}()
	if err := exp.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(30 * time.Second)
	for {
		run := exp.Current()
		if enough(card, run) {
			return run
		}
		if time.Now().After(deadline) {
			t.Fatalf("too few samples after 30 s: %v, want %v", run.Metrics, card.Samples)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func enough(card *course.Card, run lab.Run) bool {
	for _, s := range card.Samples {
		if run.Metrics[s.Metric] < s.Min {
			return false
		}
	}
	return true
}

func TestWordsOfTheCardsFitTheScreen(t *testing.T) {
	for _, card := range loadBook(t).Cards() {
		for _, lang := range i18n.Langs() {
			w := card.Words(lang)
			for what, limit := range map[string]struct {
				text string
				most int
			}{"title": {w.Title, 40}, "question": {w.Question, 320}, "belief": {w.Belief, 60}, "ask": {w.Ask, 120}, "outcome": {w.Outcome, 260}} {
				if n := len([]rune(limit.text)); n > limit.most {
					t.Errorf("%s %s: the %s has %d characters, at most %d fit", card.ID, lang, what, n, limit.most)
				}
			}
			for _, variants := range w.Hints {
				for _, text := range variants {
					if n := len([]rune(text)); n == 0 || n > 240 {
						t.Errorf("%s %s: a hint has %d characters", card.ID, lang, n)
					}
				}
			}
			for _, choice := range w.Choices {
				if n := len([]rune(choice)); n > 60 {
					t.Errorf("%s %s: a choice has %d characters", card.ID, lang, n)
				}
			}
		}
		if card.Hints() != 3 {
			t.Errorf("%s has %d hints", card.ID, card.Hints())
		}
	}
}
