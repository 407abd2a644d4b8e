package fleet

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// Whatever is pushed in between, events come out in the order of their times, and
// all of them do.
func TestTheTimelineIsInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := newTimeline(uint(rapid.IntRange(15, 25).Draw(t, "width")))
		// Steps from nanoseconds to minutes reach the present, the wheel and beyond.
		step := rapid.Custom(func(t *rapid.T) int64 {
			return rapid.Int64Range(0, 1<<rapid.IntRange(0, 37).Draw(t, "scale")).Draw(t, "step")
		})
		var pending []int64
		now := int64(0)
		for i := range 300 {
			if rapid.IntRange(0, 2).Draw(t, "push") > 0 {
				at := now + step.Draw(t, "at")
				q.push(event{at, int32(i)})
				pending = append(pending, at)
				continue
			}
			e, ok := q.next()
			if ok != (len(pending) > 0) {
				t.Fatalf("next returned %v with %d pending", ok, len(pending))
			}
			if !ok {
				continue
			}
			slices.Sort(pending)
			if e.at != pending[0] {
				t.Fatalf("the next event is at %d, want %d", e.at, pending[0])
			}
			q.pop()
			pending, now = pending[1:], e.at
		}
		slices.Sort(pending)
		for _, want := range pending {
			if e, ok := q.next(); !ok || e.at != want {
				t.Fatalf("the next event is at %d, %v; want %d", e.at, ok, want)
			}
			q.pop()
		}
	})
}

func TestSpread(t *testing.T) {
	var s spread
	for _, x := range []float64{2, 4, 4, 4, 5, 5, 7, 9} {
		s.add(x)
	}
	if s.mean != 5 || math.Abs(s.deviation()-2.138) > 0.001 {
		t.Errorf("mean %v, deviation %v", s.mean, s.deviation())
	}
}
