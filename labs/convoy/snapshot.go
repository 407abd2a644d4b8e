package convoy

import (
	"cmp"
	"time"

	"resilab/labs/convoy/accounts"
	"resilab/labs/convoy/producer"
	"resilab/labs/convoy/topology"
	"resilab/labs/convoy/transport"
	"resilab/labs/lab"
)

// What a Detail is made of.
type (
	Order        = transport.Order       // one order in a lane
	User         = accounts.User         // one customer
	HandledOrder = accounts.HandledOrder // one order as it was handled
	Routes       = topology.Routes       // where systems send the users' orders
	Kind         = accounts.Kind         // how an order was handled
	Cause        = accounts.Cause        // why a violation came about
)

// Kinds of handled orders.
const (
	InOrder      = accounts.InOrder
	Violation    = accounts.Violation
	Duplicate    = accounts.Duplicate
	DeadLettered = accounts.DeadLettered
)

// Causes lists the causes of violations.
func Causes() []Cause { return accounts.Causes() }

// Detail is the picture of the lab that its pane draws.
type Detail struct {
	Mode     string
	Scenario string
	Engine   string // the broker, as the knob names it
	Lanes    []Lane // in binding order; the ones that are leaving come last
	LanesSet int    // what the knob says; actions add and remove lanes beside it
	Users    []User // the first ones
	// UserCount counts all users.
	UserCount int
	// Routes compares systems; nil where orders are not routed by key.
	Routes *Routes
	// Causes counts the violations by what caused them.
	Causes accounts.Counts
	// Draining: no orders are placed while the lanes run empty.
	Draining bool
	Shared   bool // one queue for all
	Broker   BrokerState
}

// LaneCount returns what the knob "lanes" sets at the start of a run: the lanes
// that orders are routed to, or the consumers of the one queue.
func (d *Detail) LaneCount() (n int) {
	for _, l := range d.Lanes {
		switch {
		case d.Shared:
			n += len(l.Consumers)
		case l.Open:
			n++
		}
	}
	return n
}

// BrokerState is what the broker does, as the lab sees it.
type BrokerState struct {
	Seen bool // it has confirmed and delivered an order
	// How long ago it did so last, in the lab's time.
	ConfirmAge, DeliveryAge time.Duration
	Delayed                 int // orders that wait to be sent: refused, or behind one that was
}

// Lane is one queue with its orders.
type Lane struct {
	Number    int
	Open      bool // new orders come here
	Waiting   int
	InFlight  int
	Published uint64
	Next      []Order // the first ones that wait
	Consumers []Consumer
	Adopter   int // the consumer that serves the lane in place of the one it began with; 0: none
}

// Consumer is one consumer.
type Consumer struct {
	Number    int
	Connected bool
	Hung      bool
	Orders    []Order // in flight to it, the first ones
}

// What a snapshot shows at most.
const (
	shownOrders = 48
	shownUsers  = 24
)

// picture writes what a run looks like.
type picture struct{ *run }

// fill writes a snapshot. What is under way is counted before the figures, and what
// was placed meanwhile is under way too, so that the figures of a snapshot with
// nothing under way are complete.
func (r picture) fill(snap *lab.Snapshot) {
	counts := r.producer.Counts()
	snap.InFlight = r.tracker.UnderWay() + int(r.state.settling.Load())
	r.figures(snap, counts)
	snap.InFlight += int(r.producer.Counts().Published - counts.Published)
	snap.Troubles = r.troubles(r.transport.Blocked())
	snap.Detail = r.detail(counts)
}

// figures adds the metrics of the run.
func (r picture) figures(snap *lab.Snapshot, counts producer.Counts) {
	m := snap.Metrics
	r.book.Figures(m)
	m["published"], m["republished"], m["nacked"] = float64(counts.Published), float64(counts.Republished), float64(counts.Refused)
	if s := snap.Elapsed.Seconds(); s > 0.1 {
		m["throughput"] = (m["handled"] - float64(r.state.paused.Load())) / s
	}
	if lost, known := r.lost(); known {
		m["lost"] = lost
	}
	if r.cfg.sharded() {
		r.spread(m)
	}
	if d, known := r.state.takeover.took(); known {
		m["takeover_ms"] = float64(d) / float64(time.Millisecond)
	}
	if r.state.poisonPlaced.Load() {
		m["lane_resumed"] = 0
		if r.book.Resumed() {
			m["lane_resumed"] = 1
		}
	}
}

// lost returns how many orders were confirmed and will not be handled. It is not
// known while orders are missing, while the broker is away, or while a paused
// lab has not handled all that was confirmed.
func (r picture) lost() (n float64, known bool) {
	pending, lost := r.book.Totals().Pending, r.tracker.Lost()
	lost = min(lost, pending)
	open, _ := r.Valve.State()
	known = pending == lost || open && !r.away() && !r.tracker.Doubtful()
	return float64(lost), known
}

// spread adds how evenly the lanes are loaded.
func (r picture) spread(m map[string]float64) {
	sum, most := uint64(0), uint64(0)
	open := r.lanes.Open()
	for _, l := range open {
		n := r.tracker.View(l.Lane, 0).Published
		sum += n
		most = max(most, n)
	}
	if sum > 0 {
		m["max_over_mean"] = float64(most) * float64(len(open)) / float64(sum)
	}
}

func (r picture) detail(counts producer.Counts) *Detail {
	d := &Detail{Mode: r.cfg.mode, Engine: r.cfg.product.id, Scenario: r.cfg.Text("scenario"), Draining: counts.Holding,
		Shared: !r.cfg.sharded(), LanesSet: r.cfg.Int("lanes"), UserCount: r.cfg.users, Causes: r.book.Causes(), Routes: r.lanes.Routes(),
		Users: r.book.Users(shownUsers)}
	d.Broker.ConfirmAge, d.Broker.DeliveryAge, d.Broker.Seen = r.tracker.Seen().Ages(r.Clock.Now())
	d.Broker.Delayed = counts.Delayed
	team := r.team.all()
	for _, l := range r.lanes.All() {
		d.Lanes = append(d.Lanes, r.lane(l, team))
	}
	return d
}

func (r picture) lane(l topology.Lane, team []member) Lane {
	v := r.tracker.View(l.Lane, shownOrders)
	p := Lane{Number: l.Number, Open: l.Open, Waiting: v.Waiting, InFlight: v.InFlight, Published: v.Published, Next: v.Next}
	if server := r.team.server(l.Number); r.cfg.adopt && server != l.Number {
		p.Adopter = server
	}
	for _, c := range team {
		if r.serves(c, &p) {
			p.Consumers = append(p.Consumers, Consumer{Number: c.Number(), Connected: c.Connected(), Hung: c.Hung(), Orders: v.Held[c.Number()]})
			delete(v.Held, c.Number())
		}
	}
	for _, held := range v.Held { // by a consumer of several partitions
		p.Next = append(held, p.Next...)
	}
	return p
}

// serves reports whether a consumer is to be shown at a lane.
func (r picture) serves(c member, l *Lane) bool {
	if r.cfg.adopt {
		return c.Number() == cmp.Or(l.Adopter, l.Number) // lane n is the one of consumer n
	}
	return c.Lane() == l.Number
}
