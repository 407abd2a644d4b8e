package lab

import (
	"context"
	"runtime/debug"
	"time"

	"resilab/brokers/kind"
	"resilab/labs/clock"
)

// Kinds of brokers that a lab can open.
const (
	AMQP  = kind.AMQP
	Redis = kind.Redis
	Kafka = kind.Kafka
	NATS  = kind.NATS
)

// Env is what a lab may use of the world around it.
type Env struct {
	// Open returns the URL of a broker, real or embedded, by its kind (AMQP,
	// Redis, Kafka, NATS), and starts the embedded one when it is first needed. A
	// lab opens what it uses and nothing else: a run reports what was opened.
	Open func(ctx context.Context, kind string) (url string, err error)
	// Namespace is a short unique word (letters, digits, '-') that prefixes
	// everything the lab declares in a broker.
	Namespace string
	// Guest is set for a visitor over the network: no listening port, lower limits.
	Guest bool
	// Clock is the time of the lab. It runs at the speed that the person chose;
	// everything that is measured or waited for is in this time.
	Clock *clock.Clock
	Shared
}

// Shared is what keeps the labs of a process that many people share from disturbing
// each other. The zero value is for one person's process.
type Shared struct {
	// Capacity slows the clocks of labs that do more than their share of what the
	// process can do. Nil: none is slowed.
	Capacity *clock.Capacity
	// Turn waits until a heavy computation, such as a simulation, may run; the lab
	// must call done afterwards. Where many people share a process it keeps one
	// lab from slowing down the others. Nil: it may always run.
	Turn func(ctx context.Context) (done func(), err error)
	// Crashed is called when a goroutine of the lab panics. Where many people share
	// a process it must end one lab, not all. Nil: the panic ends the program.
	Crashed func(reason any, stack []byte)
}

// WaitTurn calls Turn if it is set. The caller must call done.
func (env Env) WaitTurn(ctx context.Context) (done func(), err error) {
	if env.Turn == nil {
		return func() {}, nil
	}
	return env.Turn(ctx)
}

// Guarded wraps work for a goroutine of the lab so that panics are reported to
// Crashed.
func (env Env) Guarded(work func()) func() {
	if env.Crashed == nil {
		return work
	}
	return func() {
		defer env.Contain()
		work()
	}
}

// Contain reports a panic to Crashed. Functions that a library calls on its own
// goroutine defer it.
func (env Env) Contain() {
	if env.Crashed == nil {
		return
	}
	if reason := recover(); reason != nil {
		env.Crashed(reason, debug.Stack())
	}
}

// Lab is a running engine. All methods are safe for concurrent use, and only
// Start, Apply, Do and Stop may take longer than a few microseconds.
//
// A Lab is used once: Start, then any of the others, then Stop. After a Pause
// before Start it starts paused.
type Lab interface {
	// Start begins the work. It returns when the lab is live, or an error
	// that names what failed. The lab works until Stop, not until ctx ends:
	// ctx bounds Start itself.
	Start(ctx context.Context, s Settings, seed uint64) error
	// Apply changes settings of a running lab and resets its metrics: it starts a
	// new run with the same seed, because figures belong to one set of settings.
	// What is under way under the old settings is not counted.
	Apply(ctx context.Context, s Settings) error
	// Pause stops new work from arriving; Resume lets it arrive again.
	Pause()
	Resume()
	// Step lets exactly one operation arrive while paused.
	Step()
	// Do performs one of the Spec's actions.
	Do(ctx context.Context, action string) error
	// Snapshot returns the present state. It never waits for the engine.
	Snapshot() *Snapshot
	// Stop ends all work, waits for its goroutines and removes everything
	// the lab declared. A second call does nothing.
	Stop(ctx context.Context) error
}

// Rester is a Lab that looks at its surroundings at an interval, such as at the
// ages of copies. Rest stops that, which is called only while the lab is paused,
// and lets it go on.
type Rester interface{ Rest(on bool) }

// Snapshot is what a lab looks like at one moment. It is immutable.
type Snapshot struct {
	// Rev grows whenever something that can be seen has changed.
	Rev uint64
	// Elapsed is how long the run has taken in the lab's time, without pauses.
	Elapsed time.Duration
	// Began is when the run began, on the clock of the events: an event at Began is
	// the first moment of the run.
	Began time.Duration
	// InFlight counts operations that have begun and not ended; a paused lab whose
	// InFlight is 0 is idle.
	InFlight int
	// Metrics by id. A figure that is not known yet is absent.
	Metrics map[string]float64
	// Events are the newest events, oldest first; EventTotal counts all.
	Events     []Event
	EventTotal uint64
	// Troubles are the present faults, such as a broker that is away.
	Troubles []Trouble
	// Notes are what a person should know now, such as the address of the lab's
	// HTTP server.
	Notes []Note
	// Detail is what the pane of this lab draws; the pane asserts its type.
	Detail any
}

// Note is a fact in the catalogue's words.
type Note struct {
	Key  string
	Args []any
}

// Trouble is a present fault in the catalogue's words. Since is the moment it began.
type Trouble struct {
	Key   string
	Args  []any
	Since time.Time
}

// Factory makes a fresh lab.
type Factory func(Env) Lab
