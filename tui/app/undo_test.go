package app

import (
	"testing"
	"time"

	"resilab/labs/lab"
)

func retries(s *stage) int { return s.cur().lab.exp.Settings().Int("retries") }

func TestUndo(t *testing.T) {
	s := english(t)
	turn := func(key string) {
		s.press(key)
		s.now = s.now.Add(2 * time.Second)
	}
	turn("right")
	turn("right")
	turn("u")
	if got := retries(s); got != 4 {
		t.Errorf("undone once: %d retries, want 4", got)
	}
	turn("u")
	turn("u") // there is nothing more
	if got := retries(s); got != 3 {
		t.Errorf("undone twice: %d retries, want 3", got)
	}
	turn("U")
	turn("U")
	if got := retries(s); got != 5 {
		t.Errorf("done again: %d retries, want 5", got)
	}
	turn("u")
	turn("left")
	turn("U") // a new turn ends what was undone
	if got := retries(s); got != 3 {
		t.Errorf("after another turn: %d retries, want 3", got)
	}
}

// Turns of one knob in quick succession are one step, as is a reset.
func TestUndoTakesWholeSteps(t *testing.T) {
	s := english(t)
	s.press("right", "right", "right")
	s.now = s.now.Add(2 * time.Second)
	s.press("down", "right")
	s.press("R", "y")
	s.press("u", "u", "u")
	if got := retries(s); got != 3 || s.cur().lab.exp.Settings().Duration("base") != 500*time.Millisecond {
		t.Errorf("%d retries, base %v", got, s.cur().lab.exp.Settings().Duration("base"))
	}
	s.press("U")
	if got := retries(s); got != 6 {
		t.Errorf("done again: %d retries, want 6", got)
	}
}

// What something else has changed since cannot be undone.
func TestUndoStack(t *testing.T) {
	at := time.Unix(0, 0)
	a, b := lab.Settings{"x": lab.IntValue(1), "y": lab.IntValue(1)}, lab.Settings{"x": lab.IntValue(2), "y": lab.IntValue(1)}
	var u undoStack
	if u.record(a, a, at); len(u.done) != 0 {
		t.Error("no change is recorded")
	}
	u.record(a, b, at)
	if _, ok := u.undo(a); ok || len(u.done) != 0 {
		t.Error("a change of other settings is undone")
	}
	for i := range undoDepth + 7 {
		at = at.Add(time.Minute)
		u.record(lab.Settings{"x": lab.IntValue(i)}, lab.Settings{"x": lab.IntValue(i + 1)}, at)
	}
	if len(u.done) != undoDepth {
		t.Errorf("%d changes are kept", len(u.done))
	}
}
