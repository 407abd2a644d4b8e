package cacheaside

import (
	"context"
	"math"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"resilab/brokers/redis"
	"resilab/labs/cacheaside/measure"
	"resilab/labs/cacheaside/service"
	"resilab/labs/cacheaside/workload"
	"resilab/labs/kit"
)

// shown is how many products are shown, the most popular ones.
const shown = 12

// run is the work of one run: the service, and what is measured of it. A read
// keeps the run that it began in, so that nothing of old settings is counted in a
// new run.
type run struct {
	*kit.Run
	cfg      config
	service  *service.Service
	breaker  *service.Guarded // nil: none
	counters *measure.Counters
	products *measure.Products
	watch    *measure.Watch
	late     measure.LateProduct
	inFlight atomic.Int64
	memory   atomic.Pointer[redis.Memory] // of the private Redis
}

// Begin implements kit.Engine.
func (l *engine) Begin(ctx context.Context, kr *kit.Run) (*run, error) {
	c := decode(kr.Settings, l.Env.Guest)
	old := l.present.last()
	l.logChanges(old, kr)
	r, err := l.newRun(ctx, kr, c, old)
	if err != nil {
		return nil, err
	}
	if !c.withFault() {
		l.dialer.Set(c.redis)
	}
	l.outage.Set(c.dbDown, l.Clock.Now())
	l.useEvents(ctx, c.notify)
	if old == nil || !old.cfg.sameCache(c) {
		l.forget(ctx)
	}
	if c.warm {
		if err := r.service.Preload(ctx, l.cacheAdmin(), c.load.Products); err != nil {
			l.polled(err) // Redis is away: the run begins cold
		}
	}
	l.dialer.Set(c.redis) // a fault begins with the cache as it should be
	l.startWork(r)
	l.present.set(r)
	return r, nil
}

// newRun makes the catalogue and the service of a run.
func (l *engine) newRun(ctx context.Context, kr *kit.Run, c config, old *run) (*run, error) {
	if old == nil || old.cfg.load.Products != c.load.Products || old.late.Present() != 0 {
		if err := l.db.Fill(ctx, c.load.Products); err != nil {
			return nil, err
		}
	}
	versions, err := l.db.Versions(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := l.db.List(ctx, shown)
	if err != nil {
		return nil, err
	}
	if err := l.usePrivate(ctx, c.eviction, kr.Settings.Int("cache-size")); err != nil {
		return nil, err
	}
	var copies *measure.Products // those that outlive the run before
	if old != nil && old.cfg.sameCache(c) {
		copies = old.products
	}
	r := &run{Run: kr, cfg: c, counters: &measure.Counters{}, products: measure.NewProducts(versions, rows, copies)}
	store := service.NewStore(l.cacheClient(), l.Clock)
	if c.service.Failure.Breaker {
		r.breaker = service.NewGuarded(store, l.Clock)
		store = r.breaker
	}
	r.service = service.New(c.service, service.Deps{
		Prefix: l.prefix(), Clock: l.Clock, Store: store, Catalog: l.db, Outage: &l.outage, Products: r.products,
		Counters: r.counters, Health: l.health, Draw: drawer(kit.Stream(kr.Seed, "cacheaside.service")),
		Lost: l.invalidationLost, Run: kr.Context(), Go: kr.Go,
	})
	keys := make([]string, min(shown, c.load.Products))
	for i := range keys {
		keys[i] = r.service.Key(i + 1)
	}
	r.watch = measure.NewWatch(l.Clock, l.cacheClient(), r.products, keys,
		measure.Hooks{Polled: l.polled, Ended: l.copyEnded, Changed: l.Changed, Settled: l.settled})
	return r, nil
}

// drawer returns numbers of a stream to several goroutines.
func drawer(rng *rand.Rand) func() float64 {
	var mu sync.Mutex
	return func() float64 {
		mu.Lock()
		defer mu.Unlock()
		return rng.Float64()
	}
}

// startWork starts the goroutines of a run.
func (l *engine) startWork(r *run) {
	arrivals := workload.Arrivals(r.cfg.load, r.Seed, workload.Handler{
		Read:  func(id int, due time.Time) { l.launchRead(r, id, due) },
		Write: func(id int, price float64) { l.launchWrite(r, id, price) },
		Late:  func(id int) { l.launchLate(r, id) },
	})
	r.Go(func(ctx context.Context) { kit.Arrive(ctx, l.Clock, l.Valve, arrivals...) })
	r.Go(r.watch.Run)
	r.Go(l.followSpeed)
	if l.events {
		r.Go(l.listen)
		r.Go(l.renewEvents)
	}
	if p := l.private.Load(); p != nil {
		r.Go(func(ctx context.Context) { l.followMemory(ctx, r, p) })
	}
}

// End implements kit.Engine: the work of a run ends with its context.
func (l *engine) End(context.Context, *run) { l.present.set(nil) }

// forget empties the cache. A Redis that is away shows by itself.
func (l *engine) forget(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, adminTimeout)
	defer cancel()
	if _, err := l.cacheAdmin().DeletePrefix(ctx, l.prefix()); err != nil {
		l.polled(err)
	}
}

// followSpeed adjusts what Redis and the network measure themselves whenever the
// speed of the clock changes, until ctx ends.
func (l *engine) followSpeed(ctx context.Context) {
	for {
		changed := l.Clock.Changed()
		if speed := l.Clock.Speed(); !l.settled() {
			l.dialer.Adjust()
			l.adjustTTLs(ctx, math.Float64frombits(l.speed.Load()))
			l.speed.Store(math.Float64bits(speed))
		}
		select {
		case <-ctx.Done():
			return
		case <-changed:
		}
	}
}

// settled reports whether the TTLs in Redis belong to the present speed.
func (l *engine) settled() bool { return math.Float64frombits(l.speed.Load()) == l.Clock.Speed() }

func (l *engine) adjustTTLs(ctx context.Context, from float64) {
	ctx, cancel := context.WithTimeout(ctx, serviceTimeout)
	defer cancel()
	if err := service.AdjustTTLs(ctx, l.cacheAdmin(), l.Clock, l.prefix(), from); err != nil {
		l.polled(err)
	}
}

// presentRun is the run under way, for what comes from outside.
type presentRun struct {
	mu    sync.Mutex
	run   *run
	old   *run
	ready chan struct{} // closed at the next run; nil while one is under way
}

func (p *presentRun) set(r *run) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.run = r
	if r == nil {
		if p.ready == nil {
			p.ready = make(chan struct{})
		}
		return
	}
	p.old = r
	if p.ready != nil {
		close(p.ready)
		p.ready = nil
	}
}

// last returns the last run; nil: there was none.
func (p *presentRun) last() *run {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.old
}

// enter runs work that belongs to the run under way, and waits for it. Between two
// runs it waits for the next one. It returns false where there is none until ctx
// ends.
func (p *presentRun) enter(ctx context.Context, work func(ctx context.Context, r *run)) bool {
	for {
		p.mu.Lock()
		r, ready := p.run, p.ready
		if r != nil {
			done := make(chan struct{})
			r.Go(func(run context.Context) {
				defer close(done)
				both, cancel := context.WithCancel(ctx)
				defer context.AfterFunc(run, cancel)()
				defer cancel()
				work(both, r)
			})
			p.mu.Unlock()
			<-done
			return true
		}
		p.mu.Unlock()
		if ready == nil {
			return false // the first run has not begun
		}
		select {
		case <-ctx.Done():
			return false
		case <-ready:
		}
	}
}
