package lab

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"time"

	"resilab/labs/clock"
)

// Phase is the state of an experiment.
type Phase int

// The phases of an experiment.
const (
	Starting Phase = iota
	Running
	Paused
	Failed // the lab could not start; the error says why
	Stopped
)

// speeds a person can choose; 1 is the middle.
var speeds = [...]float64{0.1, 0.25, 0.5, 1, 2, 4}

const normalSpeed = 3

// stopTimeout bounds how long stopping a lab may take before it is started again.
const stopTimeout = 5 * time.Second

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
	Settings Settings // nil: the Spec's defaults
	// Next are the settings of a second run, which follow when run A is kept. Nil:
	// the settings stay.
	Next Settings
	// Brokers returns what a run with the given settings uses, for its evidence:
	// {"amqp": "embedded", …}. Nil: nothing.
	Brokers func(Settings) map[string]string
}

// Experiment runs one lab for one person. Changing a setting returns at once: a
// goroutine of the experiment passes the newest settings to the lab.
type Experiment struct {
	opt    Options
	worker *worker
	visitor
	captures

	mu       sync.Mutex
	phase    Phase
	err      error
	lab      Lab
	settings Settings // as shown
	active   Settings // as the lab measures now
	applying bool     // a job that applies the settings waits already
	speed    int      // index into speeds
	resting  bool     // nobody looks
}

// NewExperiment returns an experiment that is not started.
func NewExperiment(opt Options) *Experiment {
	if opt.Settings == nil {
		opt.Settings = opt.Spec.Defaults()
	}
	if opt.Env.Clock == nil {
		opt.Env.Clock = clock.New(nil)
	}
	e := &Experiment{opt: opt, settings: opt.Settings, speed: normalSpeed, worker: newWorker()}
	if opt.Env.Guest {
		e.limits = opt.Spec.Limits
	}
	return e
}

// Spec returns the lab's declaration.
func (e *Experiment) Spec() *Spec { return e.opt.Spec }

// Seed returns the seed of every run.
func (e *Experiment) Seed() uint64 { return e.opt.Seed }

// Start starts the lab and returns when it is live or has failed. After a
// failure Restart tries again. The caller must call Stop in either case.
func (e *Experiment) Start(ctx context.Context) error {
	for _, s := range []Settings{e.opt.Settings, e.opt.Next} {
		if s == nil {
			continue // no second run
		}
		if err := e.opt.Spec.Check(s); err != nil {
			return err
		}
	}
	e.opt.Env.Capacity.Add(e.opt.Env.Clock)
	e.worker.start(context.WithoutCancel(ctx), e.opt.Env)
	return e.startLab(ctx)
}

func (e *Experiment) startLab(ctx context.Context) error {
	l := e.opt.New(e.opt.Env)
	settings := e.Settings()
	err := l.Start(ctx, e.allowed(settings), e.opt.Seed)
	e.mu.Lock()
	defer e.mu.Unlock()
	if err != nil {
		e.phase, e.err = Failed, fmt.Errorf("starting the lab %s: %w", e.opt.Spec.ID, err)
		return e.err
	}
	e.lab, e.err, e.active = l, nil, settings
	if e.phase != Paused {
		e.phase = Running
	}
	if e.phase == Paused || e.resting {
		hold(l, e.phase, e.resting)
	}
	return nil
}

// hold pauses, resumes and rests a lab as its phase asks for.
func hold(l Lab, phase Phase, resting bool) {
	if phase == Paused || resting {
		l.Pause()
	} else {
		l.Resume()
	}
	if r, ok := l.(Rester); ok {
		r.Rest(resting)
	}
}

// Rest makes a lab rest that nobody looks at, or ends that: no operation arrives,
// and nothing is done at an interval. What is under way is finished. Phase is that
// of the lab when a person looks.
func (e *Experiment) Rest(on bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.resting = on
	if e.phase == Running || e.phase == Paused {
		hold(e.lab, e.phase, e.resting)
	}
}

// Settings returns the present settings.
func (e *Experiment) Settings() Settings {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.settings
}

// Set changes one knob and those that it bundles. The error is a *KnobError;
// nothing changes then.
func (e *Experiment) Set(id string, v Value) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.set(e.opt.Spec.Turn(e.settings, id, v))
}

// SetAll replaces the settings. The error is a *KnobError; nothing changes then.
func (e *Experiment) SetAll(next Settings) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.set(next)
}

