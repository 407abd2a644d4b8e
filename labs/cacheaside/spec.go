// Package cacheaside is the lab about the Cache-Aside pattern: products are read
// through a cache in Redis, and every answer is compared with the database.
//
// This package joins the rooms and is the shell of the lab: service is the product
// service, workload what arrives at it, measure what is counted, fault what happens
// to the connections, catalog the database.
package cacheaside

import (
	"embed"
	"fmt"
	"time"

	"resilab/labs/cacheaside/fault"
	"resilab/labs/cacheaside/service"
	"resilab/labs/lab"
)

//go:embed es.yaml en.yaml
var texts embed.FS

// CourseHTTPAddr is where the course's demo listens, or the next free port. A
// program on a terminal gives it to the knob http-addr; without it nothing listens.
const CourseHTTPAddr = "127.0.0.1:3000+"

// Words of the knob fail-mode.
const (
	failClosed = "closed"
	failOpen   = "open"
)

// Spec declares the lab.
func Spec() *lab.Spec {
	return &lab.Spec{ID: "cacheaside", Work: "reads", Knobs: knobs(), Metrics: metrics(), Actions: actions(), Texts: texts, Rules: rules, Limits: limits()}
}

// knobs are ordered by what a person changes first; the groups are the lab's parts.
func knobs() (all []lab.Knob) {
	for _, group := range []struct {
		name  string
		knobs []lab.Knob
	}{
		{"first", firstKnobs()}, {"stampede", stampedeKnobs()}, {"writing", writingKnobs()},
		{"catalog", catalogKnobs()}, {"unknown", unknownKnobs()}, {"faults", faultKnobs()},
	} {
		for _, k := range group.knobs {
			k.Group = group.name
			all = append(all, k)
		}
	}
	const setup = "it says where something is, not what it does"
	return append(all, lab.NewText("http-addr", "").Unmeasured(setup), lab.NewText("db-file", "").Unmeasured(setup))
}

func firstKnobs() []lab.Knob {
	return []lab.Knob{
		lab.NewDuration("ttl", 10*time.Second, 100*time.Millisecond, service.LongestTTL).
			Moves("hit_ratio", "100ms"),
		lab.NewRate("rate", 10, 0, 50_000).Moves("db_qps", "200", "ttl=100ms"),
		lab.NewDuration("db-latency", 80*time.Millisecond, 0, 5*time.Second).Moves("miss_ms", "400ms"),
		lab.NewRate("write-rate", 0, 0, 1000).Moves("writes", "20"),
		lab.NewChoice("invalidate", service.InvalidateNone, service.InvalidateBefore, service.InvalidateAfter,
			service.InvalidateWrite, service.InvalidateVersioned).With("write-rate").
			Moves("stale_rate", service.InvalidateAfter, "write-rate=5", "rate=30"),
	}
}

// storm is a load under which many readers miss at each expiry.
func storm(more ...string) []string {
	return append([]string{"products=1", "rate=60", "ttl=500ms", "db-latency=300ms"}, more...)
}

func stampedeKnobs() []lab.Knob {
	return []lab.Knob{
		lab.NewChoice("strategy", service.StrategyNone, service.StrategySingleFlight, service.StrategyLock,
			service.StrategyLease, service.StrategyEarly, service.StrategyRevalidate).
			Moves("loads_per_expiry", service.StrategySingleFlight, storm()...),
		lab.NewInt("instances", 1, 1, 5).With("strategy").
			Moves("loads_per_expiry", "5", storm("strategy=single-flight")...),
		share("ttl-jitter", 0, 0.9).Moves("peak_loads", "0.9", "products=50", "warm=true", "ttl=3s", "rate=200"),
		lab.NewFloat("beta", 1, 0, 10, 0.1, 1).With("strategy", service.StrategyEarly).
			Moves("refreshes", "0", storm("strategy=early", "ttl=1s")...),
		lab.NewDuration("soft-ttl", 2*time.Second, 10*time.Millisecond, service.LongestTTL).With("strategy", service.StrategyRevalidate).
			Moves("refreshes", "500ms", "strategy=revalidate"),
	}
}

