package lab

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"time"
)

// Phase is where an experiment stands.
type Phase int

const (
	Starting Phase = iota
	Running
	Paused
	Failed // the lab could not start; Err tells why
	Stopped
)

// speeds a person can choose; 1 is the middle.
var speeds = [...]float64{0.1, 0.25, 0.5, 1, 2, 4}

const normalSpeed = 3

// stopPatience bounds how long leaving a lab may take.
const stopPatience = 5 * time.Second

// Run is the evidence of one measurement: enough to run it again.
type Run struct {
	Lab      string             `json:"lab"`
	Seed     uint64             `json:"seed"`
	Brokers  map[string]string  `json:"brokers"`
	Knobs    Settings           `json:"knobs"`
	Metrics  map[string]float64 `json:"metrics"`
	Events   uint64             `json:"events"`
	Duration float64            `json:"duration_s"`
}

// Options of an experiment. Spec and New are required.
type Options struct {
	Spec     *Spec
	New      Factory
	Env      Env
	Seed     uint64
	Settings Settings          // nil: the Spec's defaults
	Brokers  map[string]string // named in every Run: {"amqp": "embedded", …}
}

// Experiment runs one lab for one person. Turning a knob returns at once: a
// goroutine of the experiment's own hands the newest settings to the lab.
type Experiment struct {
	opt Options

	mu       sync.Mutex
	phase    Phase
	err      error
	lab      Lab
	settings Settings // as shown
	active   Settings // as the lab measures now
	speed    int      // index into speeds
	a, b     *Run
	jobs     []func(context.Context) // waiting for the worker
	applying bool                    // an apply job waits already
	busy     bool                    // the worker is at a job

	wake   chan struct{}
	cancel context.CancelFunc
	done   chan struct{}
}

// NewExperiment returns an experiment that is not started yet.
func NewExperiment(opt Options) *Experiment {
	if opt.Settings == nil {
		opt.Settings = opt.Spec.Defaults()
	}
	if opt.Env.Now == nil {
		opt.Env.Now = time.Now
	}
	e := &Experiment{opt: opt, settings: opt.Settings, speed: normalSpeed, wake: make(chan struct{}, 1)}
	e.opt.Env.Shown = e.Settings
	return e
}

// Spec returns the lab's declaration.
func (e *Experiment) Spec() *Spec { return e.opt.Spec }

// Seed returns the seed of every run.
func (e *Experiment) Seed() uint64 { return e.opt.Seed }

// Start starts the lab and returns when it is live or has failed. After a
// failure Restart tries again; Stop is due in either case.
func (e *Experiment) Start(ctx context.Context) error {
	if err := e.opt.Spec.Check(e.opt.Settings); err != nil {
		return err
	}
	e.startWorker(context.WithoutCancel(ctx))
	return e.startLab(ctx)
}

func (e *Experiment) startWorker(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.cancel, e.done = cancel, make(chan struct{})
	done := e.done
	go e.opt.Env.Guarded(func() { e.work(ctx, done) })()
}

func (e *Experiment) startLab(ctx context.Context) error {
	l := e.opt.New(e.opt.Env)
	shown, settings := e.wanted()
	err := l.Start(ctx, settings, e.opt.Seed)
	e.mu.Lock()
	defer e.mu.Unlock()
	if err != nil {
		e.phase, e.err = Failed, fmt.Errorf("starting the lab %s: %w", e.opt.Spec.ID, err)
		return e.err
	}
	e.lab, e.err, e.active = l, nil, shown
	if e.phase == Paused {
		l.Pause()
	} else {
		e.phase = Running
	}
	return nil
}

// wanted returns the settings as shown, and as the engine gets them.
func (e *Experiment) wanted() (shown, engine Settings) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.settings, e.opt.Spec.AtSpeed(e.settings, speeds[e.speed])
}

// work runs the jobs one after another until the experiment stops.
func (e *Experiment) work(ctx context.Context, done chan<- struct{}) {
	defer close(done)
	for {
		select {
		case <-ctx.Done():
			return
		case <-e.wake:
		}
		for ctx.Err() == nil {
			job := e.nextJob()
			if job == nil {
				break
			}
			job(ctx)
		}
	}
}

func (e *Experiment) nextJob() func(context.Context) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.busy = len(e.jobs) > 0
	if !e.busy {
		return nil
	}
	job := e.jobs[0]
	e.jobs = e.jobs[1:]
	return job
}

// enqueue adds a job; e.mu is held.
func (e *Experiment) enqueue(job func(context.Context)) {
	e.jobs = append(e.jobs, job)
	select {
	case e.wake <- struct{}{}:
	default:
	}
}

// Settings returns the present settings, at normal speed.
func (e *Experiment) Settings() Settings {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.settings
}

// Set turns one knob, and those that it bundles. The error is a *KnobError; nothing changes then.
func (e *Experiment) Set(id string, v Value) error {
	e.mu.Lock()
	next := e.opt.Spec.Turn(e.settings, id, v)
	e.mu.Unlock()
	return e.SetAll(next)
}

// SetAll replaces the settings. The error is a *KnobError; nothing changes then.
func (e *Experiment) SetAll(next Settings) error {
	if err := e.opt.Spec.Check(next); err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if maps.Equal(e.settings, next) {
		return nil
	}
	e.settings = next
	e.applySoon()
	return nil
}

