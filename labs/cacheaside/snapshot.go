package cacheaside

import (
	"time"

	"resilab/labs/kit"
	"resilab/labs/lab"
)

// runningStep is how often a TTL bar that runs down is worth a new picture.
const runningStep = 50 * time.Millisecond

// Fill implements kit.Engine.
func (l *engine) Fill(r *run, s *lab.Snapshot) {
	now := l.Clock.Now()
	r.watch.Look()
	s.InFlight = int(r.inFlight.Load())
	r.counters.Figures(s.Metrics, now, s.Elapsed)
	if m := r.memory.Load(); m != nil {
		s.Metrics["evictions"] = float64(m.Evicted)
		s.Metrics["memory_mb"] = float64(m.Used) / (1 << 20)
	}
	if r.cfg.load.Bots > 0 {
		s.Metrics["hidden_ms"] = kit.Millis(r.late.LongestHidden())
	}
	s.Troubles, s.Notes = l.troubles(), l.notes()
	detail, running := l.detail(r, now)
	s.Detail = detail
	if running {
		l.barsRan()
	}
}

// barsRan counts a TTL bar that runs down as a change.
func (l *engine) barsRan() {
	now := time.Now().UnixNano()
	if last := l.drawn.Load(); now-last >= int64(runningStep) && l.drawn.CompareAndSwap(last, now) {
		l.Changed()
	}
}

func (l *engine) troubles() (all []lab.Trouble) {
	if since, err := l.status.health.Trouble(); err != nil {
		trouble := lab.Trouble{Key: "cacheaside.trouble.redis-away", Since: since}
		if l.status.addr() != "" { // the error names it, too
			trouble.Key, trouble.Args = "cacheaside.trouble.redis", []any{err.Error()}
		}
		all = append(all, trouble)
	}
	if since, down := l.outage.Since(); down {
		all = append(all, lab.Trouble{Key: "cacheaside.trouble.database", Since: since})
	}
	return all
}

// notes says where curl can join in, and whether another Redis is in use than the
// screen names.
func (l *engine) notes() (all []lab.Note) {
	if l.http != nil {
		all = append(all, lab.Note{Key: "cacheaside.note.http", Args: []any{l.http.addr}})
	}
	if p := l.servers.private.Load(); p != nil {
		all = append(all, lab.Note{Key: "cacheaside.note.private", Args: []any{p.policy}})
	}
	return all
}

func (l *engine) detail(r *run, now time.Time) (d *Detail, running bool) {
	c := r.counters
	d = &Detail{
		TTL: r.cfg.service.TTL, Answers: l.answers.Newest(now), Hit: latency(&c.Latency.Hit), Miss: latency(&c.Latency.Miss),
		Stampede: r.products.WorstStampede(shown), Shed: c.Database.Shed.Load(),
		Redis:  RedisView{Up: !l.status.away(), Addr: l.status.addr(), Breaker: r.breaker != nil && r.breaker.Open()},
		Memory: Memory{Evictions: c.Cache.Evictions.Load()},
	}
	d.Memory.Copies, d.Memory.Most = r.service.Copies()
	if m := r.memory.Load(); m != nil {
		d.Memory = Memory{Used: m.Used, MostBytes: m.Most, Evictions: m.Evicted}
	}
	if l.http != nil {
		d.HTTPAddr = l.http.addr
	}
	d.Products, running = r.watch.Views(now)
	return d, running
}

func latency(h *kit.Histogram) Latency {
	p50, _ := h.Quantile(0.5)
	return Latency{N: int64(h.Count()), P50: p50}
}
