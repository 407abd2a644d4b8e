package retry

import (
	"context"
	"fmt"
	"net/http"
	"resilab/labs/clock"
	"sync"
	"sync/atomic"
	"time"

	"resilab/labs/lab"
	"resilab/labs/retry/gateway"
)

const (
	logSize     = 1000
	logShown    = 200
	actionBreak = 5 * time.Second // length of an outage on demand
)

// Lab is the running engine.
type Lab struct {
	env      lab.Env
	start    time.Time
	log      *lab.Log
	recorder recorder
	valve    *valve
	crowds   crowds
	rev      atomic.Uint64

	gateway   *gateway.Gateway
	transport *http.Transport

	turning sync.Mutex // held while a run is replaced

	mu        sync.Mutex
	run       *run
	runs      int
	stopped   bool
	watch     stopwatch
	awaySince time.Time // when the student's own gateway stopped answering
	limited   bool      // a visitor asked for more than is allowed
}

// New makes a lab that is not started yet.
func New(env lab.Env) lab.Lab {
	if env.Clock == nil {
		env.Clock = clock.New(nil)
	}
	return &Lab{
		env: env, start: env.Clock.Now(), valve: newValve(), transport: newTransport(),
		log: lab.NewLog(logSize, env.Clock.Now),
	}
}

// Start opens the gateway and lets the first operation arrive.
func (l *Lab) Start(ctx context.Context, s lab.Settings, seed uint64) error {
	p, err := l.plan(s, seed)
	if err != nil {
		return err
	}
	l.gateway, err = gateway.Start(ctx, p.gateway, l.env.Clock.Now)
	if err != nil {
		return err
	}
	l.begin(p, seed)
	return nil
}

// Apply ends the operations under way and begins a new run.
func (l *Lab) Apply(_ context.Context, s lab.Settings) error {
	l.turning.Lock()
	defer l.turning.Unlock()
	l.mu.Lock()
	old, stopped := l.run, l.stopped
	l.mu.Unlock()
	if stopped || old == nil {
		return nil
	}
	p, err := l.plan(s, old.seed)
	if err != nil {
		return err
	}
	old.stop()
	l.gateway.Reset(p.gateway)
	l.recorder.clear()
	l.begin(p, old.seed)
	return nil
}

func (l *Lab) plan(s lab.Settings, seed uint64) (*plan, error) {
	p, err := newPlan(s, seed)
	if err != nil {
		return nil, err
	}
	if !l.env.Guest {
		return p, nil
	}
	if p.url != "" {
		return nil, &lab.KnobError{Knob: "gateway-url", Value: p.url, Allowed: "empty, for visitors"}
	}
	limited := p.forGuest()
	l.mu.Lock()
	l.limited = limited
	l.mu.Unlock()
	return p, nil
}

func (l *Lab) begin(p *plan, seed uint64) {
	url := p.url
	if url == "" {
		url = l.gateway.URL()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.runs++
	// Every run has keys of its own: a foreign gateway remembers those of the last.
	keys := fmt.Sprintf("%s-%d-%d-", l.env.Namespace, l.start.UnixNano(), l.runs)
	l.run = newRun(l, p, seed, l.transport, url, keys)
	l.watch.restart(l.env.Clock.Now())
	l.run.start()
	l.changed()
}

// Pause stops new operations from arriving.
func (l *Lab) Pause() {
	l.valve.set(false)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.watch.pause(l.env.Clock.Now())
	l.changed()
}

// Resume lets operations arrive again.
func (l *Lab) Resume() {
	l.mu.Lock()
	l.watch.resume(l.env.Clock.Now())
	l.mu.Unlock()
	l.valve.set(true)
	l.changed()
}

// Step lets one operation arrive while paused.
func (l *Lab) Step() { l.valve.step() }

// Do performs "outage", which breaks the gateway for some seconds.
func (l *Lab) Do(_ context.Context, action string) error {
	l.turning.Lock()
	defer l.turning.Unlock()
	if action != "outage" {
		return fmt.Errorf("the lab retry has no action %q", action)
	}
	l.gateway.Fail(actionBreak)
	return nil
}

// Stop ends the run and closes the gateway.
func (l *Lab) Stop(context.Context) error {
	l.turning.Lock()
	defer l.turning.Unlock()
	l.mu.Lock()
	r, stopped := l.run, l.stopped
	l.stopped = true
	l.mu.Unlock()
	if stopped || r == nil {
		return nil
	}
	r.stop()
	l.transport.CloseIdleConnections()
	return l.gateway.Close()
}

func (l *Lab) sinceStart() time.Duration { return l.env.Clock.Now().Sub(l.start) }

// changed notes that there is something new to see.
func (l *Lab) changed() { l.rev.Add(1) }

// heard keeps account of whether a gateway of the student's own answers.
func (l *Lab) heard(cause Cause) {
	away := cause == CauseUnreachable || cause == CauseReset || cause == CauseTimeout || cause == CauseOther
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case !away:
		l.awaySince = time.Time{}
	case l.awaySince.IsZero():
		l.awaySince = l.env.Clock.Now()
	}
}
