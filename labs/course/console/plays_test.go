package console

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"resilab/brokers"
	"resilab/labs"
	"resilab/labs/course"
	"resilab/labs/course/trial"
	"resilab/labs/i18n"
	"resilab/labs/lab"
)

// Three core cards and a challenge are played from the question to the outcome
// with the real labs, by lines alone: every line is written once, without a
// control character.
func TestCardsArePlayedByLines(t *testing.T) {
	session, err := labs.NewSession(brokers.Choice{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := session.Close(); err != nil {
			t.Error(err)
		}
	})
	for i, id := range []string{"R1", "C1", "K5", "R8"} {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			lang := i18n.Langs()[i%2]
			r := newRoom(t, lang, "")
			card, _ := r.Book.Find(id)
			var out bytes.Buffer
			r.Out, r.In, r.Now = &out, strings.NewReader(typed(card)), time.Now
			r.Open = func(labID string, settings lab.Settings) (*lab.Experiment, error) {
				entry, _ := labs.All().Find(labID)
				exp, err := session.Experiment(entry, labs.Setup{Seed: 1, Settings: settings})
				if err == nil {
					exp.ChangeSpeed(1)
				}
				return exp, err
			}
			if err := r.Run(t.Context(), id); err != nil {
				t.Fatal(err)
			}
			if r.Store.Record(id).Stage() != course.Passed || !strings.Contains(out.String(), card.Words(lang).Outcome) {
				t.Errorf("not passed:\n%s", &out)
			}
			if i := strings.IndexFunc(out.String(), func(c rune) bool { return c < ' ' && c != '\n' }); i >= 0 {
				t.Errorf("a control character in %q", out.String()[i:min(out.Len(), i+20)])
			}
		})
	}
}

// typed is what a student types who makes the right prediction, changes the
// settings to those of run B and measures, twice if chance is against it.
func typed(card *course.Card) string {
	answer := trial.Expected(card)
	if i := slices.Index(card.Predict.Choices, answer); i >= 0 {
		answer = fmt.Sprint(i + 1)
	}
	lines := []string{answer}
	for _, id := range card.Opens {
		if v := card.Golden[1][id]; v != card.Start[id] {
			lines = append(lines, id+"="+v.String())
		}
	}
	return strings.Join(append(lines, "run", "run", "run"), "\n") + "\n"
}