// set replaces the settings; e.mu is held. Many quick changes are applied at once.
func (e *Experiment) set(next Settings) error {
	if err := e.opt.Spec.Check(next); err != nil {
		return err
	}
	if maps.Equal(e.settings, next) {
		return nil
	}
	e.settings = next
	if !e.applying {
		e.applying = true
		e.worker.enqueue(e.apply)
	}
	return nil
}

// apply passes the newest settings to the lab.
func (e *Experiment) apply(ctx context.Context) {
	e.mu.Lock()
	e.applying = false
	l, settings := e.lab, e.settings
	e.mu.Unlock()
	if l == nil {
		return // not started: the settings are used when it is
	}
	err := l.Apply(ctx, e.allowed(settings))
	e.mu.Lock()
	defer e.mu.Unlock()
	e.active, e.err = settings, err
}

func (e *Experiment) finish(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.err = err
}

// Settled reports whether the lab works with the settings shown.
func (e *Experiment) Settled() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.worker.idle() && maps.Equal(e.settings, e.active)
}

// Phase returns the state of the experiment, and the last error of starting,
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
	case Paused:
		e.phase = Running
	default:
		return
	}
	hold(e.lab, e.phase, e.resting)
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

// Speed returns how fast the lab's time passes, 1 is normal, and whether that is
// slower than was chosen because the labs of the process do more than it can.
func (e *Experiment) Speed() (speed float64, slowed bool) {
	c := e.opt.Env.Clock
	return c.Speed(), c.Limit() < 1
}

// ChangeSpeed goes dir steps through 0.1, 0.25, 0.5, 1, 2, 4. What is measured
// stays as it is: the lab's clock runs faster or slower.
func (e *Experiment) ChangeSpeed(dir int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.speed = min(len(speeds)-1, max(0, e.speed+dir))
	e.opt.Env.Clock.SetSpeed(speeds[e.speed])
}

// Do performs an action of the lab soon. Phase returns its error.
func (e *Experiment) Do(action string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	l := e.lab
	if l == nil {
		return
	}
	e.worker.enqueue(func(ctx context.Context) { e.finish(l.Do(ctx, action)) })
}

// Restart starts a fresh lab with the same settings and seed. Captured runs are
// kept.
func (e *Experiment) Restart() {
	e.worker.enqueue(func(ctx context.Context) {
		e.mu.Lock()
		old := e.lab
		e.mu.Unlock()
		if old != nil {
			stopCtx, cancel := context.WithTimeout(ctx, stopTimeout)
			defer cancel()
			if err := old.Stop(stopCtx); err != nil {
				e.finish(fmt.Errorf("stopping the lab %s: %w", e.opt.Spec.ID, err))
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
	run := Run{Lab: e.opt.Spec.ID, Seed: e.opt.Seed, Knobs: e.allowed(e.active)}
	e.mu.Unlock()
	run.Brokers = e.Brokers()
	if snap != nil {
		run.Metrics = snap.Metrics
		run.Events = snap.EventTotal
		run.Duration = snap.Elapsed.Seconds()
	}
	return run
}

// Brokers returns the brokers of the session that the run under way uses. The
// map is the caller's.
func (e *Experiment) Brokers() map[string]string {
	e.mu.Lock()
	active := e.active
	e.mu.Unlock()
	if e.opt.Brokers == nil || active == nil {
		return map[string]string{}
	}
	return e.opt.Brokers(active)
}

// CaptureA keeps the run under way as run A. The first time, the settings then
// become those of Options.Next, if there are any.
func (e *Experiment) CaptureA() Run {
	run := e.KeepA(e.Current())
	e.mu.Lock()
	defer e.mu.Unlock()
	if next := e.opt.Next; next != nil {
		e.opt.Next = nil
		_ = e.set(next) // was checked when the experiment started
	}
	return run
}

// CaptureB keeps the run under way as run B.
func (e *Experiment) CaptureB() Run { return e.keepB(e.Current()) }

// Stop stops the lab and removes everything that it declared. A second call does
// nothing. A panic of the lab is reported to Env.Crashed, if that is set.
func (e *Experiment) Stop(ctx context.Context) (err error) {
	e.worker.stop()
	e.opt.Env.Capacity.Remove(e.opt.Env.Clock)
	e.mu.Lock()
	l := e.lab
	e.phase = Stopped
	e.mu.Unlock()
	if l == nil {
		return nil
	}
	e.opt.Env.Guarded(func() { err = l.Stop(ctx) })()
	if err != nil {
		return fmt.Errorf("stopping the lab %s: %w", e.opt.Spec.ID, err)
	}
	return nil
}
