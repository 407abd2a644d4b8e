package cacheaside

import (
	"time"

	"resilab/labs/lab"
)

// config is the settings of one run, decoded.
type config struct {
	ttl         time.Duration
	ttlJitter   float64 // ± share of the TTL
	negativeTTL time.Duration
	softTTL     time.Duration
	fillDelay   time.Duration
	timeout     time.Duration

	rate      int
	writeRate int
	botRate   int
	products  int
	skew      float64
	cacheSize int // copies; 0: no bound
	eviction  string
	warm      bool
	padding   int // bytes added to every copy

	strategy   string
	beta       float64
	instances  int
	invalidate string

	dbLatency time.Duration
	writeTime time.Duration
	dbSpread  string
	dbConns   int // 0: no limit
	dbDown    bool

	redisFault string
	failOpen   bool
	breaker    bool
	dbLimit    int // 0: no limit
	staleCopy  bool
	notify     bool
}

// What a visitor over the network may ask of a shared machine.
const (
	guestRate     = 500
	guestProducts = 5000
)

func decode(s lab.Settings, guest bool) config {
	c := config{
		ttl:         min(s.Duration("ttl"), longestTTL),
		ttlJitter:   s.Float("ttl-jitter"),
		negativeTTL: min(s.Duration("negative-ttl"), longestTTL),
		softTTL:     s.Duration("soft-ttl"),
		fillDelay:   s.Duration("fill-delay"),
		timeout:     max(s.Duration("timeout"), time.Millisecond),
		rate:        s.Int("rate"),
		writeRate:   s.Int("write-rate"),
		botRate:     s.Int("bot-rate"),
		products:    s.Int("products"),
		skew:        s.Float("skew"),
		cacheSize:   s.Int("cache-size"),
		eviction:    s.Text("eviction"),
		warm:        s.Bool("warm"),
		strategy:    s.Text("strategy"),
		beta:        s.Float("beta"),
		instances:   s.Int("instances"),
		invalidate:  s.Text("invalidate"),
		dbLatency:   s.Duration("db-latency"),
		writeTime:   s.Duration("write-latency"),
		dbSpread:    s.Text("db-spread"),
		dbConns:     s.Int("db-conns"),
		dbDown:      s.Bool("db-down"),
		redisFault:  s.Text("redis-fault"),
		failOpen:    s.Text("fail-mode") == failOpen,
		breaker:     s.Bool("breaker"),
		dbLimit:     s.Int("db-limit"),
		staleCopy:   s.Bool("stale-copy"),
		notify:      s.Bool("notify"),
	}
	if guest {
		c.rate, c.writeRate, c.botRate = min(c.rate, guestRate), min(c.writeRate, guestRate), min(c.botRate, guestRate)
		c.products = min(c.products, guestProducts)
		c.notify = false // a setting of the whole server
		c.eviction = evictionLab
	}
	if c.eviction != evictionLab {
		c.padding = ownPadding
	}
	return c
}

// sameCache tells whether what is cached under one setting has the same
// meaning under another. Where not, the cache starts empty, so that a run
// depends on its settings alone.
func (c config) sameCache(o config) bool {
	o.rate, o.writeRate, o.botRate = c.rate, c.writeRate, c.botRate
	o.dbLatency, o.writeTime, o.dbSpread = c.dbLatency, c.writeTime, c.dbSpread
	o.dbConns, o.dbDown = c.dbConns, c.dbDown
	o.redisFault, o.failOpen, o.timeout, o.notify = c.redisFault, c.failOpen, c.timeout, c.notify
	return c == o && !c.warm
}