// applySoon hands the newest settings to the lab, once for many quick turns
// of a knob; e.mu is held.
func (e *Experiment) applySoon() {
	if e.applying {
		return
	}
	e.applying = true
	e.enqueue(func(ctx context.Context) {
		e.mu.Lock()
		e.applying = false
		l := e.lab
		e.mu.Unlock()
		if l == nil {
			return // not started: the settings are taken when it does
		}
		shown, settings := e.wanted()
		err := l.Apply(ctx, settings)
		e.mu.Lock()
		defer e.mu.Unlock()
		e.active, e.err = shown, err
	})
}

func (e *Experiment) finish(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.err = err
}

// Settled tells whether the lab works with the settings shown.
func (e *Experiment) Settled() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.jobs) == 0 && !e.busy && maps.Equal(e.settings, e.active)
}

// Phase returns where the experiment stands, and the last error of starting,
// applying or acting, if any.
func (e *Experiment) Phase() (Phase, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.phase, e.err
}

// TogglePause pauses or resumes.
func (e *Experiment) TogglePause() {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch e.phase {
	case Running:
		e.phase = Paused
		e.lab.Pause()
	case Paused:
		e.phase = Running
		e.lab.Resume()
	}
}

// Step lets one operation arrive, pausing first if needed.
func (e *Experiment) Step() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.phase == Running {
		e.phase = Paused
		e.lab.Pause()
	}
	if e.phase == Paused {
		e.lab.Step()
	}
}

// Speed returns the present speed; 1 is normal.
func (e *Experiment) Speed() float64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return speeds[e.speed]
}

// ChangeSpeed goes dir steps through 0.1, 0.25, 0.5, 1, 2, 4.
func (e *Experiment) ChangeSpeed(dir int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	next := min(len(speeds)-1, max(0, e.speed+dir))
	if next == e.speed {
		return
	}
	e.speed = next
	e.applySoon()
}

// Do performs an action of the lab soon; its error shows in Phase.
func (e *Experiment) Do(action string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.lab == nil {
		return
	}
	e.enqueue(func(ctx context.Context) {
		e.mu.Lock()
		l := e.lab
		e.mu.Unlock()
		e.finish(l.Do(ctx, action))
	})
}

// Restart begins the lab anew with the same settings and seed: nothing of
// the old run remains. Captured runs are kept.
func (e *Experiment) Restart() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.enqueue(func(ctx context.Context) {
		e.mu.Lock()
		old := e.lab
		e.mu.Unlock()
		if old != nil {
			stopCtx, cancel := context.WithTimeout(ctx, stopPatience)
			defer cancel()
			if err := old.Stop(stopCtx); err != nil {
				e.finish(fmt.Errorf("stopping the old run: %w", err))
				return
			}
		}
		e.finish(e.startLab(ctx))
	})
}

// Snapshot returns the lab's present state, or nil before it has started.
func (e *Experiment) Snapshot() *Snapshot {
	e.mu.Lock()
	l := e.lab
	e.mu.Unlock()
	if l == nil {
		return nil
	}
	return l.Snapshot()
}

// Current returns the evidence of the run under way.
func (e *Experiment) Current() Run {
	snap := e.Snapshot()
	e.mu.Lock()
	run := Run{Lab: e.opt.Spec.ID, Seed: e.opt.Seed, Brokers: e.opt.Brokers, Knobs: e.active}
	e.mu.Unlock()
	if snap != nil {
		run.Brokers = merged(run.Brokers, snap.Brokers)
		run.Metrics = snap.Metrics
		run.Events = snap.EventTotal
		run.Duration = snap.Elapsed.Seconds()
	}
	return run
}

func merged(a, b map[string]string) map[string]string {
	all := make(map[string]string, len(a)+len(b))
	maps.Copy(all, a)
	maps.Copy(all, b)
	return all
}

// CaptureA keeps the run under way as run A.
func (e *Experiment) CaptureA() Run { return e.capture(&e.a) }

// CaptureB keeps the run under way as run B.
func (e *Experiment) CaptureB() Run { return e.capture(&e.b) }

func (e *Experiment) capture(slot **Run) Run {
	run := e.Current()
	e.mu.Lock()
	defer e.mu.Unlock()
	*slot = &run
	return run
}

// Captured returns runs A and B; nil where none was captured.
func (e *Experiment) Captured() (a, b *Run) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.a, e.b
}

// ClearCaptured forgets runs A and B.
func (e *Experiment) ClearCaptured() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.a, e.b = nil, nil
}

// Stop ends the lab and everything of it. A second call does nothing.
func (e *Experiment) Stop(ctx context.Context) error {
	e.mu.Lock()
	cancel, done := e.cancel, e.done
	e.cancel = nil
	e.mu.Unlock()
	if cancel != nil {
		cancel()
		<-done
	}
	e.mu.Lock()
	l := e.lab
	e.phase = Stopped
	e.mu.Unlock()
	if l == nil {
		return nil
	}
	if err := l.Stop(ctx); err != nil {
		return fmt.Errorf("stopping the lab %s: %w", e.opt.Spec.ID, err)
	}
	return nil
}