func writingKnobs() []lab.Knob {
	return []lab.Knob{
		lab.NewDuration("write-latency", 100*time.Millisecond, 0, 5*time.Second).With("write-rate").
			Moves("writes", "5s", "write-rate=20"),
		lab.NewDuration("fill-delay", 0, 0, 5*time.Second).Moves("db_queries", "2s", "rate=30"),
	}
}

func catalogKnobs() []lab.Knob {
	return []lab.Knob{
		logInt("products", 3, 1, 100_000).Moves("db_queries", "1000"),
		lab.NewFloat("skew", 0, 0, 2, 0.1, 0.5).Moves("db_queries", "2", "products=1000", "rate=50"),
		logInt("cache-size", 0, 0, 100_000).Moves("evictions", "2", "products=20"),
		lab.NewChoice("eviction", evictionLab, evictionLRU, evictionLFU, evictionRandom, evictionTTL).With("cache-size").
			Unmeasured("it starts a redis-server, which is not installed everywhere; another test measures it"),
		lab.NewBool("warm", false).Moves("misses", "true"),
	}
}

func unknownKnobs() []lab.Knob {
	return []lab.Knob{
		lab.NewRate("bot-rate", 0, 0, 5000).Moves("unknown_reads", "50"),
		lab.NewDuration("negative-ttl", 0, 0, service.LongestTTL).With("bot-rate").Moves("db_queries_unknown", "10s", "bot-rate=100"),
	}
}

func faultKnobs() []lab.Knob {
	return []lab.Knob{
		lab.NewChoice("redis-fault", fault.None, fault.Down, fault.Slow, fault.Cut).Moves("redis_errors", fault.Down),
		lab.NewChoice("fail-mode", failClosed, failOpen).With("redis-fault").Moves("failures", failOpen, "redis-fault=down"),
		lab.NewBool("breaker", false).With("redis-fault").Moves("p50_ms", "true", "redis-fault=cut", "fail-mode=open"),
		logInt("db-limit", 0, 0, 10_000).Moves("shed", "1", "rate=100", "ttl=100ms"),
		lab.NewBool("stale-copy", false).With("redis-fault").With("db-down").
			Moves("stale_copies", "true", "redis-fault=down", "fail-mode=open", "db-limit=1", "rate=100"),
		lab.NewDuration("timeout", time.Second, 10*time.Millisecond, 10*time.Second).With("redis-fault", fault.Slow, fault.Cut).
			Moves("failures", "20ms", "rate=30"),
		lab.NewBool("db-down", false).Moves("failures", "true"),
		logInt("db-conns", 0, 0, 10_000).Moves("miss_ms", "1", "rate=30", "ttl=100ms"),
		lab.NewChoice("db-spread", service.SpreadFixed, service.SpreadUniform, service.SpreadExponential).
			Moves("p99_ms", service.SpreadExponential, "rate=50", "ttl=100ms", "db-latency=200ms", "timeout=10s"),
		lab.NewBool("notify", false).Moves("expired_events", "true", "ttl=500ms"),
	}
}

// privateCopiesMax bounds the memory of a private Redis to some 320 MB.
const privateCopiesMax = 10_000

// rules refuses settings that mean nothing together.
func rules(s lab.Settings) error {
	if s.Text("eviction") == evictionLab {
		return nil
	}
	if s.Text("redis-fault") != fault.None {
		return &lab.KnobError{Knob: "redis-fault", Value: s.Text("redis-fault"), Allowed: "with eviction " + evictionLab + ": faults concern the Redis of the environment"}
	}
	if s.Bool("notify") {
		return &lab.KnobError{Knob: "notify", Value: "true", Allowed: "with eviction " + evictionLab + ": only the Redis of the environment announces"}
	}
	if s.Int("cache-size") == 0 || s.Int("cache-size") > privateCopiesMax {
		return &lab.KnobError{Knob: "eviction", Value: s.Text("eviction"),
			Allowed: fmt.Sprintf("%s, or with cache-size 1..%d", evictionLab, privateCopiesMax)}
	}
	return nil
}

