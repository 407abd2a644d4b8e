package kit_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"resilab/labs/kit"
	"resilab/labs/lab"
)

// counter is an engine that counts arrivals.
type counter struct {
	base   *kit.Base
	open   bool
	closed int // calls of Close
	failed error
}

type count struct {
	n     atomic.Int64
	ended bool
}

func (e *counter) Open(context.Context, lab.Settings) error {
	e.open = true
	return nil
}

func (e *counter) Begin(_ context.Context, run *kit.Run) (*count, error) {
	if e.failed != nil {
		return nil, e.failed
	}
	c := &count{}
	run.Go(func(ctx context.Context) {
		kit.Arrive(ctx, e.base.Clock, e.base.Valve, kit.Arrival{
			Gap: kit.Regular(float64(run.Settings.Int("rate"))),
			Do:  func(time.Time) { c.n.Add(1); e.base.Changed() },
		})
	})
	return c, nil
}

func (e *counter) Do(_ context.Context, c *count, action string) error {
	if action != "double" {
		return errors.New("no such action")
	}
	c.n.Add(c.n.Load())
	return nil
}

func (e *counter) Fill(c *count, snap *lab.Snapshot) { snap.Metrics["seen"] = float64(c.n.Load()) }
func (e *counter) End(_ context.Context, c *count)   { c.ended = true }
func (e *counter) Close(context.Context) error {
	e.open = false
	e.closed++
	return nil
}

func newCounter() (l *kit.Runner[*count], engine *counter) {
	l = kit.NewRunner(lab.Env{}, kit.Options{LogSize: 400, Shown: 200, Routine: 20}, func(b *kit.Base) kit.Engine[*count] {
		engine = &counter{base: b}
		return engine
	})
	return l, engine
}

func startCounter(t *testing.T) (*kit.Runner[*count], *counter) {
	t.Helper()
	l, engine := newCounter()
	if err := l.Start(t.Context(), lab.Settings{"rate": lab.IntValue(10)}, 7); err != nil {
		t.Fatal(err)
	}
	return l, engine
}

func seen(l lab.Lab) int { return int(l.Snapshot().Metrics["seen"]) }

func TestTheRunnerPausesStepsAndApplies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, engine := startCounter(t)
		time.Sleep(1050 * time.Millisecond)
		l.Pause()
		l.Pause()
		time.Sleep(time.Minute)
		if snap := l.Snapshot(); snap.Metrics["seen"] != 10 || snap.Elapsed != 1050*time.Millisecond {
			t.Errorf("paused: %v seen in %v", snap.Metrics["seen"], snap.Elapsed)
		}
		l.Step()
		synctest.Wait()
		if got := seen(l); got != 11 {
			t.Errorf("%d seen after a step", got)
		}
		if err := l.Apply(t.Context(), lab.Settings{"rate": lab.IntValue(100)}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if snap := l.Snapshot(); snap.Metrics["seen"] != 0 || snap.Elapsed != 0 {
			t.Errorf("a run that begins paused has seen %v in %v", snap.Metrics["seen"], snap.Elapsed)
		}
		l.Resume()
		time.Sleep(105 * time.Millisecond)
		if got := seen(l); got != 10 {
			t.Errorf("%d seen at the new rate", got)
		}
		if err := l.Do(t.Context(), "double"); err != nil || seen(l) != 20 {
			t.Errorf("Do: %v, %d seen", err, seen(l))
		}
		if err := l.Do(t.Context(), "nothing"); err == nil {
			t.Error("an unknown action is no error")
		}
		for range 2 {
			if err := l.Stop(t.Context()); err != nil {
				t.Error(err)
			}
		}
		time.Sleep(time.Minute)
		if engine.open || seen(l) != 20 || l.Snapshot().Elapsed != 105*time.Millisecond {
			t.Errorf("after Stop: open %v, %d seen in %v", engine.open, seen(l), l.Snapshot().Elapsed)
		}
		if err := l.Apply(t.Context(), nil); err == nil {
			t.Error("a stopped lab takes settings")
		}
	})
}

// Work at an interval stands still while the lab rests, and ends with the run.
func TestARestingLabDoesNothingAtAnInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, engine := startCounter(t)
		looks, returned := atomic.Int64{}, atomic.Bool{}
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			for engine.base.Awake(ctx) == nil && engine.base.Clock.Sleep(ctx, time.Second) == nil {
				looks.Add(1)
			}
			returned.Store(true)
		}()
		time.Sleep(10*time.Second + time.Millisecond)
		l.Rest(true)
		time.Sleep(time.Hour)
		if n := looks.Load(); n != 11 { // one was under way
			t.Errorf("%d looks in ten seconds and an hour of rest", n)
		}
		l.Rest(false)
		time.Sleep(10*time.Second + time.Millisecond) // past the tenth look
		if n := looks.Load(); n != 21 {
			t.Errorf("%d looks after the rest", n)
		}
		l.Rest(true)
		time.Sleep(time.Minute)
		cancel()
		synctest.Wait()
		if !returned.Load() {
			t.Error("it waits on after its context has ended")
		}
		if err := l.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// The times of the log are those of the run, also after a rest: the status row and the log
// are read together.
func TestTheLogRestsWithTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, engine := startCounter(t)
		time.Sleep(7 * time.Second)
		for range 2 { // the second one changes nothing
			l.Pause()
			l.Rest(true)
		}
		time.Sleep(2 * time.Minute)
		for range 2 {
			l.Resume()
			l.Rest(false)
		}
		time.Sleep(time.Second)
		engine.base.Log.Add(lab.MarkInfo, "here")
		snap := l.Snapshot()
		if at := snap.Events[len(snap.Events)-1].At - snap.Began; at != 8*time.Second || snap.Elapsed != at {
			t.Errorf("the log says %s, the run %s", at, snap.Elapsed)
		}
		if err := l.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestARunThatCannotBeginLeavesTheLabUsable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, engine := startCounter(t)
		engine.failed = errors.New("no broker")
		if err := l.Apply(t.Context(), lab.Settings{"rate": lab.IntValue(10)}); !errors.Is(err, engine.failed) {
			t.Errorf("err = %v", err)
		}
		engine.failed = nil
		if err := l.Apply(t.Context(), lab.Settings{"rate": lab.IntValue(10)}); err != nil {
			t.Error(err)
		}
		time.Sleep(550 * time.Millisecond)
		if got := seen(l); got != 5 {
			t.Errorf("%d seen", got)
		}
		if err := l.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// A lab that could not start is closed once, whatever is called afterwards.
func TestFailedStartClosesOnce(t *testing.T) {
	l, engine := newCounter()
	engine.failed = errors.New("no broker")
	if err := l.Start(t.Context(), lab.Settings{"rate": lab.IntValue(10)}, 7); !errors.Is(err, engine.failed) {
		t.Errorf("err = %v", err)
	}
	if err := l.Apply(t.Context(), lab.Settings{"rate": lab.IntValue(10)}); err == nil {
		t.Error("it takes settings")
	}
	if err := l.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	if engine.open || engine.closed != 1 {
		t.Errorf("open %v, closed %d times", engine.open, engine.closed)
	}
}
