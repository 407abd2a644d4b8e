// Package statetest holds implementations of state.Store to one suite.
package statetest

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"resilab/labs/course"
	"resilab/tui/state"
)

// Run runs the suite. open returns a new handle on the state called name, as
// another server would have it.
func Run(t *testing.T, open func(t *testing.T, name string) state.Store) {
	for name, test := range map[string]func(t *testing.T, open func() state.Store){
		"people":         people,
		"progress":       progress,
		"passed stays":   passedStays,
		"saves at once":  savesAtOnce,
		"ids":            ids,
		"recorder":       recorder,
		"time of work":   timeOfWork,
		"nothing yet":    nothingYet,
		"strange names":  strangeNames,
		"seen by others": seenByOthers,
	} {
		t.Run(name, func(t *testing.T) {
			test(t, func() state.Store { return open(t, strings.ReplaceAll(name, " ", "-")) })
		})
	}
}

func nothingYet(t *testing.T, open func() state.Store) {
	s := open()
	if all, err := s.People(t.Context()); err != nil || len(all) != 0 {
		t.Errorf("people %v, %v", all, err)
	}
	if rec := progressOf(t, s, "key-1").Record("K1"); rec.Stage() != course.ToPredict {
		t.Errorf("record %+v", rec)
	}
	if all, err := s.People(t.Context()); err != nil || len(all) != 0 {
		t.Errorf("reading progress keeps people: %v, %v", all, err)
	}
}

