package retry

import (
	"context"
	"maps"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sony/gobreaker/v2"

	"resilab/labs/lab"
	"resilab/labs/retry/policy"
)

// run is the work under one set of settings. Its figures start from nothing.
type run struct {
	*plan
	lab  *Lab
	seed uint64

	ctx    context.Context // ends the run
	cancel context.CancelFunc
	wg     sync.WaitGroup

	stats        *stats
	client       *client
	backlog      *backlog
	budgetInUse  *policy.Budget
	breakerInUse *gobreaker.TwoStepCircuitBreaker[any]

	begun    atomic.Uint64 // operations
	inFlight atomic.Int64
	outages  atomic.Bool // there has been one
	crowd    atomic.Pointer[Crowd]
}

// watchEvery is how often the gateway and the breaker are looked at for changes
// that no call brings about.
const watchEvery = 100 * time.Millisecond

func newRun(l *Lab, p *plan, seed uint64, transport http.RoundTripper, url, keys string) *run {
	r := &run{
		plan: p, lab: l, seed: seed, stats: newStats(), backlog: newBacklog(),
		client: newClient(transport, url, keys),
	}
	if !p.keys {
		r.client.keys = ""
	}
	if p.budget != nil {
		r.budgetInUse = policy.NewBudget(*p.budget)
	}
	if p.breaker != nil {
		r.breakerInUse = p.breaker.New(r.breakerTurned)
	}
	r.ctx, r.cancel = context.WithCancel(context.Background())
	return r
}

func (r *run) start() {
	r.wg.Add(4)
	r.inFlight.Add(1) // the fleet's simulation, until it is done
	for _, work := range []func(){r.arrive, r.drain, r.watch, r.simulate} {
		go r.lab.env.Guarded(work)()
	}
}

// stop ends everything of the run and waits for it.
func (r *run) stop() {
	r.cancel()
	r.wg.Wait()
}

// oneIn is how many operations there are for each that is shown: about five a
// second can be followed by eye.
func (r *run) oneIn() int { return max(1, r.rate/5) }

// spawn begins the next operation on a goroutine of its own, unless too many
// are under way: a lab must not choke on its own load.
func (r *run) spawn() {
	if r.inFlight.Load() >= int64(r.plan.inFlight) {
		r.stats.add(&r.stats.shed)
		return
	}
	id := r.begun.Add(1)
	r.inFlight.Add(1)
	r.wg.Add(1)
	go r.lab.env.Guarded(func() {
		defer r.wg.Done()
		defer r.inFlight.Add(-1)
		r.operate(id)
	})()
}

// breakerTurned hears of the breaker, which is locked meanwhile.
func (r *run) breakerTurned(_, to gobreaker.State) {
	mark := lab.MarkInfo
	switch to {
	case gobreaker.StateOpen:
		mark = lab.MarkWarn
	case gobreaker.StateClosed:
		mark = lab.MarkRecovered
	}
	r.lab.log.Add(mark, "retry.event.breaker."+to.String())
	r.lab.changed()
}

// watch notices outages that begin and end, and the breaker's own clock.
func (r *run) watch() {
	defer r.wg.Done()
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	down, state := false, r.guards().Breaker
	for {
		select {
		case <-r.ctx.Done():
			return
		case <-tick.C:
		}
		if now := r.lab.gateway.Down(); now != down && r.url == "" {
			down = now
			r.outageTurned(now)
		}
		if now := r.guards().Breaker; now != state {
			state = now
			r.lab.changed()
		}
	}
}

func (r *run) outageTurned(down bool) {
	if down {
		r.outages.Store(true)
		r.lab.log.Add(lab.MarkFault, "retry.event.outage")
	} else {
		r.lab.log.Add(lab.MarkRecovered, "retry.event.recovered")
	}
	r.lab.changed()
}

// outageOver tells whether there was an outage that has passed.
func (r *run) outageOver() bool { return r.outages.Load() && !r.lab.gateway.Down() }

// charged tells whether our gateway took money for the operation.
func (r *run) charged(id uint64) bool { return r.url == "" && r.lab.gateway.Charged(id) }

// doorkeeper is the breaker as the policy wants it: a nil pointer is no nil interface.
func (r *run) doorkeeper() policy.Breaker {
	if r.breakerInUse == nil {
		return nil
	}
	return r.breakerInUse
}

func (r *run) guards() Guards {
	g := Guards{HasBudget: r.budgetInUse != nil}
	if g.HasBudget {
		g.BudgetLeft = r.budgetInUse.Left(time.Now()) / r.budget.Capacity
	}
	if r.breakerInUse != nil {
		g.Breaker = r.breakerInUse.State().String()
	}
	r.backlog.mu.Lock()
	defer r.backlog.mu.Unlock()
	g.Waiting = len(r.backlog.waiting)
	return g
}

// simulate makes the picture of the fleet, which takes a moment.
func (r *run) simulate() {
	defer r.wg.Done()
	defer r.inFlight.Add(-1)
	done, err := r.lab.env.WaitTurn(r.ctx)
	if err != nil {
		return // the run ended first
	}
	defer done()
	crowd, err := simulate(r.ctx, r.shown, r.seed)
	if err != nil {
		return // the run ended first; the settings were checked before
	}
	r.crowd.Store(crowd)
	r.lab.crowds.add(r.shown, crowd)
	r.lab.changed()
}

// metrics returns the run's figures with those of the gateway's ledger.
func (r *run) metrics() map[string]float64 {
	m := r.stats.metrics()
	if crowd := r.crowd.Load(); crowd != nil {
		maps.Copy(m, crowd.Metrics)
	}
	if r.budgetInUse != nil {
		m["budget_left"] = r.guards().BudgetLeft
	}
	if r.url != "" {
		return m // what a foreign gateway charges, only its owner knows
	}
	book := r.lab.gateway.Ledger()
	m["charges"] = float64(book.Charges)
	m["orders_paid"] = float64(book.Orders)
	m["double_charges"] = float64(book.Doubles())
	m["double_money"] = float64(book.DoubleCents) / 100
	_, inOutage := r.lab.gateway.Requests()
	m["outage_calls"] = float64(inOutage)
	r.stats.mu.Lock()
	m["unaware"] = float64(r.stats.unaware)
	r.stats.mu.Unlock()
	return m
}
