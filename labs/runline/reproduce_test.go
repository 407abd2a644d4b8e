package runline_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"resilab/brokers"
	"resilab/labs"
	"resilab/labs/lab"
	"resilab/labs/runline"
)

// steps is how many operations two runs are compared over.
const steps = 12

// reproduced are lines, and what of an event the seed decides: not how long
// something took.
var reproduced = map[string]struct {
	line string
	// drawn returns what was drawn; "" for other events.
	drawn func(lab.Event) string
}{
	"retry": {"retry?retries=5&base=2ms&cap=20ms&jitter=equal&failure-rate=0.6&seed=7", func(e lab.Event) string {
		return fmt.Sprint(e.Mark, e.Key, e.Args)
	}},
	"convoy": {"convoy?users=7&lanes=2&work=1ms&popularity=hot&seed=7", func(e lab.Event) string {
		if e.Mark != lab.MarkSent {
			return ""
		}
		return fmt.Sprint(e.Args)
	}},
	"cacheaside": {"cacheaside?db-latency=1ms&products=30&seed=7", func(e lab.Event) string {
		if len(e.Args) == 0 {
			return ""
		}
		return fmt.Sprint(e.Key, e.Args[0])
	}},
}

// A line reproduces a run: the same settings, the same seed, and in step mode the
// same draws. Another seed draws something else.
func TestALineReproducesTheRun(t *testing.T) {
	for _, e := range labs.All() {
		t.Run(e.Spec.ID, func(t *testing.T) {
			c, ok := reproduced[e.Spec.ID]
			if !ok {
				t.Fatal("no line of this lab is tested")
			}
			original := parse(t, c.line)
			if original.String() != c.line {
				t.Fatalf("%s is written as %s", c.line, original)
			}
			first, run := stepThrough(t, e, original, c.drawn)
			copied := parse(t, runline.Line{Spec: e.Spec, Seed: run.Seed, A: run.Knobs}.String())
			again, runAgain := stepThrough(t, e, copied, c.drawn)
			if run.Seed != 7 || runAgain.Seed != run.Seed || !maps.Equal(run.Knobs, runAgain.Knobs) {
				t.Errorf("seed %d and %v became seed %d and %v", run.Seed, run.Knobs, runAgain.Seed, runAgain.Knobs)
			}
			if len(first) < steps/3 || !slices.Equal(first, again) {
				t.Errorf("the copy drew\n%q, not\n%q", again, first)
			}
			original.Seed = 8
			if other, _ := stepThrough(t, e, original, c.drawn); slices.Equal(first, other) {
				t.Errorf("seeds 7 and 8 drew the same: %q", first)
			}
		})
	}
}

// stepThrough runs some operations one by one and returns what was drawn for them.
func stepThrough(t *testing.T, e labs.Entry, l runline.Line, drawn func(lab.Event) string) (draws []string, run lab.Run) {
	t.Helper()
	session, err := labs.NewSession(brokers.Choice{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := session.Close(); err != nil {
			t.Error(err)
		}
	}()
	exp, err := session.Experiment(e, labs.Setup{Seed: l.Seed})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := exp.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	}()
	if err := exp.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	exp.TogglePause()
	if err := exp.SetAll(l.A); err != nil { // a new run begins, in which nothing has arrived yet
		t.Fatal(err)
	}
	await(t, exp, func(*lab.Snapshot) bool { return exp.Settled() })
	before := exp.Snapshot().EventTotal
	for n := range steps {
		exp.Step()
		await(t, exp, func(s *lab.Snapshot) bool { return s.Metrics[e.Spec.Work] >= float64(n+1) && s.InFlight == 0 })
	}
	for _, event := range exp.Snapshot().Events {
		if d := drawn(event); event.Seq > before && d != "" {
			draws = append(draws, d)
		}
	}
	return draws, exp.Current()
}

// await waits until the snapshot is as wanted.
func await(t *testing.T, exp *lab.Experiment, wanted func(*lab.Snapshot) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !wanted(exp.Snapshot()) {
		select {
		case <-ctx.Done():
			t.Fatalf("still waiting; metrics %v", exp.Snapshot().Metrics)
		case <-tick.C:
		}
	}
}