func people(t *testing.T, open func() state.Store) {
	s := open()
	seen := time.Date(2026, 5, 1, 9, 0, 0, 0, time.UTC)
	for _, p := range []state.Person{{ID: "name-2", Name: "beto"}, {ID: "name-3", Name: "Ana"}, {ID: "name-1", Name: "Beto"}} {
		keep(t, s, p)
	}
	keep(t, s, state.Person{ID: "name-3", Name: "Ana", Seen: seen}) // replaces
	all, err := s.People(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range all {
		got = append(got, p.ID)
	}
	if want := []string{"name-3", "name-1", "name-2"}; !slices.Equal(got, want) {
		t.Errorf("people %v, want %v", got, want)
	}
	if !all[0].Seen.Equal(seen) {
		t.Errorf("seen %v", all[0].Seen)
	}
}

func progress(t *testing.T, open func() state.Store) {
	ana := progressOf(t, open(), "name-ana")
	save(t, ana, "R1", course.Record{Prediction: "12", Hints: 2})
	if rec := ana.Record("R1"); rec.Prediction != "12" || rec.Hints != 2 {
		t.Errorf("record %+v", rec)
	}
	if rec := progressOf(t, open(), "name-beto").Record("R1"); rec.Prediction != "" {
		t.Errorf("another person has %+v", rec)
	}
}

func seenByOthers(t *testing.T, open func() state.Store) {
	one, other := open(), open()
	keep(t, one, state.Person{ID: "name-1", Name: "Ana"})
	save(t, progressOf(t, one, "name-1"), "R1", course.Record{Prediction: "12"})
	if rec := progressOf(t, other, "name-1").Record("R1"); rec.Prediction != "12" {
		t.Errorf("another server reads %+v", rec)
	}
	if all, err := other.People(t.Context()); err != nil || len(all) != 1 || all[0].Name != "Ana" {
		t.Errorf("another server lists %v, %v", all, err)
	}
}

// What was passed stays passed, although another session saves an older record.
func passedStays(t *testing.T, open func() state.Store) {
	one, other := progressOf(t, open(), "name-1"), progressOf(t, open(), "name-1")
	now := time.Date(2026, 5, 1, 9, 0, 0, 0, time.UTC)
	save(t, one, "R1", course.Record{Prediction: "12", PredictedAt: &now, PassedAt: &now})
	save(t, other, "R2", course.Record{Prediction: "3", PredictedAt: &now})
	save(t, other, "R1", course.Record{Prediction: "11", PredictedAt: &now}) // older: it read R1 before it was passed
	after := progressOf(t, open(), "name-1")
	if rec := after.Record("R1"); rec.Stage() != course.Passed {
		t.Errorf("R1 is %+v after another session saved", rec)
	}
	if rec := after.Record("R2"); rec.Prediction != "3" {
		t.Errorf("R2 is %+v", rec)
	}
}

func savesAtOnce(t *testing.T, open func() state.Store) {
	const cards = 20
	store := open()
	var wg sync.WaitGroup
	for i := range cards {
		wg.Go(func() {
			p, err := store.Progress(t.Context(), "name-1")
			if err == nil {
				err = p.Save(fmt.Sprintf("C%d", i), course.Record{Prediction: "1"})
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	p := progressOf(t, open(), "name-1")
	for i := range cards {
		if p.Record(fmt.Sprintf("C%d", i)).Prediction == "" {
			t.Errorf("the record of card %d is lost", i)
		}
	}
}

func ids(t *testing.T, open func() state.Store) {
	s := open()
	for _, id := range []string{"", "../x", "A", "a/b", "a:b", "ñ", strings.Repeat("a", 65), "a\x00"} {
		if err := s.Keep(t.Context(), state.Person{ID: id, Name: "x"}); err == nil {
			t.Errorf("the ID %q is kept", id)
		}
		if _, err := s.Progress(t.Context(), id); err == nil {
			t.Errorf("the ID %q has progress", id)
		}
	}
}

func recorder(t *testing.T, open func() state.Store) {
	s := open()
	p, code := state.NewPerson("Ana")
	now := time.Date(2026, 5, 1, 9, 0, 0, 0, time.UTC)
	progress, err := state.Recorder(t.Context(), s, p, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	if all, err := s.People(t.Context()); err != nil || len(all) != 0 {
		t.Errorf("kept before the first save: %v, %v", all, err)
	}
	save(t, progress, "R1", course.Record{Prediction: "1"})
	all, err := s.People(t.Context())
	if err != nil || len(all) != 1 || !all[0].Seen.Equal(now) || !all[0].HasCode(code) || !all[0].HasName("ana") {
		t.Errorf("kept %+v, %v", all, err)
	}
}

// The time that a person has worked grows, whatever an older copy of the person says.
// Who has saved nothing leaves nothing behind.
func timeOfWork(t *testing.T, open func() state.Store) {
	s := open()
	p := state.Person{ID: "key-1", Name: "Ana"}
	add := func(d time.Duration) (all []state.Person) {
		err := state.AddActive(t.Context(), s, p.ID, d)
		if err == nil {
			all, err = s.People(t.Context())
		}
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	if all := add(time.Hour); len(all) > 0 {
		t.Errorf("kept before the first save: %v", all)
	}
	keep(t, s, p)
	add(20 * time.Minute)
	keep(t, s, p) // as it was at the beginning of a session
	if all := add(5 * time.Minute); len(all) != 1 || all[0].Active != 25*time.Minute {
		t.Errorf("kept %+v", all)
	}
}

func strangeNames(t *testing.T, open func() state.Store) {
	s := open()
	for i, name := range []string{"../../etc", "ñandú 漢字", "", "a\"b\\c", strings.Repeat("長", 200)} {
		keep(t, s, state.Person{ID: fmt.Sprintf("name-%d", i), Name: name})
		all, err := s.People(t.Context())
		if err != nil || !slices.ContainsFunc(all, func(p state.Person) bool { return p.Name == name }) {
			t.Errorf("%q is not among %v, %v", name, all, err)
		}
	}
}

func keep(t *testing.T, s state.Store, p state.Person) {
	t.Helper()
	if err := s.Keep(t.Context(), p); err != nil {
		t.Fatal(err)
	}
}

func progressOf(t *testing.T, s state.Store, id string) state.Progress {
	t.Helper()
	p, err := s.Progress(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func save(t *testing.T, p state.Progress, card string, rec course.Record) {
	t.Helper()
	if err := p.Save(card, rec); err != nil {
		t.Fatal(err)
	}
}
