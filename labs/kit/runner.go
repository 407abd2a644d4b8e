package kit

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"resilab/labs/clock"
	"resilab/labs/lab"
)

// Engine is what one lab does, as opposed to what every lab does. A value of R is
// the work of one run: one measurement under one set of settings.
//
// The Runner calls one method at a time, except Fill, which is called at any time
// after Begin, also after End and Close, and must not wait for the others.
type Engine[R any] interface {
	// Open acquires what lasts longer than a run. After an error Close is called.
	Open(ctx context.Context, s lab.Settings) error
	// Begin starts the work of a run on goroutines of run.Go and returns it. The
	// work of the run before has ended. ctx bounds Begin itself.
	Begin(ctx context.Context, run *Run) (R, error)
	// Do performs an action of the Spec.
	Do(ctx context.Context, work R, action string) error
	// Fill adds metrics, troubles, notes, the number in flight and the detail to
	// a snapshot.
	Fill(work R, snap *lab.Snapshot)
	// End stops the work of a run before the context of the run ends. Engines whose
	// work ends with that context do nothing here. ctx bounds End itself.
	End(ctx context.Context, work R)
	// Close releases what Open acquired, as far as it came. No run is under way.
	Close(ctx context.Context) error
}

// Base is what the Runner offers to an engine.
type Base struct {
	Env   lab.Env
	Clock *clock.Clock
	Log   *ThrottledLog
	Valve *Valve // closed while the lab is paused

	rev     atomic.Uint64
	resting *Valve     // closed while the lab rests
	awake   *Stopwatch // held while the lab rests: the clock of the log
}

// Changed records that something visible has changed.
func (b *Base) Changed() { b.rev.Add(1) }

// Run is one measurement under one set of settings.
type Run struct {
	Number   int // 1 for the first run of a lab
	Seed     uint64
	Settings lab.Settings
	Watch    *Stopwatch // held while the lab is paused

	began  time.Duration // on the log's clock
	env    lab.Env
	ctx    context.Context
	cancel context.CancelFunc
	tasks  sync.WaitGroup
}

// Context ends when the run does.
func (r *Run) Context() context.Context { return r.ctx }

// Go starts work that the end of the run waits for. It has to return soon after
// ctx, the context of the run, ends. A panic ends this lab and no other.
func (r *Run) Go(work func(ctx context.Context)) {
	r.tasks.Go(r.env.Guarded(func() { work(r.ctx) }))
}

// Options say how large the log of a lab is.
type Options struct {
	LogSize int // events kept of either kind
	Shown   int // events in a snapshot
	Routine int // routine lines of one text a second
}

// Runner makes a lab.Lab of an Engine.
type Runner[R any] struct {
	*Base
	engine Engine[R]
	opt    Options

	turn sync.Mutex // one of Start, Apply, Do and Stop at a time

	mu      sync.Mutex
	run     *Run // the last one; nil: there was none
	work    R
	live    bool // the run is under way
	seed    uint64
	runs    int
	paused  bool
	rests   bool
	started bool
	stopped bool
}

// NewRunner returns a lab that is not started. The engine is made by newEngine.
func NewRunner[R any](env lab.Env, opt Options, newEngine func(*Base) Engine[R]) *Runner[R] {
	if env.Clock == nil {
		env.Clock = clock.New(nil)
	}
	began, awake := env.Clock.Now(), NewStopwatch(env.Clock.Now)
	base := &Base{Env: env, Clock: env.Clock, Valve: NewValve(), resting: NewValve(), awake: awake,
		Log: NewThrottledLog(opt.LogSize, opt.Routine, func() time.Time { return began.Add(awake.Elapsed()) })}
	return &Runner[R]{Base: base, opt: opt, engine: newEngine(base)}
}

// Start implements lab.Lab.
func (l *Runner[R]) Start(ctx context.Context, s lab.Settings, seed uint64) error {
	l.turn.Lock()
	defer l.turn.Unlock()
	l.mu.Lock()
	l.seed, l.started = seed, true
	l.mu.Unlock()
	err := l.engine.Open(ctx, s)
	if err == nil {
		err = l.begin(ctx, s)
	}
	if err != nil {
		return errors.Join(err, l.close(ctx))
	}
	return nil
}

