package pane

import (
	"slices"
	"testing"
	"time"
)

func TestHistory(t *testing.T) {
	h := NewHistory(time.Second)
	for i := range 5 { // every other offer comes too early
		h.Sample(time.Duration(i)*500*time.Millisecond, map[string]float64{"x": float64(i)})
	}
	now, ghost := h.Series("x")
	if !slices.Equal(now, []float64{0, 2, 4}) || ghost != nil {
		t.Fatalf("%v, ghost %v", now, ghost)
	}
	h.KeepGhost()
	h.Sample(0, map[string]float64{"x": 9}) // a new run
	now, ghost = h.Series("x")
	if !slices.Equal(now, []float64{9}) || !slices.Equal(ghost, []float64{0, 2, 4}) {
		t.Fatalf("%v, ghost %v", now, ghost)
	}
}

func TestHistoryIsBounded(t *testing.T) {
	h := NewHistory(time.Second)
	for i := range 3 * historySize {
		h.Sample(time.Duration(i)*time.Second, map[string]float64{"x": float64(i)})
	}
	now, _ := h.Series("x")
	if len(now) != historySize || now[historySize-1] != 3*historySize-1 {
		t.Fatalf("%d samples, last %v", len(now), now[len(now)-1])
	}
	if now, _ := (*History)(nil).Series("x"); now != nil {
		t.Fatal("no history has samples")
	}
}
