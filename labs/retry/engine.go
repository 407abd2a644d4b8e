package retry

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"resilab/labs/kit"
	"resilab/labs/lab"
	"resilab/labs/retry/gateway"
)

// outageOnDemand is the length of the outage that the action begins.
const outageOnDemand = 5 * time.Second

// options of the lab's log: its operations write most of the lines.
var options = kit.Options{LogSize: 1000, Shown: 200, Routine: 60}

// New returns a lab that is not started.
func New(env lab.Env) lab.Lab { return newLab(env, loopback()) }

func newLab(env lab.Env, n network) *kit.Runner[*run] {
	return kit.NewRunner(env, options, func(base *kit.Base) kit.Engine[*run] {
		return newEngine(base, n)
	})
}

func newEngine(base *kit.Base, n network) *engine {
	return &engine{base: base, network: n, start: base.Clock.Now()}
}

// network is how the gateway and its clients reach each other.
type network struct {
	listen func(context.Context) (net.Listener, error)
	dial   func(ctx context.Context, network, addr string) (net.Conn, error)
}

func loopback() network {
	return network{listen: gateway.Listen, dial: (&net.Dialer{Timeout: 5 * time.Second}).DialContext}
}

// engine is what outlasts a run.
type engine struct {
	base      *kit.Base
	network   network
	start     time.Time
	recorder  recorder
	fleets    fleetHistory
	gateway   *gateway.Gateway
	transport *http.Transport

	mu        sync.Mutex
	awaySince time.Time // when the student's own gateway stopped answering
}

// Open implements kit.Engine. The gateway is configured when a run begins.
func (e *engine) Open(ctx context.Context, _ lab.Settings) error {
	listener, err := e.network.listen(ctx)
	if err != nil {
		return err
	}
	e.gateway = gateway.Start(listener, gateway.Config{}, e.base.Clock)
	e.transport = newTransport(e.network)
	return nil
}

// Begin implements kit.Engine.
func (e *engine) Begin(_ context.Context, life *kit.Run) (*run, error) {
	p, err := newPlan(life.Settings, life.Seed)
	if err != nil {
		return nil, err
	}
	if e.base.Env.Guest {
		if err := p.limitGuest(); err != nil {
			return nil, err
		}
	}
	e.gateway.Reset(p.gateway)
	e.recorder.clear()
	r := newRun(e, p, life)
	r.start()
	return r, nil
}

// Do implements kit.Engine.
func (e *engine) Do(_ context.Context, _ *run, action string) error {
	if action != "outage" {
		return errors.New("unknown")
	}
	e.gateway.Fail(outageOnDemand)
	return nil
}

// End implements kit.Engine: the work of a run ends with its context.
func (e *engine) End(context.Context, *run) {}

// Close implements kit.Engine.
func (e *engine) Close(context.Context) error {
	if e.gateway == nil {
		return nil
	}
	e.transport.CloseIdleConnections()
	return e.gateway.Close()
}

// now returns the time since the lab was made, which the picture is drawn in.
func (e *engine) now() time.Duration { return e.base.Clock.Since(e.start) }

// answered records whether a gateway of the student's own answers.
func (e *engine) answered(cause Cause) {
	away := cause == CauseUnreachable || cause == CauseReset || cause == CauseTimeout || cause == CauseOther
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case !away:
		e.awaySince = time.Time{}
	case e.awaySince.IsZero():
		e.awaySince = e.base.Clock.Now()
	}
}

// Fill implements kit.Engine.
func (e *engine) Fill(r *run, snap *lab.Snapshot) {
	guards := r.guards()
	snap.InFlight = int(r.inFlight.Load()) + guards.Waiting
	if snap.InFlight > 0 {
		e.base.Changed() // attempts and waits under way grow as time passes
	}
	r.addMetrics(snap.Metrics)
	snap.Troubles, snap.Notes = e.troubles(r), e.notes(r)
	snap.Detail = e.detail(r, guards)
}

// troubles returns the present faults that no setting causes.
func (e *engine) troubles(r *run) []lab.Trouble {
	e.mu.Lock()
	since := e.awaySince
	e.mu.Unlock()
	if r.plan.url == "" || since.IsZero() {
		return nil
	}
	return []lab.Trouble{{Key: "retry.trouble.gateway", Args: []any{r.plan.url}, Since: since}}
}

func (e *engine) notes(r *run) []lab.Note {
	if e.base.Env.Guest {
		return nil
	}
	return []lab.Note{{Key: "retry.note.gateway", Args: []any{r.client.url}}}
}

func (e *engine) detail(r *run, guards Guards) *Detail {
	now := e.now()
	d := &Detail{
		Now: now, Scenario: r.plan.scenario, OneIn: r.plan.oneIn(), Ranges: r.plan.ranges, Patience: r.plan.patience,
		known: e.fleets.all(), Down: r.plan.url == "" && e.gateway.Down(), Guards: guards, Causes: r.stats.failures(),
	}
	d.Fleet = r.fleet.Load()
	if n := len(d.known); d.Fleet == nil && n > 0 {
		d.Fleet = d.known[n-1].fleet // until the new one has been simulated
	}
	d.Ops, d.Horizon = e.recorder.latest(now)
	return d
}

// keys returns the prefix of the idempotency keys of a run: no run may send those of
// another, because a gateway of the student's own remembers them.
func (e *engine) keys(run int) string {
	return fmt.Sprintf("%s-%d-%d-", e.base.Env.Namespace, e.start.UnixNano(), run)
}
