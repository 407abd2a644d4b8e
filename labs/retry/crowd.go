package retry

import (
	"context"
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
	// maxClients and guestClients bound the crowd.
	maxClients   = fleet.MaxClients
	guestClients = 2000
)

// Crowd is the picture of the fleet: the same policy and gateway, in virtual
// time, with many clients. It is immutable.
type Crowd struct {
	Clients  int
	Herd     bool
	Calls    []int // that reach the gateway, for each tenth of a second
	OutageAt time.Duration
	Outage   time.Duration
	Metrics  map[string]float64
}

// FleetConfig is the simulation that belongs to settings of the lab.
func FleetConfig(s lab.Settings, seed uint64) (fleet.Config, error) {
	p, err := newPlan(s, seed)
	if err != nil {
		return fleet.Config{}, err
	}
	cfg := fleet.Default()
	cfg.Seed, cfg.Clients, cfg.Layers, cfg.Duration = seed, s.Int("clients"), s.Int("layers"), fleetFor
	cfg.Policy, cfg.Budget, cfg.Breaker = p.policy, p.budget, p.breaker
	cfg.Blind = !s.Bool("classify")
	cfg.DrainEvery = fleetDrain
	cfg.Queue, cfg.Keys = p.fallback == fallbackQueue, p.keys
	cfg.Server = fleetServer(p, s)
	if s.Text("crowd") == crowdHerd {
		cfg.Every, cfg.Server.Outage.At = 0, 0
	}
	return cfg, asKnobError(cfg.Validate())
}

func fleetServer(p *plan, s lab.Settings) fleet.Server {
	g := p.gateway
	return fleet.Server{
		Latency: fleet.Latency{
			Median: g.Latency, Sigma: gateway.LatencySpread, SlowShare: g.SlowRate, SlowBy: (gateway.SlowFactor - 1) * g.Latency,
		},
		Slots: g.Capacity, Queue: g.Line, Refusal: time.Millisecond,
		FailureRate: g.FailureRate, DeclineRate: g.DeclineRate, LostRate: g.LostRate,
		Limit: g.Limit, RetryAfter: comeBack,
		Outage: fleet.Outage{At: fleetOutageAt, For: s.Duration("fleet-outage")},
	}
}

// LiveKnobs are those that the fleet knows nothing of: its clients make no second
// calls, and when they call is up to the crowd.
func LiveKnobs() []string { return []string{"rate", "hedge", "outage", "gateway-url"} }

// fleetOutageAt is when the outage of a steady crowd begins.
const fleetOutageAt = 5 * time.Second

// simulate runs the fleet of the settings.
func simulate(ctx context.Context, s lab.Settings, seed uint64) (*Crowd, error) {
	cfg, err := FleetConfig(s, seed)
	if err != nil {
		return nil, err
	}
	result, err := fleet.Run(ctx, cfg)
	if err != nil {
		return nil, err
	}
	c := &Crowd{
		Clients: cfg.Clients, Herd: cfg.Every == 0, Metrics: map[string]float64{},
		OutageAt: cfg.Server.Outage.At, Outage: cfg.Server.Outage.For, Calls: make([]int, len(result.Bins)),
	}
	for i, b := range result.Bins {
		c.Calls[i] = b.Calls
	}
	figures := result.Metrics()
	for _, id := range fleetFigures() {
		c.Metrics[fleetPrefix+id] = figures[id]
	}
	return c, nil
}

// fleetPrefix stands before the fleet's figures among those of the lab.
const fleetPrefix = "fleet_"

func fleetFigures() []string {
	return []string{
		"success", "served", "amplification", "peak", "p95_ms", "p99_ms", "cost", "last_done_ms",
		"outage_calls", "rejected_after_recovery", "wasted_work", "lost_orders",
	}
}

// crowds keeps the fleets of the latest settings, so that run A's is still there
// to compare with.
type crowds struct {
	mu    sync.Mutex
	known []knownCrowd // the newest last
}

type knownCrowd struct {
	settings lab.Settings
	crowd    *Crowd
}

const crowdsKept = 24

func (c *crowds) add(s lab.Settings, crowd *Crowd) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.known) == crowdsKept {
		c.known = slices.Delete(c.known, 0, 1)
	}
	c.known = append(c.known, knownCrowd{s, crowd})
}

// all returns a copy that nobody changes.
func (c *crowds) all() []knownCrowd {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.known)
}
