package labtest

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"resilab/labs/clock"
	"resilab/labs/lab"
)

const (
	effectSpeed = 4               // of the clock
	effectTime  = 6 * time.Second // of the lab's time
	effectSize  = 0.25            // of the larger figure
	together    = 6               // runs at a time
)

// Effects makes the experiment of every knob. Runs under the same settings are
// made once.
func Effects(t *testing.T, s Subject) {
	runs := map[string]*trial{}
	add := func(settings lab.Settings) *trial {
		key := difference(s.Spec.Defaults(), settings)
		if runs[key] == nil {
			runs[key] = &trial{number: len(runs), settings: settings}
		}
		return runs[key]
	}
	type pair struct {
		knob          lab.Knob
		before, after *trial
	}
	var pairs []pair
	for _, k := range s.Spec.Knobs {
		if k.Effect.Metric == "" {
			continue
		}
		before, after, err := s.Spec.Experiment(k)
		if err != nil {
			t.Fatal(err)
		}
		pairs = append(pairs, pair{k, add(before), add(after)})
	}
	places := make(chan struct{}, together)
	t.Run("runs", func(t *testing.T) {
		for _, name := range slices.Sorted(maps.Keys(runs)) {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				places <- struct{}{}
				defer func() { <-places }()
				runs[name].make(t, s)
			})
		}
	})
	for _, p := range pairs {
		checkMoves(t, p.knob, p.before.metrics, p.after.metrics)
	}
}

// difference writes the settings that differ from the defaults.
func difference(defaults, settings lab.Settings) string {
	var words []string
	for id, v := range settings {
		if v != defaults[id] {
			words = append(words, id+"="+v.String())
		}
	}
	slices.Sort(words)
	return strings.Join(append(words, "else defaults"), " ")
}

// checkMoves: the metric differs by enough. One that is absent counts as 0.
func checkMoves(t *testing.T, k lab.Knob, before, after map[string]float64) {
	t.Helper()
	if before == nil || after == nil {
		t.Errorf("knob %s: its effect was not measured", k.ID)
		return
	}
	b, a := before[k.Effect.Metric], after[k.Effect.Metric]
	t.Logf("knob %s from %s to %s: %s goes from %.4g to %.4g", k.ID, k.Default, k.Effect.To, k.Effect.Metric, b, a)
	if a == b || math.Abs(a-b) < effectSize*math.Max(math.Abs(a), math.Abs(b)) {
		t.Errorf("knob %s from %s to %s (with %v): %s goes from %.4g to %.4g, which is no effect",
			k.ID, k.Default, k.Effect.To, k.Effect.With, k.Effect.Metric, b, a)
	}
}

// trial is a run of the lab whose figures are compared.
type trial struct {
	number   int
	settings lab.Settings
	metrics  map[string]float64 // nil: the run failed
}

func (r *trial) make(t *testing.T, s Subject) {
	s.Env.Namespace = fmt.Sprintf("%s-e%d", s.Env.Namespace, r.number)
	if s.InMemory {
		synctest.Test(t, func(t *testing.T) { r.measure(t, s) })
		return
	}
	r.measure(t, s)
}

// measure lets the lab work for a fixed time.
func (r *trial) measure(t *testing.T, s Subject) {
	s.Env.Clock = clock.New(nil)
	s.Env.Clock.SetSpeed(effectSpeed)
	l := startWith(t, s, r.settings, 1)
	defer stop(t, l)
	snap := await(t, l, "the time of the experiment has passed", func(snap *lab.Snapshot) bool {
		return snap.Elapsed >= effectTime
	})
	r.metrics = snap.Metrics
}
