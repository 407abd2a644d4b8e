package course_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"resilab/brokers"
	"resilab/brokers/brokertest"
	"resilab/labs"
	"resilab/labs/course"
	"resilab/labs/course/trial"
	"resilab/labs/i18n"
	"resilab/labs/lab"
	"resilab/labs/labtest"
)

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
	t.Parallel()
	var cards []*course.Card
	for _, card := range loadBook(t).Cards() {
		if card.Needs == "" { // else only a real broker shows it
			cards = append(cards, card)
		}
	}
	playAll(t, openSession(t, brokers.Choice{}), cards, func(t *testing.T, card *course.Card, r trial.Result) {})
}

// The same holds on real brokers, with the wider band.
func TestCardsOnRealBrokers(t *testing.T) {
	t.Parallel()
	session := openSession(t, brokers.Choice{URLs: map[string]string{
		lab.AMQP: brokertest.RabbitMQ(t).URL(), lab.Redis: brokertest.Redis(t).URL()}})
	var cards []*course.Card
	for _, card := range loadBook(t).Cards() {
		if card.Broker != "" { // else nothing in it depends on a broker
			cards = append(cards, card)
		}
	}
	playAll(t, session, cards, func(t *testing.T, card *course.Card, r trial.Result) {
		if !r.Last.Wide {
			t.Error("the band for real brokers was not applied")
		}
	})
}

// atOnce is how many cards are played at once: they wait most of the time.
const atOnce = 3

