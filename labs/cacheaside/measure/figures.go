package measure

import (
	"sync/atomic"
	"time"

	"resilab/labs/kit"
)

// Figures writes the metrics under their ids. A figure that is not known yet is
// left out.
func (c *Counters) Figures(out map[string]float64, now time.Time, elapsed time.Duration) {
	f := figures(out)
	c.reads(f)
	c.database(f, elapsed)
	c.expiries(f)
	c.rates(f, now)
	c.latencies(f)
}

type figures map[string]float64

func (f figures) count(id string, a *atomic.Int64) float64 {
	f[id] = float64(a.Load())
	return f[id]
}

func (f figures) ratio(id string, part, whole float64) {
	if whole > 0 {
		f[id] = part / whole
	}
}

func (c *Counters) reads(f figures) {
	reads, hits := f.count("reads", &c.Reads.All), f.count("hits", &c.Reads.Hits)
	misses, failures := f.count("misses", &c.Reads.Misses), f.count("failures", &c.Reads.Failures)
	f.ratio("hit_ratio", hits, hits+misses)
	f.ratio("success", reads-failures, reads)
	f.ratio("stale_rate", f.count("stale_reads", &c.Stale.Reads), reads)
	f["stale_age_ms"] = kit.Millis(time.Duration(c.Stale.age.Load()))
	f["max_age_ms"] = kit.Millis(time.Duration(c.Stale.copyAge.Load()))
	f.count("inversions", &c.Stale.Inversions)
	f.count("writes", &c.Writes.Done)
	f.count("write_failures", &c.Writes.Failures)
	f.count("lost_invalidations", &c.Writes.LostInvalidations)
	f.count("http_requests", &c.Reads.HTTP)
	f.count("stale_copies", &c.Reads.LocalCopies)
	f.count("unknown_reads", &c.Reads.Unknown)
}

func (c *Counters) database(f figures, elapsed time.Duration) {
	f.ratio("db_qps", f.count("db_queries", &c.Database.Queries), elapsed.Seconds())
	f.ratio("db_qps_unknown", f.count("db_queries_unknown", &c.Database.Unknown), elapsed.Seconds())
	f["db_in_flight"] = float64(c.Database.Most())
	f.count("shed", &c.Database.Shed)
}

func (c *Counters) expiries(f figures) {
	cycles := f.count("expiries", &c.Expiry.Cycles)
	f.ratio("loads_per_expiry", float64(c.Expiry.Loads.Load()), cycles)
	f.ratio("hard_misses", float64(c.Expiry.HardMisses.Load()), cycles)
	f.count("refreshes", &c.Expiry.Refreshes)
	if c.Expiry.Events.Load() > 0 {
		f.count("expired_events", &c.Expiry.Events)
	}
	f.count("redis_errors", &c.Cache.Errors)
	f.count("fenced", &c.Cache.Refused)
	f.count("foreign_entries", &c.Cache.Foreign)
	f.count("evictions", &c.Cache.Evictions)
}

func (c *Counters) rates(f figures, now time.Time) {
	loads, peak := c.Expiry.recent.rate(now)
	f["loads_now"], f["peak_loads"] = float64(loads), float64(peak)
	reads, _ := c.Reads.recent.rate(now)
	hits, _ := c.Reads.recentHits.rate(now)
	f.ratio("hit_ratio_now", float64(hits), float64(reads))
}

func (c *Counters) latencies(f figures) {
	for id, h := range map[string]*kit.Histogram{"hit": &c.Latency.Hit, "miss": &c.Latency.Miss} {
		if p50, ok := h.Quantile(0.5); ok {
			f[id+"_ms"], f[id+"_mean_ms"] = kit.Millis(p50), kit.Millis(h.Mean())
		}
	}
	for id, h := range map[string]*kit.Histogram{"late_untouched_ms": &c.Latency.LateUntouched, "late_read_ms": &c.Latency.LateRead} {
		if h.Count() > 0 {
			f[id] = kit.Millis(h.Mean())
		}
	}
	if q, ok := c.Latency.All.Quantiles(0.5, 0.99); ok {
		f["p50_ms"], f["p99_ms"] = kit.Millis(q[0]), kit.Millis(q[1])
	}
}
