package cacheaside

import (
	"sync"
	"sync/atomic"
	"time"
)

// meter counts one run. All of it is safe for concurrent use; nothing waits.
type meter struct {
	reads, hits, misses, failures  atomic.Int64
	stale, inversions              atomic.Int64
	staleAge, maxAge               atomic.Int64 // ns, largest
	writes, requests               atomic.Int64
	queries, inFlight, inFlightHi  atomic.Int64 // of the database
	loads, cycles, hardMisses      atomic.Int64 // of expiries, not of first copies
	redisErrors, lostInvalidations atomic.Int64
	staleCopies, shed, refreshes   atomic.Int64
	fenced, evictions              atomic.Int64
	unknownReads, unknownQueries   atomic.Int64
	expiredEvents                  atomic.Int64

	lateUntouched, lateRead histogram // from the end of a TTL to its event

	hit, miss histogram // from the begin of a read to its answer
	all       histogram // from the moment it was due

	loadRate  perSecond
	readsRate perSecond
	hitsRate  perSecond
}

// raiseTo makes a at least v.
func raiseTo(a *atomic.Int64, v int64) {
	for {
		old := a.Load()
		if old >= v || a.CompareAndSwap(old, v) {
			return
		}
	}
}

// admit lets a query to the database, unless there are as many as the limit
// says; 0 is no limit. After success leave is due.
func (m *meter) admit(limit int) bool {
	n := m.inFlight.Add(1)
	if limit > 0 && n > int64(limit) {
		m.leave()
		m.shed.Add(1)
		return false
	}
	raiseTo(&m.inFlightHi, n)
	return true
}

func (m *meter) leave() { m.inFlight.Add(-1) }

// perSecond counts events in the last second, which moves on by its parts, and
// keeps the peak.
type perSecond struct {
	mu     sync.Mutex
	part   int64                  // the present one, since 1970
	counts [secondParts + 1]int64 // of the present part and those before it, by part modulo length
	sum    int64                  // of them all
	peak   int64
}

const secondParts = 10

func (p *perSecond) add(at time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.turn(at)
	p.counts[p.part%int64(len(p.counts))]++
	p.sum++
	p.peak = max(p.peak, p.sum-p.counts[(p.part+1)%int64(len(p.counts))])
}

// turn moves on to the part in which a moment is. One that has passed already
// counts as the present: callers come in any order.
func (p *perSecond) turn(at time.Time) {
	part := at.UnixMilli() * secondParts / 1000
	for p.part = max(p.part, part-int64(len(p.counts))); p.part < part; {
		p.part++
		oldest := &p.counts[p.part%int64(len(p.counts))]
		p.sum -= *oldest
		*oldest = 0
	}
}

// rate returns the count of the last second whose parts are complete, and the
// peak of any second.
func (p *perSecond) rate(at time.Time) (last, peak int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.turn(at)
	return p.sum - p.counts[p.part%int64(len(p.counts))], p.peak
}

// loaded counts a load: whether it belongs to an expiry, and is its first.
func (m *meter) loaded(at time.Time, expiry, first bool) {
	m.loadRate.add(at)
	if expiry {
		m.loads.Add(1)
	}
	if first {
		m.cycles.Add(1)
	}
}

// metrics writes the figures under their ids; what cannot be told is left out.
func (m *meter) metrics(now time.Time, elapsed time.Duration) map[string]float64 {
	out := map[string]float64{}
	count := func(id string, a *atomic.Int64) float64 {
		v := float64(a.Load())
		out[id] = v
		return v
	}
	ratio := func(id string, part, whole float64) {
		if whole > 0 {
			out[id] = part / whole
		}
	}
	reads, hits := count("reads", &m.reads), count("hits", &m.hits)
	misses, failures := count("misses", &m.misses), count("failures", &m.failures)
	ratio("hit_ratio", hits, hits+misses)
	ratio("success", reads-failures, reads)
	ratio("stale_rate", count("stale_reads", &m.stale), reads)
	out["stale_age_ms"] = toMillis(time.Duration(m.staleAge.Load()))
	out["max_age_ms"] = toMillis(time.Duration(m.maxAge.Load()))
	count("inversions", &m.inversions)
	count("writes", &m.writes)
	count("http_requests", &m.requests)
	count("redis_errors", &m.redisErrors)
	ratio("db_qps", count("db_queries", &m.queries), elapsed.Seconds())
	out["db_in_flight"] = float64(m.inFlightHi.Load())

	cycles := count("expiries", &m.cycles)
	ratio("loads_per_expiry", float64(m.loads.Load()), cycles)
	ratio("hard_misses", float64(m.hardMisses.Load()), cycles)
	count("lost_invalidations", &m.lostInvalidations)
	count("stale_copies", &m.staleCopies)
	count("shed", &m.shed)
	count("refreshes", &m.refreshes)
	count("fenced", &m.fenced)
	count("evictions", &m.evictions)
	count("unknown_reads", &m.unknownReads)
	ratio("db_qps_unknown", count("db_queries_unknown", &m.unknownQueries), elapsed.Seconds())
	loads, peak := m.loadRate.rate(now)
	out["loads_now"], out["peak_loads"] = float64(loads), float64(peak)
	readsNow, _ := m.readsRate.rate(now)
	hitsNow, _ := m.hitsRate.rate(now)
	ratio("hit_ratio_now", float64(hitsNow), float64(readsNow))

	m.latencies(out)
	return out
}

func (m *meter) latencies(out map[string]float64) {
	if s := m.hit.summary(); s.n > 0 {
		out["hit_ms"], out["hit_mean_ms"] = toMillis(s.p50), toMillis(s.mean)
	}
	if s := m.miss.summary(); s.n > 0 {
		out["miss_ms"], out["miss_mean_ms"] = toMillis(s.p50), toMillis(s.mean)
	}
	if m.expiredEvents.Load() > 0 {
		out["expired_events"] = float64(m.expiredEvents.Load())
	}
	if s := m.lateUntouched.summary(); s.n > 0 {
		out["late_untouched_ms"] = toMillis(s.mean)
	}
	if s := m.lateRead.summary(); s.n > 0 {
		out["late_read_ms"] = toMillis(s.mean)
	}
	if s := m.all.summary(); s.n > 0 {
		out["p50_ms"], out["p99_ms"] = toMillis(s.p50), toMillis(s.p99)
	}
}
