package cacheaside

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"resilab/labs/clock"
	"sync"
	"sync/atomic"
	"time"

	"resilab/brokers/redis"
	"resilab/labs/cacheaside/catalog"
	"resilab/labs/lab"
)

const (
	logSize = 400
	// inFlightMax bounds the reads that wait at the same time, as a server's
	// connection limit does; what arrives beyond it fails at once.
	inFlightMax = 5000
	// stopPatience bounds the removing of keys from a Redis that does not answer.
	stopPatience = 2 * time.Second
)

// engine is the running lab.
type engine struct {
	env    lab.Env
	log    *lab.Log
	client *redis.Client // over the wire, faults included
	keeper *redis.Client // past the wire: what the lab itself owes to Redis
	db     *catalog.DB
	svc    *service
	watch  *watch
	health *health
	ticker *ticker
	voice  *voice
	clock  *stopwatch
	load   *arrivals
	http   *endpoint
	wire   *wire
	own    atomic.Pointer[ownRedis] // nil: the Redis of the environment

	notifier atomic.Pointer[notifier] // changed under life

	seed     uint64
	run      atomic.Pointer[run]
	applied  lab.Settings // of the run; under life
	rev      atomic.Uint64
	ran      atomic.Int64 // when a running TTL bar last counted as a change, Unix ns
	inFlight atomic.Int64
	turn     atomic.Uint64 // of the load balancer

	life    sync.Mutex // one Start, Apply, Do or Stop at a time
	stopped bool
	ctx     context.Context
	cancel  context.CancelFunc
	tasks   sync.WaitGroup
}

// New returns the lab, ready to start.
func New(env lab.Env) lab.Lab {
	if env.Clock == nil {
		env.Clock = clock.New(nil)
	}
	l := &engine{env: env, log: lab.NewLog(logSize, env.Clock.Now), ticker: &ticker{}, load: newArrivals()}
	l.voice = newVoice(l.log, env.Clock.Now)
	l.clock = &stopwatch{now: env.Clock.Now}
	l.ctx, l.cancel = context.WithCancel(context.Background())
	return l
}

// Start opens the catalogue and the client, and begins to read. A Redis that
// does not answer is no error: the lab says so and works without it.
func (l *engine) Start(ctx context.Context, s lab.Settings, seed uint64) error {
	l.life.Lock()
	defer l.life.Unlock()
	if err := l.open(ctx, s); err != nil {
		return errors.Join(err, l.close(ctx))
	}
	l.seed, l.applied = seed, s
	if err := l.begin(ctx, decode(s, l.env.Guest)); err != nil {
		return errors.Join(err, l.close(ctx))
	}
	l.task(func() { l.load.run(l.ctx) })
	l.task(func() { l.watch.run(l.ctx) })
	l.task(func() { l.gauge(l.ctx) })
	return nil
}

// Needs returns the kinds of brokers that a run opens, whatever its settings.
func Needs(lab.Settings) []string { return []string{lab.Redis} }

// OnScreen is where the course's demo listens on a person's own screen.
func OnScreen() lab.Settings { return lab.Settings{"http-addr": lab.TextValue(CourseHTTPAddr)} }

// task does something on a goroutine of its own, which close waits for.
func (l *engine) task(do func()) { l.tasks.Go(l.env.Guarded(do)) }

func (l *engine) open(ctx context.Context, s lab.Settings) (err error) {
	path := catalog.InMemory
	if file := s.Text("db-file"); file != "" && !l.env.Guest {
		path = file
	}
	if l.db, err = catalog.Open(ctx, path); err != nil {
		return err
	}
	if err := l.connect(ctx); err != nil {
		return err
	}
	l.health = &health{now: l.env.Clock.Now, changed: l.redisChanged}
	l.watch = newWatch(func() ttlSource { return l.redis() })
	l.watch.told, l.watch.gone, l.watch.change = l.pollEnded, l.copyGone, l.changed
	l.svc = &service{prefix: l.env.Namespace + ":", db: &database{db: l.db}, health: l.health, watch: l.watch,
		life: l.ctx, background: l.task}
	if addr := s.Text("http-addr"); addr != "" && !l.env.Guest {
		if l.http, err = listen(addr, l); err != nil {
			return err
		}
	}
	return nil
}

// connect makes the clients of Redis and the wire that one of them uses.
func (l *engine) connect(ctx context.Context) error {
	url, err := l.env.Open(ctx, lab.Redis)
	if err != nil {
		return err
	}
	l.wire = newWire(l.ctx)
	if l.keeper, err = redis.Open(url, redis.Options{}); err != nil {
		return err
	}
	l.client, err = redis.Open(url, redis.Options{Dial: l.wire.dial})
	return err
}

// begin starts a measurement. l.life is held.
func (l *engine) begin(ctx context.Context, c config) error {
	old := l.run.Load()
	if old == nil || old.cfg.products != c.products || old.newcomer.present() != 0 {
		if err := l.db.Fill(ctx, c.products); err != nil {
			return err
		}
	}
	versions, err := l.db.Versions(ctx)
	if err != nil {
		return err
	}
	rows, err := l.db.List(ctx, shown)
	if err != nil {
		return err
	}
	if c.redisFault == faultNone {
		l.wire.set(faultNone)
	}
	l.svc.db.fail(c.dbDown)
	if err := l.useOwn(ctx, c); err != nil {
		l.load.set() // nothing is measured on the wrong server
		return err
	}
	if err := l.listenExpired(ctx, c.notify); err != nil {
		return err
	}
	r := newRun(l.ctx, c, l.cacheFor(c), newJudge(versions, rows), l.seed)
	if old == nil || !old.cfg.sameCache(c) {
		l.forget(ctx)
	}
	l.watch.follow(l.shownKeys(c))
	if c.warm {
		if err := l.svc.preload(ctx, r, l.redis()); err != nil {
			l.pollEnded(err) // Redis is away: the run begins cold
		}
	}
	l.wire.set(c.redisFault) // a fault begins with the cache as it should be
	l.run.Store(r)
	l.clock.restart()
	l.load.set(l.streams(r)...)
	l.changed()
	return nil
}