// close ends the lab for good. l.turn is held.
func (l *Runner[R]) close(ctx context.Context) error {
	l.mu.Lock()
	l.stopped = true
	l.mu.Unlock()
	return l.engine.Close(ctx)
}

// Apply implements lab.Lab.
func (l *Runner[R]) Apply(ctx context.Context, s lab.Settings) error {
	l.turn.Lock()
	defer l.turn.Unlock()
	if l.ended() {
		return errStopped
	}
	l.end(ctx)
	return l.begin(ctx, s)
}

var errStopped = errors.New("the lab has stopped")

// begin starts a run. l.turn is held, and no run is under way.
func (l *Runner[R]) begin(ctx context.Context, s lab.Settings) error {
	run := l.newRun(ctx, s)
	work, err := l.engine.Begin(ctx, run)
	if err != nil {
		run.finish()
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.run, l.work, l.live = run, work, true
	if l.paused {
		run.Watch.Hold()
	}
	l.Changed()
	return nil
}

func (l *Runner[R]) newRun(ctx context.Context, s lab.Settings) *Run {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.runs++
	run := &Run{began: l.Log.Time(), Number: l.runs, Seed: l.seed, Settings: s, env: l.Env, Watch: NewStopwatch(l.Clock.Now)}
	run.ctx, run.cancel = context.WithCancel(context.WithoutCancel(ctx))
	return run
}

func (r *Run) finish() {
	r.cancel()
	r.tasks.Wait()
}

// end stops the run under way, if any. Its figures can still be read. l.turn is
// held.
func (l *Runner[R]) end(ctx context.Context) {
	run, work, live := l.current()
	if !live {
		return
	}
	l.engine.End(ctx, work)
	run.finish()
	l.mu.Lock()
	defer l.mu.Unlock()
	run.Watch.Hold()
	l.live = false
}

func (l *Runner[R]) current() (run *Run, work R, live bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.run, l.work, l.live
}

func (l *Runner[R]) ended() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.stopped || !l.started
}

// Pause implements lab.Lab.
func (l *Runner[R]) Pause() { l.setPaused(true) }

// Resume implements lab.Lab.
func (l *Runner[R]) Resume() { l.setPaused(false) }

func (l *Runner[R]) setPaused(paused bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.paused == paused {
		return
	}
	l.paused = paused
	if paused {
		l.Valve.Close()
	} else {
		l.Valve.Open()
	}
	if l.live {
		if paused {
			l.run.Watch.Hold()
		} else {
			l.run.Watch.Release()
		}
	}
	l.Changed()
}

// Step implements lab.Lab.
func (l *Runner[R]) Step() { l.Valve.Step() }

// Do implements lab.Lab.
func (l *Runner[R]) Do(ctx context.Context, action string) error {
	l.turn.Lock()
	defer l.turn.Unlock()
	_, work, live := l.current()
	if !live {
		return errStopped
	}
	if err := l.engine.Do(ctx, work, action); err != nil {
		return fmt.Errorf("action %s: %w", action, err)
	}
	return nil
}

// Snapshot implements lab.Lab.
func (l *Runner[R]) Snapshot() *lab.Snapshot {
	snap := &lab.Snapshot{Rev: l.rev.Load(), Metrics: map[string]float64{}}
	snap.Events, snap.EventTotal = l.Log.Last(l.opt.Shown)
	if run, work, _ := l.current(); run != nil {
		snap.Elapsed, snap.Began = run.Watch.Elapsed(), run.began
		l.engine.Fill(work, snap)
	}
	return snap
}

// Stop implements lab.Lab.
func (l *Runner[R]) Stop(ctx context.Context) error {
	l.turn.Lock()
	defer l.turn.Unlock()
	if l.ended() {
		return nil
	}
	l.end(ctx)
	return l.close(ctx)
}
