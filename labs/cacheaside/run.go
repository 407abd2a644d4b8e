package cacheaside

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"

	"resilab/brokers/redis"
	"resilab/labs/cacheaside/catalog"
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
	base     *kit.Base
	log      eventLog
	db       *catalog.DB
	answers  *measure.RecentAnswers
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
	c := decode(kr.Settings)
	old := l.present.last()
	l.log.changes(old, kr)
	r, err := l.newRun(ctx, kr, c, old)
	if err != nil {
		return nil, err
	}
	if !c.withFault() {
		l.servers.dialer.Set(c.redis)
	}
	l.outage.Set(c.dbDown, l.Clock.Now())
	l.announcements.use(ctx, c.notify)
	if old == nil || !old.cfg.sameCache(c) {
		if err := l.servers.forget(ctx); err != nil {
			l.status.polled(err)
		}
	}
	if c.warm {
		if err := r.service.Preload(ctx, l.servers.cacheAdmin(), c.load.Products); err != nil {
			l.status.polled(err) // Redis is away: the run begins cold
		}
	}
	l.servers.dialer.Set(c.redis) // a fault begins with the cache as it should be
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
	if err := l.servers.usePrivate(ctx, c.eviction, kr.Settings.Int("cache-size")); err != nil {
		return nil, err
	}
	var copies *measure.Products // those that outlive the run before
	if old != nil && old.cfg.sameCache(c) {
		copies = old.products
	}
	r := &run{Run: kr, base: l.Base, log: l.log, db: l.db, answers: &l.answers, cfg: c,
		counters: &measure.Counters{}, products: measure.NewProducts(versions, rows, copies)}
	store := service.NewStore(l.servers.cache(), l.Clock)
	if c.service.Failure.Breaker {
		r.breaker = service.NewGuarded(store, l.Clock)
		store = r.breaker
	}
	r.service = service.New(c.service, service.Deps{
		Prefix: l.servers.prefix, Clock: l.Clock, Store: store, Catalog: l.db, Outage: &l.outage, Products: r.products,
		Counters: r.counters, Health: l.status.health, Draw: drawer(kit.Stream(kr.Seed, "cacheaside.service")),
		Lost: l.log.invalidationLost, Run: kr.Context(), Go: kr.Go,
	})
	keys := make([]string, min(shown, c.load.Products))
	for i := range keys {
		keys[i] = r.service.Key(i + 1)
	}
	r.watch = measure.NewWatch(l.Clock, l.servers.cache(), r.products, keys,
		measure.Hooks{Polled: l.status.polled, Ended: l.log.copyEnded, Changed: l.Changed, Settled: l.speed.settled, Awake: l.Awake})
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
		Read: r.launchRead, Write: r.launchWrite, Late: r.launchLate,
	})
	r.Go(func(ctx context.Context) { kit.Arrive(ctx, l.Clock, l.Valve, arrivals...) })
	r.Go(r.watch.Run)
	r.Go(l.speed.follow)
	if l.announcements.on {
		r.Go(func(ctx context.Context) { l.announcements.listen(ctx, r.announced) })
		r.Go(l.announcements.renew)
	}
	if p := l.servers.private.Load(); p != nil {
		r.Go(func(ctx context.Context) { r.followMemory(ctx, p) })
	}
}

// End implements kit.Engine: the work of a run ends with its context.
func (l *engine) End(context.Context, *run) { l.present.set(nil) }
