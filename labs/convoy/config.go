package convoy

import (
	"math"
	"time"

	"resilab/labs/lab"
)

// Brokers.
const (
	engineRabbitMQ = "rabbitmq"
	engineKafka    = "kafka"
)

// Arrangements of queues and consumers.
const (
	modeConvoy    = "convoy"    // one lane per share of the users, one consumer each
	modeCompeting = "competing" // one queue, all consumers at once
	modeSingle    = "single"    // one queue, one consumer at a time: a global lock
	modeModulus   = "modulus"   // as convoy, but the publisher computes hash mod lanes
)

// Distributions of the work time around its mean.
const (
	spreadUniform     = "uniform" // 0 to twice the mean
	spreadConstant    = "constant"
	spreadExponential = "exponential" // cut at ten times the mean
)

// Who orders how often.
const (
	popularityUniform = "uniform"
	popularityTurns   = "turns" // one after another
	popularityZipf    = "zipf"  // the k-th user orders 1/k as often as the first
	popularityHot     = "hot"   // the first user places hotShare of all orders
)

const hotShare = 0.4

// config is the settings as the engine uses them.
type config struct {
	kafka         bool // the broker is Kafka, not RabbitMQ
	mode          string
	users, lanes  int
	rate, burst   int
	limit         uint64 // orders to place in all; 0: no end
	work          time.Duration
	spread        string
	slow          float64 // the first user's orders take so many times longer
	popularity    string
	prefetch      int
	failures      float64 // share of the orders whose first handling fails
	requeueReject bool    // a failed order goes back by basic.reject, not basic.nack
	deliveryLimit int     // deliveries of a failing order before it is dead-lettered; 0: no limit
	inbox         bool    // the consumers remember what they have applied
	holdBack      int     // orders a user may have waiting for an earlier one; 0: none
	drain         bool    // let the lanes run empty before changing them
	scenario      string
	incident      string // what happens by itself
	incidentAt    time.Duration
	seed          uint64
}

func newConfig(s lab.Settings, seed uint64) config {
	return config{
		kafka: s.Text("engine") == engineKafka, mode: s.Text("mode"), users: s.Int("users"), lanes: s.Int("lanes"),
		rate: s.Int("rate"), burst: s.Int("burst"), limit: uint64(s.Int("orders")),
		work: s.Duration("work"), spread: s.Text("work-spread"), slow: s.Float("slow-user"),
		popularity: s.Text("popularity"), prefetch: s.Int("prefetch"),
		failures: s.Float("failure-rate"), requeueReject: s.Text("requeue") == "reject", deliveryLimit: s.Int("delivery-limit"),
		inbox: s.Bool("inbox"), holdBack: s.Int("hold-back"), drain: s.Bool("drain"),
		scenario: s.Text("scenario"), incident: s.Text("incident"), incidentAt: s.Duration("incident-at"),
		seed: seed,
	}
}

// sharded tells whether every lane has a queue of its own. Where consumers
// compete in Kafka, the orders go round its partitions.
func (c *config) sharded() bool {
	return c.mode == modeConvoy || c.mode == modeModulus || c.kafka && c.mode == modeCompeting
}

// workOf is how long order n of a user takes: for one seed always the same,
// whatever else is set.
func (c *config) workOf(n uint64, user int) time.Duration {
	u := draw(c.seed, n)
	w := float64(c.work)
	switch c.spread {
	case spreadUniform:
		w *= 2 * u
	case spreadExponential:
		w *= math.Min(10, -math.Log(1-u))
	}
	if user == 0 {
		w *= c.slow
	}
	return time.Duration(w)
}

// fails tells whether the first handling of order n fails.
func (c *config) fails(n uint64) bool {
	return c.failures > 0 && draw(c.seed+1, n) < c.failures
}

// draw is a number from [0, 1) that belongs to order n.
func draw(seed, n uint64) float64 { return float64(mix(seed^mix(n))>>11) / (1 << 53) }

// mix is the finalizer of splitmix64 (Steele, Lea, Flood 2014).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
