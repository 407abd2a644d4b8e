package cacheaside

import (
	"time"

	"resilab/labs/lab"
)

// eventsShown is how many log lines a snapshot carries.
const eventsShown = 200

// runningStep is how often a TTL bar that runs down is worth a new picture.
const runningStep = 50 * time.Millisecond

// Snapshot returns the present state.
func (l *engine) Snapshot() *lab.Snapshot {
	r := l.run.Load()
	if r == nil {
		return &lab.Snapshot{Detail: &Detail{}}
	}
	now := time.Now()
	l.watch.look(now)
	elapsed := l.clock.elapsed()
	s := &lab.Snapshot{
		Elapsed:  elapsed,
		InFlight: int(l.inFlight.Load()),
		Metrics:  r.meter.metrics(now, elapsed),
		Troubles: l.troubles(),
		Notes:    l.notes(),
	}
	if m := r.memory.Load(); m != nil {
		s.Metrics["evictions"] = float64(m.Evicted)
		s.Metrics["memory_mb"] = float64(m.Used) / (1 << 20)
	}
	if r.cfg.botRate > 0 {
		s.Metrics["hidden_ms"] = toMillis(r.newcomer.longestHidden())
	}
	s.Events, s.EventTotal = l.log.Last(eventsShown)
	detail, running := l.detail(r, now)
	s.Detail = detail
	if running {
		l.barsRan(now)
	}
	s.Rev = l.rev.Load()
	return s
}

// barsRan counts a TTL bar that runs down as a change, which nobody else tells of.
func (l *engine) barsRan(now time.Time) {
	last := l.ran.Load()
	if now.UnixNano()-last >= int64(runningStep) && l.ran.CompareAndSwap(last, now.UnixNano()) {
		l.changed()
	}
}

func (l *engine) troubles() (all []lab.Trouble) {
	if since, err := l.health.trouble(); err != nil {
		trouble := lab.Trouble{Key: "cacheaside.trouble.redis-away", Since: since}
		if addr := l.redisAt(); addr != "" { // the error names it, too
			trouble.Key, trouble.Args = "cacheaside.trouble.redis", []any{addr, err.Error()}
		}
		all = append(all, trouble)
	}
	if since, down := l.svc.db.outage(); down {
		all = append(all, lab.Trouble{Key: "cacheaside.trouble.database", Since: since})
	}
	return all
}

// notes tells where curl can join in, and whether another Redis is in use
// than the screen names.
func (l *engine) notes() (all []lab.Note) {
	if l.http != nil {
		all = append(all, lab.Note{Key: "cacheaside.note.http", Args: []any{l.http.addr}})
	}
	if own := l.own.Load(); own != nil {
		all = append(all, lab.Note{Key: "cacheaside.note.own", Args: []any{own.policy}})
	}
	return all
}

func (l *engine) detail(r *run, now time.Time) (d *Detail, running bool) {
	m := r.meter
	hit, miss := m.hit.summary(), m.miss.summary()
	d = &Detail{
		TTL:      r.cfg.ttl,
		Products: make([]ProductView, min(shown, r.cfg.products)),
		Answers:  l.ticker.newest(now),
		Hit:      Latency{hit.n, hit.p50, hit.p99},
		Miss:     Latency{miss.n, miss.p50, miss.p99},
		Reads:    m.reads.Load(), Hits: m.hits.Load(), Misses: m.misses.Load(),
		InFlight: m.inFlight.Load(),
		RedisUp:  l.away() == nil,
		RedisAt:  l.redisAt(),
		Shed:     m.shed.Load(),
		Memory:   Memory{Evictions: m.evictions.Load()},
	}
	d.Memory.Copies, d.Memory.Most = r.bound.held()
	if own := r.memory.Load(); own != nil {
		d.Memory = Memory{Used: own.Used, MostBytes: own.Most, Evictions: own.Evicted}
	}
	if g, ok := r.cache.(*guarded); ok {
		d.Breaker = g.open()
	}
	if l.http != nil {
		d.HTTPAddr = l.http.addr
	}
	for i := range d.Products {
		d.Products[i] = r.judge.of(i + 1).view(i + 1)
	}
	running = l.watch.view(d.Products, now)
	d.Stampede = l.worstStampede(r)
	return d, running
}

// worstStampede looks among the products in sight for the expiry that caused
// the most loads.
func (l *engine) worstStampede(r *run) (worst Stampede) {
	for id := 1; id <= min(shown, r.cfg.products); id++ {
		if loads, open := r.judge.of(id).loadsOfCycle(); loads > worst.Loads {
			worst = Stampede{ID: id, Loads: loads, Open: open}
		}
	}
	return worst
}