func share(id string, def, most float64) lab.Knob {
	k := lab.NewFraction(id, def)
	k.Max = lab.FractionValue(most)
	return k
}

func logInt(id string, def, lo, hi int) lab.Knob {
	k := lab.NewInt(id, def, lo, hi)
	k.Log = true
	return k
}

func metrics() []lab.Metric {
	return []lab.Metric{
		{ID: "reads", Format: lab.Count},
		{ID: "hits", Format: lab.Count},
		{ID: "misses", Format: lab.Count},
		{ID: "hit_ratio", Format: lab.Share, Better: lab.Higher, Card: true},
		{ID: "hit_ms", Format: lab.Millis, Better: lab.Lower, Card: true},
		{ID: "miss_ms", Format: lab.Millis, Better: lab.Lower, Card: true},
		{ID: "hit_mean_ms", Format: lab.Millis, Better: lab.Lower},
		{ID: "miss_mean_ms", Format: lab.Millis, Better: lab.Lower},
		{ID: "p50_ms", Format: lab.Millis, Better: lab.Lower},
		{ID: "p99_ms", Format: lab.Millis, Better: lab.Lower},
		{ID: "db_queries", Format: lab.Count, Better: lab.Lower, Card: true},
		{ID: "db_qps", Format: lab.PerSecond, Better: lab.Lower},
		{ID: "db_in_flight", Format: lab.Count, Level: true, Better: lab.Lower},
		{ID: "expiries", Format: lab.Count},
		{ID: "loads_per_expiry", Format: lab.Number, Better: lab.Lower, Card: true},
		{ID: "peak_loads", Format: lab.PerSecond, Better: lab.Lower},
		{ID: "hard_misses", Format: lab.Number, Better: lab.Lower},
		{ID: "writes", Format: lab.Count},
		{ID: "write_failures", Format: lab.Count, Better: lab.Lower},
		{ID: "stale_reads", Format: lab.Count, Better: lab.Lower},
		{ID: "stale_rate", Format: lab.Share, Better: lab.Lower, Card: true},
		{ID: "stale_age_ms", Format: lab.Millis, Better: lab.Lower},
		{ID: "lost_invalidations", Format: lab.Count, Better: lab.Lower},
		{ID: "inversions", Format: lab.Count, Better: lab.Lower},
		{ID: "max_age_ms", Format: lab.Millis, Better: lab.Lower},
		{ID: "success", Format: lab.Share, Better: lab.Higher},
		{ID: "failures", Format: lab.Count, Better: lab.Lower},
		{ID: "redis_errors", Format: lab.Count, Better: lab.Lower},
		{ID: "stale_copies", Format: lab.Count, Level: true},
		{ID: "shed", Format: lab.Count},
		{ID: "refreshes", Format: lab.Count},
		{ID: "fenced", Format: lab.Count},
		{ID: "foreign_entries", Format: lab.Count},
		{ID: "evictions", Format: lab.Count},
		{ID: "memory_mb", Format: lab.Number},
		{ID: "unknown_reads", Format: lab.Count},
		{ID: "db_queries_unknown", Format: lab.Count, Better: lab.Lower},
		{ID: "db_qps_unknown", Format: lab.PerSecond, Better: lab.Lower},
		{ID: "hidden_ms", Format: lab.Millis, Better: lab.Lower},
		{ID: "expired_events", Format: lab.Count},
		{ID: "late_untouched_ms", Format: lab.Millis},
		{ID: "late_read_ms", Format: lab.Millis},
		{ID: "http_requests", Format: lab.Count},
		{ID: "hit_ratio_now", Format: lab.Share, Better: lab.Higher},
		{ID: "loads_now", Format: lab.PerSecond, Better: lab.Lower},
	}
}

func actions() []lab.Action {
	return []lab.Action{
		{ID: "expire"},
		{ID: "price"},
		{ID: "redis-down", Fault: true},
		{ID: "redis-up", Fault: true},
		{ID: "db-down", Fault: true},
		{ID: "db-up", Fault: true},
		{ID: "flush", Confirm: true},
	}
}
