package report

import (
	"bytes"
	"maps"
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

// player plays cards with the real labs.
func player(t *testing.T) *trial.Player {
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
	return &trial.Player{Open: func(id string, seed uint64, settings lab.Settings) (*lab.Experiment, error) {
		entry, _ := labs.All().Find(id)
		return session.Experiment(entry, labs.Setup{Seed: seed, Settings: settings})
	}}
}

// playedR4 is the report of a student who has passed R4, whose figures are the
// same at each play, as it is read from its JSON.
func playedR4(t *testing.T, p *trial.Player) (*course.Book, *Document) {
	t.Helper()
	book, err := course.Load(labs.All().Specs()...)
	if err != nil {
		t.Fatal(err)
	}
	card, _ := book.Find("R4")
	s := course.NewSession(card, course.Record{})
	if err := s.Predict(trial.Expected(card), time.Unix(0, 0)); err != nil {
		t.Fatal(err)
	}
	for i, settings := range card.Golden {
		run, err := p.Run(t.Context(), card, settings, 7)
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			_, err = s.TakeA(run)
		} else {
			_, err = s.Check(run, time.Unix(1, 0))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	store := course.NewStore()
	if err := store.Save("R4", s.Record()); err != nil {
		t.Fatal(err)
	}
	var data bytes.Buffer
	if err := New(book, store, i18n.English, Options{Program: "resilab", Now: time.Unix(2, 0)}).JSON(&data); err != nil {
		t.Fatal(err)
	}
	d, _, err := Open(data.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return book, d
}

// The recorded settings and seeds are played again. A figure that they cannot have
// given is found and named, and so are runs that do not pass.
func TestVerifyPlaysTheRunsAgain(t *testing.T) {
	p := player(t)
	for name, c := range map[string]struct {
		change func(a, b *course.Evidence)
		why    string // empty: the report is possible
	}{
		"as played":      {change: func(_, _ *course.Evidence) {}},
		"another seed":   {change: func(a, b *course.Evidence) { a.Seed, b.Seed = 8, 8 }}, // 64 and 4 calls at every seed
		"a better A":     {change: func(a, _ *course.Evidence) { a.Metrics["fleet_amplification"] = 128 }, why: "a: fleet_amplification is 128"},
		"a failing B":    {change: func(_, b *course.Evidence) { b.Metrics["fleet_amplification"] = 9 }, why: "do not pass"},
		"other settings": {change: func(a, _ *course.Evidence) { a.Knobs["layers"] = "1" }, why: "do not pass"},
	} {
		t.Run(name, func(t *testing.T) {
			book, d := playedR4(t, p)
			row := &d.Cards[indexOf(d, "R4")]
			row.A.Metrics, row.B.Metrics = maps.Clone(row.A.Metrics), maps.Clone(row.B.Metrics)
			c.change(row.A, row.B)
			verdicts, err := d.Verify(t.Context(), book, p)
			if err != nil || len(verdicts) != 1 {
				t.Fatalf("%+v, %v", verdicts, err)
			}
			v := verdicts[0]
			if v.ID != "R4" || v.Tolerance == "" || v.Possible != (c.why == "") || !strings.Contains(v.Why, c.why) {
				t.Errorf("%+v, want %q", v, c.why)
			}
		})
	}
}

// indexOf returns the place of a card in a report.
func indexOf(d *Document, id string) int {
	for i, row := range d.Cards {
		if row.ID == id {
			return i
		}
	}
	return -1
}
