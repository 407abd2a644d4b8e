package convoy

import (
	"context"
	"fmt"
	"resilab/labs/clock"
	"sync"
	"sync/atomic"

	"resilab/labs/lab"
)

// engine is the lab: one epoch after another.
type engine struct {
	env     lab.Env
	journal *journal
	rev     atomic.Uint64

	turn sync.Mutex // Start, Apply, Do and Stop, one at a time
	seed uint64
	made int // epochs so far

	mu      sync.Mutex
	epoch   *epoch
	paused  bool
	stopped bool
}

// New makes the lab. It connects when it starts.
func New(env lab.Env) lab.Lab {
	if env.Clock == nil {
		env.Clock = clock.New(nil)
	}
	return &engine{env: env, journal: newJournal(env.Clock.Now)}
}

// Limits for a visitor over the network.
const guestRate, guestUsers, guestLanes = 500, 50, 6

// allowed refuses what is too much for a guest.
func (l *engine) allowed(s lab.Settings) error {
	if !l.env.Guest {
		return nil
	}
	for _, limit := range []struct {
		id   string
		most int
	}{{"rate", guestRate}, {"users", guestUsers}, {"lanes", guestLanes}} {
		if n := s.Int(limit.id); n > limit.most {
			return &lab.KnobError{Knob: limit.id, Value: s[limit.id].String(), Allowed: fmt.Sprintf("1..%d", limit.most)}
		}
	}
	return nil
}

// Start implements lab.Lab.
func (l *engine) Start(ctx context.Context, s lab.Settings, seed uint64) error {
	l.turn.Lock()
	defer l.turn.Unlock()
	l.seed = seed
	if err := l.allowed(s); err != nil {
		return err
	}
	e, err := l.begin(ctx, s)
	if err != nil && e != nil {
		e.stop()
	}
	return err
}

// Apply implements lab.Lab. A broker that is away is no error here: the lab
// says so and goes on when it is back.
func (l *engine) Apply(ctx context.Context, s lab.Settings) error {
	l.turn.Lock()
	defer l.turn.Unlock()
	if err := l.allowed(s); err != nil {
		return err
	}
	if old := l.current(); old != nil {
		old.stop()
	}
	if e, err := l.begin(ctx, s); e == nil {
		return err
	}
	return ctx.Err()
}

// begin starts the next epoch; l.turn is held.
func (l *engine) begin(ctx context.Context, s lab.Settings) (*epoch, error) {
	l.made++
	url, err := l.env.Open(ctx, brokerKind(s))
	if err != nil {
		return nil, err
	}
	opt := brokerOptions{url: url, namespace: fmt.Sprintf("%s.%d", l.env.Namespace, l.made)}
	e := newEpoch(newConfig(s, l.seed), opt, l.env, l.journal, &l.rev)
	l.mu.Lock()
	e.paused = l.paused
	l.epoch = e
	l.mu.Unlock()
	return e, e.start(ctx)
}

// Needs returns the kinds of brokers that a run with the given settings opens.
func Needs(s lab.Settings) []string { return []string{brokerKind(s)} }

func brokerKind(s lab.Settings) string {
	if s.Text("engine") == engineKafka {
		return lab.Kafka
	}
	return lab.AMQP
}

func (l *engine) current() *epoch {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.epoch
}

// Pause implements lab.Lab: nobody orders.
func (l *engine) Pause() { l.setPaused(true) }

// Resume implements lab.Lab.
func (l *engine) Resume() { l.setPaused(false) }

func (l *engine) setPaused(on bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.paused = on
	if l.epoch != nil {
		l.epoch.setPaused(on)
	}
}

// Step implements lab.Lab: one order is placed.
func (l *engine) Step() {
	if e := l.current(); e != nil {
		e.step()
	}
}

// Do implements lab.Lab.
func (l *engine) Do(ctx context.Context, action string) error {
	l.turn.Lock()
	defer l.turn.Unlock()
	e := l.current()
	if e == nil {
		return nil
	}
	return e.do(ctx, action)
}

// Snapshot implements lab.Lab.
func (l *engine) Snapshot() *lab.Snapshot {
	snap := &lab.Snapshot{Rev: l.rev.Load(), Metrics: map[string]float64{}, Detail: &Detail{}}
	snap.Events, snap.EventTotal = l.journal.log.Last(shownEvents)
	e := l.current()
	if e == nil {
		return snap
	}
	snap.Metrics, snap.Elapsed, snap.InFlight = e.figures()
	snap.Troubles = e.troubles()
	snap.Detail = e.detail()
	return snap
}

// Stop implements lab.Lab.
func (l *engine) Stop(ctx context.Context) error {
	l.turn.Lock()
	defer l.turn.Unlock()
	e := l.current()
	if e == nil || l.stopped {
		return nil
	}
	l.stopped = true
	done := make(chan struct{})
	go l.env.Guarded(func() {
		defer close(done)
		e.stop()
	})()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("leaving RabbitMQ: %w", ctx.Err())
	}
}
