package retry

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"resilab/labs/lab"
	"resilab/labs/retry/fleet"
	"resilab/labs/retry/gateway"
)

// How the clients of the fleet come.
const (
	crowdSteady = "steady" // each begins an operation every ten seconds
	crowdHerd   = "herd"   // all begin one, at the same moment
)

const (
	// fleetFor is how long the clients of a steady crowd begin operations.
	fleetFor = 30 * time.Second
	// fleetDrain is the pause between two deliveries from the fleet's queue.
	fleetDrain = 50 * time.Millisecond
	// liveAttempts bounds the simulation that every turn of a knob starts: some
	// seconds.
	liveAttempts = 10_000_000
	// maxClients and guestClients bound the fleet.
	maxClients   = fleet.MaxClients
	guestClients = 2000
)

// Fleet is the result of simulating many clients with the same policy and gateway,
// in virtual time. It is immutable.
type Fleet struct {
	Clients  int
	Herd     bool
	Calls    []int // that reach the gateway, for each tenth of a second
	OutageAt time.Duration
	Outage   time.Duration
	// Cut is set where the simulation was ended after so many attempts. There are no
	// metrics then, and the calls are those so far. 0: it came to its end.
	Cut     int
	Metrics map[string]float64
}

// FleetConfig returns the simulation that belongs to settings of the lab. Its error
// is a *lab.KnobError.
func FleetConfig(s lab.Settings, seed uint64) (fleet.Config, error) {
	p, err := newPlan(s, seed)
	if err != nil {
		return fleet.Config{}, err
	}
	return p.fleet, nil
}

func fleetConfig(p *plan, s lab.Settings, seed uint64) fleet.Config {
	cfg := fleet.Default()
	cfg.Seed, cfg.Clients, cfg.Layers, cfg.Duration = seed, s.Int("clients"), s.Int("layers"), fleetFor
	cfg.Policy, cfg.Budget, cfg.Breaker = p.policy, p.budget, p.breaker
	cfg.Blind = !s.Bool("classify")
	cfg.DrainEvery = fleetDrain
	cfg.Queue, cfg.Keys = p.fallback == fallbackQueue, p.keys
	cfg.MaxAttempts = liveAttempts
	cfg.Server = fleetServer(p, s)
	if s.Text("crowd") == crowdHerd {
		cfg.Every, cfg.Server.Outage.At = 0, 0
	}
	return cfg
}

func fleetServer(p *plan, s lab.Settings) fleet.Server {
	g := p.gateway
	return fleet.Server{
		Latency: fleet.Latency{
			Median: g.Latency, Sigma: gateway.LatencySpread, SlowShare: g.SlowRate, SlowBy: (gateway.SlowFactor - 1) * g.Latency,
		},
		Slots: g.Capacity, QueueLimit: g.QueueLimit, Refusal: time.Millisecond,
		FailureRate: g.FailureRate, DeclineRate: g.DeclineRate, LostRate: g.LostRate,
		Limit: g.Limit, RetryAfter: comeBack,
		Outage: fleet.Outage{At: fleetOutageAt, For: s.Duration("fleet-outage")},
	}
}

// LiveKnobs lists the knobs that have no effect on the simulated fleet: its clients
// make no second calls, and the setting crowd decides when they call.
func LiveKnobs() []string { return []string{"rate", "hedge", "fail-first", "outage", "gateway-url"} }

// fleetOutageAt is when the outage of a steady crowd begins.
const fleetOutageAt = 5 * time.Second

// simulate simulates the fleet of the run. Where the process limits heavy work, it
// waits for its turn.
func (r *run) simulate(ctx context.Context) {
	defer r.inFlight.Add(-1)
	done, err := r.engine.base.Env.WaitTurn(ctx)
	if err != nil {
		return // the run ended first
	}
	defer done()
	f, err := simulate(ctx, r.plan.fleet)
	if err != nil {
		return // the run ended first: the settings have been checked
	}
	r.fleet.Store(f)
	r.engine.fleets.add(r.life.Settings, f)
	r.engine.base.Changed()
}

func simulate(ctx context.Context, cfg fleet.Config) (*Fleet, error) {
	result, err := fleet.Run(ctx, cfg)
	cut := errors.Is(err, fleet.ErrTooManyAttempts)
	if err != nil && !cut {
		return nil, err
	}
	f := &Fleet{
		Clients: cfg.Clients, Herd: cfg.Every == 0, Metrics: map[string]float64{},
		OutageAt: cfg.Server.Outage.At, Outage: cfg.Server.Outage.For, Calls: make([]int, len(result.Bins)),
	}
	for i, b := range result.Bins {
		f.Calls[i] = b.Calls
	}
	if cut {
		f.Cut = cfg.MaxAttempts
		return f, nil
	}
	figures := result.Metrics()
	for _, id := range fleetFigures() {
		f.Metrics[fleetPrefix+id] = figures[id]
	}
	return f, nil
}

// fleetPrefix stands before the fleet's figures among those of the lab.
const fleetPrefix = "fleet_"

func fleetFigures() []string {
	return []string{
		"success", "served", "amplification", "peak", "p95_ms", "p99_ms", "cost", "last_done_ms",
		"outage_calls", "rejected_after_recovery", "wasted_work", "lost_orders",
	}
}

// fleetHistory keeps the fleets of the latest settings, so that run A's is there to
// compare with.
type fleetHistory struct {
	mu    sync.Mutex
	known []knownFleet // the newest last
}

type knownFleet struct {
	settings lab.Settings
	fleet    *Fleet
}

const fleetsKept = 24

func (h *fleetHistory) add(s lab.Settings, f *Fleet) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.known) == fleetsKept {
		h.known = slices.Delete(h.known, 0, 1)
	}
	h.known = append(h.known, knownFleet{s, f})
}

// all returns a copy.
func (h *fleetHistory) all() []knownFleet {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.known)
}
