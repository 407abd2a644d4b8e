package convoy

import (
	"math"
	"time"

	"resilab/labs/convoy/accounts"
	"resilab/labs/convoy/consumer"
	"resilab/labs/convoy/routing"
	"resilab/labs/convoy/topology"
	"resilab/labs/convoy/transport"
	"resilab/labs/kit"
	"resilab/labs/lab"
)

// Arrangements of queues and consumers.
const (
	modeConvoy    = "convoy"    // one lane per share of the users, one consumer each
	modeCompeting = "competing" // one queue, all consumers at once
	modeSingle    = "single"    // one queue, one consumer at a time: a global lock
	modeModulus   = "modulus"   // as convoy, but the publisher computes hash mod lanes
	modePool      = "pool"      // one queue, one consumer that shares orders out among workers by their users
	modeShare     = "share"     // one partition of Kafka, the consumers are a share group
)

// Types of the lanes' queues.
const (
	queueClassic = "classic" // on one node
	queueQuorum  = "quorum"  // replicated on several nodes of a cluster
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

// config is the settings as the lab uses them.
type config struct {
	lab.Settings
	product product
	mode    string
	users   int
	work    time.Duration
	seed    uint64

	onFailure     consumer.OnFailure
	failures      float64 // share of the orders whose first handling fails
	deliveryLimit int     // deliveries of a failing order before it is dead-lettered; 0: no limit

	adopt bool // consumers stand by for each other's lanes
}

func newConfig(s lab.Settings, seed uint64) config {
	return config{Settings: s, product: productOf(s), mode: s.Text("mode"),
		users: s.Int("users"), work: s.Duration("work"), seed: seed,
		onFailure: consumer.OnFailure(s.Text("on-failure")), failures: s.Float("failure-rate"), deliveryLimit: s.Int("delivery-limit"),
		adopt: s.Bool("adopt")}
}

// sharded reports whether every lane has its own queue, as also where consumers
// compete for orders that go round the lanes.
func (c *config) sharded() bool {
	return c.mode == modeConvoy || c.mode == modeModulus || c.product.inTurn && c.mode == modeCompeting
}

// rule is how orders are routed to lanes.
func (c *config) rule() topology.Rule {
	switch {
	case c.mode == modeConvoy:
		return c.product.byKey
	case c.mode == modeModulus:
		return topology.ByModulus
	case c.sharded():
		return topology.InTurn
	default:
		return topology.AllInTheSame
	}
}

// lane names a lane in the broker.
func (c *config) lane(namespace string) func(number int) transport.Lane {
	return func(number int) transport.Lane { return c.product.lane(namespace, number) }
}

// lanes is how many lanes there are at first, for so many consumers.
func (c *config) lanes() int {
	if c.sharded() {
		return c.Int("lanes")
	}
	return 1
}

// consumers is how many connections take orders at first: a pool has one.
func (c *config) consumers() int {
	if c.mode == modePool {
		return 1
	}
	return c.Int("lanes")
}

// prefetch is how many orders a connection may have unacknowledged: in a pool it has
// those of all workers.
func (c *config) prefetch() int {
	if c.mode == modePool {
		return c.Int("prefetch") * c.Int("lanes")
	}
	return c.Int("prefetch")
}

// unordered reports whether a later order of a lane says nothing of an earlier one.
func (c *config) unordered() bool { return c.mode == modeShare || c.product.unordered }

// standby returns the lanes that the consumer of lane i stands by for: where lanes are
// adopted, the one before it.
func (c *config) standby(lanes []topology.Lane, i int) []transport.Lane {
	if !c.adopt || len(lanes) == 1 {
		return nil
	}
	return []transport.Lane{lanes[(i+len(lanes)-1)%len(lanes)].Lane}
}

// worker returns what shares users out among the workers of a pool: the hash of the
// mode modulus.
func (c *config) worker() func(user int) int {
	share := make([]int, c.users)
	for u := range share {
		share[u] = routing.Modulus(c.Int("lanes")).Route(transport.UserName(u))
	}
	return func(user int) int { return share[user] }
}

func (c *config) sharing() transport.Sharing {
	switch c.mode {
	case modeCompeting:
		return transport.Competing
	case modeShare:
		return transport.Shared
	}
	return transport.Exclusive
}

func (c *config) accounts() accounts.Options {
	return accounts.Options{Users: c.users, Scenario: c.Text("scenario"), Inbox: c.Bool("inbox"),
		HoldBack: c.Int("hold-back"), Delayed: c.onFailure == consumer.Delay, Sharded: c.sharded(),
		Competing: c.sharing() != transport.Exclusive, Released: c.mode == modeShare}
}

// workOf returns how long handling an order takes: for one seed always the same,
// whatever else is set.
func (c *config) workOf() func(transport.Order) time.Duration {
	spread, slow := c.Text("work-spread"), c.Float("slow-user")
	return func(o transport.Order) time.Duration {
		u := draw(c.seed, o.N)
		w := float64(c.work)
		switch spread {
		case spreadUniform:
			w *= 2 * u
		case spreadExponential:
			w *= math.Min(10, -math.Log(1-u))
		}
		if o.User == 0 {
			w *= slow
		}
		return time.Duration(w)
	}
}

// failsFirst reports whether the first handling of order n fails.
func failsFirst(seed, n uint64, share float64) bool {
	return share > 0 && draw(seed+1, n) < share
}

// draw is a number from [0, 1) that belongs to order n.
func draw(seed, n uint64) float64 { return kit.Unit(kit.Mix(seed ^ kit.Mix(n))) }

// userSampler returns what draws the user of the next order: for one seed always
// the same users.
func (c *config) userSampler() func() int {
	popularity := c.Text("popularity")
	if popularity == popularityTurns {
		next := -1
		return func() int {
			next = (next + 1) % c.users
			return next
		}
	}
	rng := kit.Stream(c.seed, "users")
	sampler := kit.NewZipf(c.users, 0)
	switch {
	case popularity == popularityZipf:
		sampler = kit.NewZipf(c.users, 1)
	case popularity == popularityHot && c.users > 1:
		weights := make([]float64, c.users)
		for i := range weights {
			weights[i] = 1
		}
		weights[0] = hotShare / (1 - hotShare) * float64(c.users-1)
		sampler = kit.NewSampler(weights)
	}
	return func() int { return sampler.Draw(rng) }
}
