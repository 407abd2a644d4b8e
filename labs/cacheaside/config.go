package cacheaside

import (
	"time"

	"resilab/labs/lab"
)

// config is the settings of one run, decoded.
type config struct {
	ttl       time.Duration
	dbLatency time.Duration
	timeout   time.Duration

	rate      int
	writeRate int
	products  int
	skew      float64

	invalidate string
	failOpen   bool
}

// What a visitor over the network may ask of a shared machine.
const (
	guestRate     = 500
	guestProducts = 5000
)

func decode(s lab.Settings, guest bool) config {
	c := config{
		ttl:        min(s.Duration("ttl"), longestTTL),
		dbLatency:  s.Duration("db-latency"),
		timeout:    max(s.Duration("timeout"), time.Millisecond),
		rate:       s.Int("rate"),
		writeRate:  s.Int("write-rate"),
		products:   s.Int("products"),
		skew:       s.Float("skew"),
		invalidate: s.Text("invalidate"),
		failOpen:   s.Text("fail-mode") == failOpen,
	}
	if guest {
		c.rate, c.writeRate = min(c.rate, guestRate), min(c.writeRate, guestRate)
		c.products = min(c.products, guestProducts)
	}
	return c
}

// sameCache tells whether what is cached under one setting has the same
// meaning under another. Where not, the cache starts empty, so that a run
// depends on its settings alone.
func (c config) sameCache(o config) bool {
	o.rate, o.writeRate, o.dbLatency, o.timeout, o.failOpen = c.rate, c.writeRate, c.dbLatency, c.timeout, c.failOpen
	return c == o
}