func (l *engine) cacheFor(c config) cache {
	if c.breaker {
		return newGuarded(store{l.redis()})
	}
	return store{l.redis()}
}

// forget empties the cache. A Redis that is away shows by itself.
func (l *engine) forget(ctx context.Context) {
	rdb := l.keeper
	if own := l.own.Load(); own != nil {
		rdb = own.client
	}
	if _, err := rdb.DeletePrefix(ctx, l.svc.prefix); err != nil {
		l.pollEnded(err)
	}
}

func (l *engine) shownKeys(c config) []string {
	keys := make([]string, min(shown, c.products))
	for i := range keys {
		keys[i] = l.svc.key(i + 1)
	}
	return keys
}

// streams are the arrivals of a run: the same for the same seed.
func (l *engine) streams(r *run) []*stream {
	popular := newPopularity(r.cfg.products, r.cfg.skew)
	rng := func(stream uint64) *rand.Rand { return rand.New(rand.NewPCG(l.seed, stream)) }
	streams := []*stream{
		{rate: float64(r.cfg.rate), rng: rng(1), arrive: func(rng *rand.Rand, due time.Time) {
			l.launchRead(r, popular.draw(rng), due)
		}},
		{rate: float64(r.cfg.writeRate), rng: rng(2), arrive: func(rng *rand.Rand, _ time.Time) {
			l.launchWrite(r, popular.draw(rng), newPrice(rng))
		}},
	}
	if r.cfg.botRate == 0 {
		return streams
	}
	return append(streams,
		&stream{rate: float64(r.cfg.botRate), rng: rng(4), arrive: func(rng *rand.Rand, due time.Time) {
			l.launchRead(r, r.cfg.products+1+rng.IntN(botIDs), due)
		}},
		&stream{rate: 1 / (r.cfg.negativeTTL + time.Second).Seconds(), rng: rng(5), arrive: func(rng *rand.Rand, _ time.Time) {
			l.launchNewcomer(r, r.cfg.products+1+rng.IntN(botIDs))
		}})
}

// newPrice draws a price from 1.00 to 1999.99.
func newPrice(rng *rand.Rand) float64 { return float64(100+rng.IntN(199_900)) / 100 }

// Apply begins a new measurement with other settings.
func (l *engine) Apply(ctx context.Context, s lab.Settings) error {
	l.life.Lock()
	defer l.life.Unlock()
	if l.stopped {
		return errors.New("the lab has stopped")
	}
	for _, k := range Spec().Knobs {
		if was, is := l.applied[k.ID], s[k.ID]; was != is {
			l.log.Add(lab.MarkSetting, "cacheaside.event.knob", k.ID, is.String())
		}
	}
	l.applied = s
	return l.begin(ctx, decode(s, l.env.Guest))
}

func (l *engine) Pause() {
	l.load.pause(true)
	l.clock.pause()
	l.changed()
}

func (l *engine) Resume() {
	l.clock.resume()
	l.load.pause(false)
	l.changed()
}

// Step lets one read arrive.
func (l *engine) Step() {
	if r := l.run.Load(); r != nil {
		rng := rand.New(rand.NewPCG(l.seed, l.rev.Load()))
		l.launchRead(r, newPopularity(r.cfg.products, r.cfg.skew).draw(rng), time.Now())
	}
}

// Stop ends all work and removes the lab's keys.
func (l *engine) Stop(ctx context.Context) error {
	l.life.Lock()
	defer l.life.Unlock()
	if l.stopped {
		return nil
	}
	l.stopped = true
	return l.close(ctx)
}

// close undoes what open and begin did, as far as they came. l.life is held.
func (l *engine) close(ctx context.Context) error {
	var errs []error
	if l.http != nil {
		errs = append(errs, l.http.close())
	}
	l.load.pause(true)
	ctx, cancel := context.WithTimeout(ctx, stopPatience)
	defer cancel()
	errs = append(errs, l.stopListening(ctx))
	l.cancel()
	l.tasks.Wait()
	if own := l.own.Load(); own != nil {
		errs = append(errs, own.close())
	}
	if l.keeper != nil {
		// Where Redis is away the keys' own TTL removes them.
		if _, err := l.keeper.DeletePrefix(ctx, l.env.Namespace+":"); err != nil && l.away() == nil {
			errs = append(errs, fmt.Errorf("removing the lab's keys: %w", err))
		}
		errs = append(errs, l.keeper.Close())
	}
	if l.client != nil {
		errs = append(errs, l.client.Close())
	}
	if l.wire != nil {
		errs = append(errs, l.wire.close())
	}
	if l.db != nil {
		errs = append(errs, l.db.Close())
	}
	return errors.Join(errs...)
}

func (l *engine) away() error {
	if l.health == nil {
		return nil
	}
	_, err := l.health.trouble()
	return err
}

// changed notes that something visible changed.
func (l *engine) changed() { l.rev.Add(1) }
