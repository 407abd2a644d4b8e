package cacheaside

import (
	"time"

	"resilab/labs/cacheaside/fault"
	"resilab/labs/cacheaside/service"
	"resilab/labs/cacheaside/workload"
	"resilab/labs/lab"
)

// config is the settings of one run, decoded.
type config struct {
	service  service.Config
	load     workload.Config
	eviction string
	warm     bool
	notify   bool
	redis    string // the fault of the connections to Redis
	dbDown   bool
}

// limits are those of visitors: what the cards need.
func limits() []lab.Limit {
	return []lab.Limit{
		{Knob: "rate", Most: lab.IntValue(400)}, {Knob: "write-rate", Most: lab.IntValue(50)}, {Knob: "bot-rate", Most: lab.IntValue(100)},
		{Knob: "products", Most: lab.IntValue(1000)}, {Knob: "cache-size", Most: lab.IntValue(1000)},
		{Knob: "db-latency", Most: lab.DurationValue(time.Second)}, {Knob: "write-latency", Most: lab.DurationValue(time.Second)},
		{Knob: "fill-delay", Most: lab.DurationValue(time.Second)}, {Knob: "timeout", Most: lab.DurationValue(5 * time.Second)},
		{Knob: "eviction", Most: lab.ChoiceValue(evictionLab)}, // another one needs a separate process
		{Knob: "notify", Most: lab.BoolValue(false)},           // a setting of the whole server
	}
}

func decode(s lab.Settings) config {
	c := config{
		service: decodeService(s), load: decodeLoad(s), eviction: s.Text("eviction"), warm: s.Bool("warm"),
		notify: s.Bool("notify"), redis: s.Text("redis-fault"), dbDown: s.Bool("db-down"),
	}
	if c.eviction != evictionLab {
		c.service.Padding, c.service.CacheSize = privatePadding, 0
	}
	return c
}

func decodeService(s lab.Settings) service.Config {
	return service.Config{
		TTL:         s.Duration("ttl"),
		TTLJitter:   s.Float("ttl-jitter"),
		NegativeTTL: min(s.Duration("negative-ttl"), service.LongestTTL),
		SoftTTL:     s.Duration("soft-ttl"),
		FillDelay:   s.Duration("fill-delay"),
		Timeout:     max(s.Duration("timeout"), time.Millisecond),
		Strategy:    s.Text("strategy"),
		Beta:        s.Float("beta"),
		Invalidate:  s.Text("invalidate"),
		Instances:   s.Int("instances"),
		CacheSize:   s.Int("cache-size"),
		Database: service.DatabaseConfig{
			Latency: s.Duration("db-latency"), WriteTime: s.Duration("write-latency"),
			Spread: s.Text("db-spread"), Conns: s.Int("db-conns"),
		},
		Failure: service.FailureConfig{
			Open: s.Text("fail-mode") == failOpen, Breaker: s.Bool("breaker"),
			Limit: s.Int("db-limit"), StaleCopy: s.Bool("stale-copy"),
		},
	}
}

func decodeLoad(s lab.Settings) workload.Config {
	return workload.Config{
		Reads: s.Int("rate"), Writes: s.Int("write-rate"), Bots: s.Int("bot-rate"),
		Products: s.Int("products"), Skew: s.Float("skew"),
		LateEvery: min(s.Duration("negative-ttl"), service.LongestTTL) + time.Second,
	}
}

// sameCache reports whether what is cached under one setting has the same meaning
// under another. Where not, the cache starts empty, so that a run depends on its
// settings alone.
func (c config) sameCache(o config) bool {
	a, b := c.service, o.service
	b.Database, b.Failure, b.Timeout = a.Database, a.Failure, a.Timeout
	return a == b && c.load.Products == o.load.Products && c.load.Skew == o.load.Skew && c.eviction == o.eviction && !c.warm && !o.warm
}

// withFault reports whether connections to Redis have a fault.
func (c config) withFault() bool { return c.redis != fault.None }