// playAll plays cards, each as a subtest, and calls also with what each one showed.
func playAll(t *testing.T, session *labs.Session, cards []*course.Card, also func(*testing.T, *course.Card, trial.Result)) {
	t.Helper()
	turns := make(chan struct{}, atOnce)
	var plays sync.WaitGroup
	for _, card := range cards {
		turns <- struct{}{}
		plays.Go(func() {
			defer func() { <-turns }()
			t.Run(card.ID, func(t *testing.T) { also(t, card, play(t, session, card)) })
		})
	}
	plays.Wait()
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

// play takes run A as the card starts and the other runs with their golden
// settings. A card fails that disappoints in every try, if the machine kept time
// in one of them.
func play(t *testing.T, session *labs.Session, card *course.Card) (r trial.Result) {
	t.Helper()
	keptOnce := false
	var disappointed error
	for range tries {
		kept := labtest.KeptTime(func() { r, disappointed = playOnce(t.Context(), session, card, 1) })
		if disappointed == nil {
			return r
		}
		keptOnce = keptOnce || kept
		t.Logf("the machine kept time: %t; %v", kept, disappointed)
	}
	if keptOnce {
		t.Errorf("%d times of %d: %v", tries, tries, disappointed)
	}
	return r
}

// faster is how many steps the labs' clocks are sped up: they run at twice the
// speed. At four times a busy machine delays too much of a short time-out.
const faster = 1

func playOnce(ctx context.Context, session *labs.Session, card *course.Card, seed uint64) (trial.Result, error) {
	p := trial.Player{
		Faster: faster,
		Open: func(id string, seed uint64, settings lab.Settings) (*lab.Experiment, error) {
			entry, _ := labs.All().Find(id)
			return session.Experiment(entry, labs.Setup{Seed: seed, Settings: settings})
		},
	}
	r, err := p.Golden(ctx, card, seed, trial.Expected(card))
	switch {
	case err != nil:
		return r, err
	case r.AsStart.Passed:
		return r, fmt.Errorf("passes as it starts: %v", conditions(r.AsStart))
	case !r.Passed:
		return r, fmt.Errorf("fails with its golden settings: %v, short %v, changed %v, same %t, kept as %s", conditions(r.Last), r.Last.Short, r.Last.Changed, r.Last.Same, r.Last.Letter)
	case !r.Outcome.Known || !r.Outcome.Right:
		return r, fmt.Errorf("the prediction known to be right is judged %+v", r.Outcome)
	}
	return r, asMeasured(card, r)
}

// asMeasured compares a play with the figures in the card's file, so that a change
// of an engine shows which cards it moves. Latencies are recorded for the reader and
// not compared: they are those of a machine.
func asMeasured(card *course.Card, r trial.Result) error {
	recorded := card.Measured.Embedded
	if r.Last.Wide {
		recorded = card.Measured.Real
	}
	var moved []error
	for i, run := range r.Runs {
		letter := course.Letters[i : i+1]
		for _, m := range card.Figures() {
			known := recorded.Runs[letter][m.ID]
			if v, ok := run.Metrics[m.ID]; ok && m.Format != lab.Millis && !known.Allows(m.Format, card.Span(m, run.Metrics)) {
				moved = append(moved, fmt.Errorf("run %s: %s is %.4g, recorded is %v", letter, m.ID, v, known))
			}
		}
	}
	return errors.Join(moved...)
}

// The figures of every card were recorded with five seeds or more, and no limit of
// a check was missed in any of the plays.
func TestEveryCardHasItsFigures(t *testing.T) {
	for _, card := range loadBook(t).Cards() {
		for broker, figures := range map[string]*course.Figures{"embedded": card.Measured.Embedded, "real": card.Measured.Real} {
			if broker == "embedded" && card.Needs != "" || broker == "real" && card.Broker == "" {
				continue
			}
			if figures == nil || figures.Seeds < 5 || len(figures.Runs) != card.Runs() || len(figures.Margins) == 0 {
				t.Errorf("%s, %s: recorded is %+v", card.ID, broker, figures)
				continue
			}
			for i, margin := range figures.Margins {
				if margin < 0 {
					t.Errorf("%s, %s: condition %d was missed by %v", card.ID, broker, i+1, -margin)
				}
			}
		}
	}
}

// conditions writes the figures of a judgement.
func conditions(j course.Judgement) (all []string) {
	for _, c := range j.Conditions {
		all = append(all, fmt.Sprintf("%s: %.4g %s %.4g (%t)", c.Source, c.Left.Value, c.Op, c.Right.Value, c.Holds))
	}
	return all
}

// A new card of every lab is valid; TestCardsFail… plays the card that it copies.
func TestTemplatesAreValid(t *testing.T) {
	book := loadBook(t)
	for _, e := range labs.All() {
		files, err := book.Template("X1", e.Spec.ID)
		if err != nil {
			t.Fatal(err)
		}
		folder := fstest.MapFS{}
		for path, data := range files {
			folder[path] = &fstest.MapFile{Data: data}
		}
		more, err := course.LoadFolder(folder, false, specs()...)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := more.Find("X1"); !ok || len(more.Cards()) != len(book.Cards())+1 {
			t.Errorf("%s: %v", e.Spec.ID, more.IDs())
		}
	}
	for _, bad := range []string{"", "../R1", "R1", "a b"} {
		if _, err := book.Template(bad, "retry"); err == nil {
			t.Errorf("%q is taken for an id", bad)
		}
	}
}

// No card asks for more than a visitor over the network may have.
func TestNoCardIsAboveAVisitorsLimits(t *testing.T) {
	limits := map[string]map[string]float64{
		"retry": {"rate": 20, "clients": 2000}, "convoy": {"rate": 500, "users": 50, "lanes": 6},
	}
	for _, card := range loadBook(t).Cards() {
		for i, settings := range card.Golden {
			for knob, limit := range limits[card.Spec.ID] {
				if settings.Float(knob) > limit {
					t.Errorf("%s, run %c: %s %v is above %v", card.ID, course.Letters[i], knob, settings.Float(knob), limit)
				}
			}
		}
	}
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

// An outcome names the figure that the check asks for, so that a student whose
// run just passes does not read another one.
func TestOutcomesNameTheLimitOfTheCheck(t *testing.T) {
	card, ok := loadBook(t).Find("R9")
	if !ok {
		t.Fatal("no card R9")
	}
	for _, cond := range card.Judge(nil, nil, nil).Conditions {
		if cond.Left.Metric != "fleet_amplification" {
			continue
		}
		limit := strconv.FormatFloat(cond.Right.Value, 'f', -1, 64)
		for _, lang := range i18n.Langs() {
			if got := card.Words(lang).Outcome; !strings.Contains(got, limit) {
				t.Errorf("the %s outcome does not name the limit %s: %s", lang, limit, got)
			}
		}
		return
	}
	t.Error("the check does not limit fleet_amplification")
}

// What a card asks a setting to be, the keys reach from where the card starts: in
// small and big steps.
func TestExactSettingsAreReachedByKeys(t *testing.T) {
	t.Parallel()
	for _, card := range loadBook(t).Cards() {
		for n := 2; n <= card.Runs(); n++ {
			for _, cond := range card.Judge(make([]*course.Evidence, n)...).Conditions {
				k, ok := card.Spec.Knob(cond.Left.Knob)
				if ok && cond.Op == "==" && !reached(k, card.Start[k.ID], cond.Right.Value) {
					t.Errorf("%s: %s: no keys lead there from %v", card.ID, cond.Source, card.Start[k.ID])
				}
			}
		}
	}
}

// reached reports whether steps of a knob lead to a value.
func reached(k lab.Knob, from lab.Value, want float64) bool {
	seen, next := map[lab.Value]bool{from: true}, []lab.Value{from}
	for len(next) > 0 && len(seen) < 10_000 {
		at := next[0]
		next = next[1:]
		if at.Float() == want {
			return true
		}
		for _, coarse := range []bool{false, true} {
			for _, dir := range []int{-1, 1} {
				if v := k.Next(at, dir, coarse); !seen[v] {
					seen[v], next = true, append(next, v)
				}
			}
		}
	}
	return false
}
