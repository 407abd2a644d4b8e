package labtest

import (
	"fmt"
	"math"
	"testing"
	"time"

	"resilab/labs/clock"
	"resilab/labs/lab"
)

const (
	effectSpeed = 4               // of the clock
	effectTime  = 6 * time.Second // of the lab's time, at most
	effectWork  = 120             // operations, at most
	effectSize  = 0.1             // of the larger figure
	together    = 4               // knobs at a time
)

// checkEffects makes the experiment of every knob.
func checkEffects(t *testing.T, s Subject) {
	places := make(chan struct{}, together)
	t.Cleanup(func() { close(places) })
	t.Run("knobs", func(t *testing.T) {
		for _, k := range s.Spec.Knobs {
			if k.Effect.Metric == "" {
				continue
			}
			t.Run(k.ID, func(t *testing.T) {
				t.Parallel()
				places <- struct{}{}
				defer func() { <-places }()
				checkMoves(t, s, k)
			})
		}
	})
}

func checkMoves(t *testing.T, s Subject, k lab.Knob) {
	base := s.Spec.Complete(k.Effect.With)
	turned := s.Spec.Turn(base, k.ID, k.Effect.To)
	before, after := figure(t, s, k, base, "a"), figure(t, s, k, turned, "b")
	if math.Abs(before-after) < effectSize*math.Max(math.Abs(before), math.Abs(after)) || before == after {
		t.Errorf("%s from %s to %s: %s stays at %.4g, %.4g", k.ID, base[k.ID], k.Effect.To, k.Effect.Metric, before, after)
	}
}

// figure runs the lab for a while and returns what the knob should move.
func figure(t *testing.T, s Subject, k lab.Knob, settings lab.Settings, name string) float64 {
	t.Helper()
	s.Env.Clock = clock.New(nil)
	s.Env.Clock.SetSpeed(effectSpeed)
	s.Env.Namespace = fmt.Sprintf("%s-%s-%s", s.Env.Namespace, k.ID, name)
	l := startWith(t, s, settings, 1)
	defer stop(t, l)
	snap := await(t, l, "enough work is done", func(snap *lab.Snapshot) bool {
		return snap.Elapsed >= effectTime || snap.Metrics[s.Spec.Work] >= effectWork
	})
	return snap.Metrics[k.Effect.Metric]
}
