package state

import (
	"testing"
	"time"

	"resilab/labs/course"
)

// An entry that is saved again while it is being written is counted once and
// waits on; one that did not change is done.
func TestWhatChangedWhileItWasWrittenWaitsOn(t *testing.T) {
	r := &Redis{waiting: newBacklog(), wake: make(chan struct{}, 1)}
	now := time.Date(2026, 5, 1, 9, 0, 0, 0, time.UTC)
	key := recordKey{person: "name-1", card: "R1"}
	save := func(rec course.Record) {
		r.hold(func(b *backlog) {
			b.keep(Person{ID: "name-1", Name: "Ana"})
			b.add(key, rec)
		})
	}
	save(course.Record{Prediction: "1", PredictedAt: &now})
	person, record := r.waiting.people["name-1"], r.waiting.records[key]
	save(course.Record{Prediction: "1", PredictedAt: &now, PassedAt: &now})
	if n := r.Waiting(); n != 2 {
		t.Errorf("%d wait while two are written, want 2", n)
	}

	written(r, r.waiting.people, "name-1", person)
	written(r, r.waiting.records, key, record)
	if n := r.Waiting(); n != 2 {
		t.Errorf("%d wait after older ones were written, want 2", n)
	}
	if got := r.waiting.records[key]; got.Stage() != course.Passed {
		t.Errorf("the newer record is %+v", got)
	}

	written(r, r.waiting.people, "name-1", r.waiting.people["name-1"])
	written(r, r.waiting.records, key, r.waiting.records[key])
	if n := r.Waiting(); n != 0 {
		t.Errorf("%d wait after all were written", n)
	}
}
