package retry

import (
	"context"
	"maps"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"resilab/labs/kit"
	"resilab/labs/lab"
	"resilab/labs/retry/policy"
)

// run is the work under one set of settings.
type run struct {
	engine  *engine
	plan    *plan
	life    *kit.Run
	stats   *stats
	client  *client
	backlog *backlog
	budget  *policy.Budget  // nil: none
	breaker *policy.Breaker // nil: none

	begun    atomic.Uint64 // operations
	inFlight atomic.Int64
	outages  atomic.Bool // there has been one
	fleet    atomic.Pointer[Fleet]
}

// watchEvery is how often the gateway and the breaker are checked for changes that
// come with time and not with a call.
const watchEvery = 100 * time.Millisecond

func newRun(e *engine, p *plan, life *kit.Run) *run {
	r := &run{engine: e, plan: p, life: life, stats: newStats(), backlog: newBacklog()}
	r.client = &client{clock: e.base.Clock, http: newHTTPClient(e.transport), url: p.url}
	if p.url == "" {
		r.client.url = e.gateway.URL()
	}
	r.client.foreign = p.url != ""
	if p.keys {
		r.client.keys = e.keys(life.Number)
	}
	if p.budget != nil {
		r.budget = policy.NewBudget(*p.budget)
	}
	if p.breaker != nil {
		r.breaker = policy.NewBreaker(*p.breaker, r.breakerChanged)
	}
	return r
}

func (r *run) start() {
	r.inFlight.Add(1) // the simulation of the fleet
	r.life.Go(r.arrive)
	r.life.Go(r.drain)
	r.life.Go(r.watch)
	r.life.Go(r.simulate)
}

// arrive lets the operations begin at their times.
func (r *run) arrive(ctx context.Context) {
	arrival := kit.Arrival{Gap: r.gaps(), Do: func(time.Time) { r.begin() }}
	if r.plan.scenario == Demo { // one payment after the other
		arrival.Serial = true
		arrival.Do = func(time.Time) {
			r.inFlight.Add(1)
			r.operate(ctx)
		}
	}
	kit.Arrive(ctx, r.engine.base.Clock, r.engine.base.Valve, arrival)
}

// saleEvery is how often the flash sale opens.
const saleEvery = 3 * time.Second

// gaps returns the times between arrivals: those of a flash sale come all at once,
// those of the demo are even, all others are a Poisson process.
func (r *run) gaps() func() time.Duration {
	rate := r.plan.rate
	switch {
	case rate == 0:
		return kit.Regular(0)
	case r.plan.scenario == Demo:
		return kit.Burst(1, time.Second/time.Duration(rate)) // the first comes at once
	case r.plan.scenario == Inventory:
		return kit.Burst(rate*int(saleEvery/time.Second), saleEvery)
	}
	return kit.Poisson(float64(rate), r.draws(0))
}

// draws returns the random numbers of an operation, by its number from 1; 0 stands
// for the arrivals.
func (r *run) draws(operation uint64) *rand.Rand {
	return rand.New(rand.NewPCG(r.life.Seed, operation))
}

// begin starts the next operation on its own goroutine, unless too many are under
// way: the lab must not be slowed down by its own load.
func (r *run) begin() {
	if r.inFlight.Load() >= int64(r.plan.maxInFlight) {
		r.stats.add(&r.stats.shed)
		return
	}
	r.inFlight.Add(1)
	r.life.Go(r.operate)
}

// breakerChanged is called by the breaker, which is locked meanwhile.
func (r *run) breakerChanged(to policy.BreakerState) {
	mark := lab.MarkInfo
	switch to {
	case policy.BreakerOpen:
		mark = lab.MarkWarn
	case policy.BreakerClosed:
		mark = lab.MarkRecovered
	}
	r.engine.base.Log.Add(mark, "retry.event.breaker."+string(to))
	r.engine.base.Changed()
}

// watch notices outages that begin and end, and a breaker that becomes half-open.
func (r *run) watch(ctx context.Context) {
	down := false
	base := r.engine.base
	for base.Awake(ctx) == nil && base.Clock.Sleep(ctx, watchEvery) == nil {
		if now := r.engine.gateway.Down(); now != down && r.plan.url == "" {
			down = now
			r.outageChanged(now)
		}
		r.breakerState() // calls breakerChanged
	}
}

func (r *run) outageChanged(down bool) {
	if down {
		r.outages.Store(true)
		r.engine.base.Log.Add(lab.MarkFault, "retry.event.outage")
	} else {
		r.engine.base.Log.Add(lab.MarkRecovered, "retry.event.recovered")
	}
	r.engine.base.Changed()
}

// outageOver reports whether there was an outage that has passed.
func (r *run) outageOver() bool { return r.outages.Load() && !r.engine.gateway.Down() }

// charged reports whether our gateway took money for the operation.
func (r *run) charged(id uint64) bool { return r.plan.url == "" && r.engine.gateway.Charged(id) }

// breakerState returns the state of the breaker; empty: there is none.
func (r *run) breakerState() policy.BreakerState {
	if r.breaker == nil {
		return ""
	}
	return r.breaker.State(r.engine.base.Clock.Now())
}

func (r *run) guards() Guards {
	g := Guards{HasBudget: r.budget != nil, Breaker: r.breakerState(), Waiting: r.backlog.len()}
	if g.HasBudget {
		g.BudgetLeft = r.budget.Share(r.engine.base.Clock.Now())
	}
	return g
}

// addMetrics adds the run's figures and those of the gateway's ledger.
func (r *run) addMetrics(m map[string]float64) {
	r.stats.addMetrics(m)
	if fleet := r.fleet.Load(); fleet != nil {
		maps.Copy(m, fleet.Metrics)
	}
	if r.budget != nil {
		m["budget_left"] = r.budget.Share(r.engine.base.Clock.Now())
	}
	if r.plan.url != "" {
		delete(m, "unaware")
		return // a foreign gateway does not report what it charges
	}
	sums := r.engine.gateway.Ledger()
	m["charges"] = float64(sums.Charges)
	m["orders_paid"] = float64(sums.Orders)
	m["double_charges"] = float64(sums.Doubles())
	m["double_money"] = float64(sums.DoubleCents) / 100
	m["outage_calls"] = float64(r.engine.gateway.InOutage())
}
