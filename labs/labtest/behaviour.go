package labtest

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"resilab/labs/clock"
	"resilab/labs/i18n"
	"resilab/labs/lab"
)

// timeout bounds every wait. It is only reached where something is wrong.
const timeout = 20 * time.Second

// start starts the lab with its defaults on the wall clock.
func start(t *testing.T, s Subject) lab.Lab {
	t.Helper()
	s.Env.Clock = clock.New(nil)
	return startWith(t, s, s.Spec.Defaults(), 1)
}

func startWith(t *testing.T, s Subject, settings lab.Settings, seed uint64) lab.Lab {
	t.Helper()
	l := s.New(s.Env)
	if err := l.Start(t.Context(), settings, seed); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, l) })
	return l
}

func stop(t *testing.T, l lab.Lab) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	if err := l.Stop(ctx); err != nil {
		t.Error(err)
	}
}

// await is Await with the time-out of the suite.
func await(t *testing.T, l lab.Lab, what string, ok func(*lab.Snapshot) bool) *lab.Snapshot {
	t.Helper()
	return Await(t, l, timeout, what, ok)
}

// Await polls until ok holds for the lab's snapshot, and returns that snapshot. It
// ends the test after the limit, which should only be reached where something is
// wrong.
func Await(t *testing.T, l lab.Lab, limit time.Duration, what string, ok func(*lab.Snapshot) bool) *lab.Snapshot {
	t.Helper()
	deadline := time.Now().Add(limit)
	for {
		snap := l.Snapshot()
		if ok(snap) {
			return snap
		}
		if time.Now().After(deadline) {
			t.Fatalf("after %s still not: %s; in flight %d, metrics %v, troubles %v", limit, what, snap.InFlight, snap.Metrics, snap.Troubles)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// jumpingClock is the wall clock with hours that pass at once.
type jumpingClock struct{ ahead atomic.Int64 }

func (c *jumpingClock) now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

func checkWorks(t *testing.T, s Subject) {
	var base jumpingClock
	s.Env.Clock = clock.New(base.now)
	l := startWith(t, s, s.Spec.Defaults(), 1)
	done := func(n float64) func(*lab.Snapshot) bool {
		return func(snap *lab.Snapshot) bool { return snap.Metrics[s.Spec.Work] >= n }
	}
	await(t, l, "it works", done(3))
	l.Pause()
	idle := await(t, l, "it is idle", func(snap *lab.Snapshot) bool { return snap.InFlight == 0 })
	base.ahead.Add(int64(time.Hour))
	if now := l.Snapshot(); now.Elapsed != idle.Elapsed {
		t.Errorf("Elapsed went from %v to %v in a paused hour", idle.Elapsed, now.Elapsed)
	}
	before := idle.Metrics[s.Spec.Work]
	l.Step()
	await(t, l, "one step is done", done(before+1))
	l.Resume()
	snap := await(t, l, "it works again", done(before+3))
	if snap.Elapsed > idle.Elapsed+timeout {
		t.Errorf("Elapsed counts the pause: %v after %v", snap.Elapsed, idle.Elapsed)
	}
	if snap.EventTotal == 0 {
		t.Error("it works without a line in its log")
	}
	for id := range snap.Metrics {
		if _, ok := s.Spec.Metric(id); !ok {
			t.Errorf("metric %s is measured but not declared", id)
		}
	}
	checkEventTexts(t, s.Spec, snap)
}

func checkEventTexts(t *testing.T, spec *lab.Spec, snap *lab.Snapshot) {
	for _, lang := range i18n.Langs() {
		c, err := i18n.Load(lang, spec.Texts)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range snap.Events {
			if !c.Has(e.Key) {
				t.Errorf("%s: no text for the event %s", lang, e.Key)
			}
		}
		for _, n := range snap.Notes {
			if !c.Has(n.Key) {
				t.Errorf("%s: no text for the note %s", lang, n.Key)
			}
		}
	}
}

// steps is how many operations the draws of two runs are compared over.
const steps = 8

// checkDraws: a step is reproducible, and another seed draws other operations.
func checkDraws(t *testing.T, s Subject) {
	if s.Draws == nil {
		return
	}
	first, again, other := stepped(t, s, 1), stepped(t, s, 1), stepped(t, s, 2)
	if !slices.Equal(first, again) {
		t.Errorf("the same seed drew %v and %v", first, again)
	}
	if slices.Equal(first, other) {
		t.Errorf("seeds 1 and 2 drew the same: %v", first)
	}
}

// stepped returns what is drawn for the first operations of a run.
func stepped(t *testing.T, s Subject, seed uint64) []string {
	t.Helper()
	s.Env.Clock = clock.New(nil)
	s.Env.Namespace = fmt.Sprintf("%s-%d", s.Env.Namespace, seed)
	l := s.New(s.Env)
	l.Pause()
	if err := l.Start(t.Context(), s.Spec.Complete(s.Still), seed); err != nil {
		t.Fatal(err)
	}
	defer stop(t, l)
	for n := range steps {
		l.Step()
		await(t, l, "a step is done", func(snap *lab.Snapshot) bool {
			return snap.Metrics[s.Spec.Work] >= float64(n+1) && snap.InFlight == 0
		})
	}
	return s.Draws(l.Snapshot())
}

// checkKnobs changes each setting by one step of its knob, up and down.
func checkKnobs(t *testing.T, s Subject) {
	l := start(t, s)
	for _, k := range s.Spec.Knobs {
		if k.Setup {
			continue
		}
		for _, v := range []lab.Value{k.Next(k.Default, 1, false), k.Next(k.Default, -1, false)} {
			settings := s.Spec.Defaults().With(k.ID, v)
			if s.Spec.Check(settings) != nil {
				continue // forbidden by a rule beside this knob's default
			}
			ctx, cancel := context.WithTimeout(t.Context(), timeout)
			err := l.Apply(ctx, settings)
			cancel()
			if err != nil {
				t.Errorf("changing %s to %s: %v", k.ID, v, err)
			}
		}
	}
	if err := l.Apply(t.Context(), s.Spec.Defaults()); err != nil {
		t.Fatal(err)
	}
	await(t, l, "it works with its defaults again", func(snap *lab.Snapshot) bool { return snap.Metrics[s.Spec.Work] >= 1 })
}

// checkCrash: a panic in a goroutine of the lab is reported, and the lab can still
// be stopped.
func checkCrash(t *testing.T, s Subject) {
	var armed atomic.Bool
	s.Env.Clock = clock.New(func() time.Time {
		if armed.CompareAndSwap(true, false) {
			panic("the clock has stopped")
		}
		return time.Now()
	})
	crashed := make(chan any, 1)
	s.Env.Crashed = func(reason any, stack []byte) {
		if len(stack) == 0 {
			t.Error("a crash without a stack")
		}
		crashed <- reason
	}
	l := startWith(t, s, s.Spec.Defaults(), 1)
	armed.Store(true)
	select {
	case reason := <-crashed:
		if reason != "the clock has stopped" {
			t.Errorf("crashed by %v", reason)
		}
	case <-time.After(timeout):
		t.Error("the panic was not reported")
	}
	stop(t, l)
}

func checkStop(t *testing.T, s Subject) {
	l := start(t, s)
	stop(t, l)
	stop(t, l)
	if l.Snapshot() == nil {
		t.Error("a stopped lab has no snapshot")
	}
}
