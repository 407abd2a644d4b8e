package convoy

import (
	"time"

	"resilab/labs/convoy/ledger"
	"resilab/labs/lab"
)

// Detail is the picture of the lab that its pane draws.
type Detail struct {
	Mode     string
	Scenario string
	Kafka    bool   // the broker is Kafka
	Lanes    []Lane // in binding order; the ones that are leaving come last
	Users    []User // the first ones
	// UserCount counts all users.
	UserCount int
	// Routes compares systems; nil where orders are not routed by key.
	Routes *Routes
	// Causes counts the violations by what caused them.
	Causes [causeCount]uint64
	// Draining: nobody orders while the lanes run empty.
	Draining bool
	Shared   bool // one queue for all
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
}

// Order is one order in a lane.
type Order struct {
	User   int // from 0
	Seq    uint64
	Poison bool
}

// Consumer is one consumer.
type Consumer struct {
	Number    int
	Connected bool
	Hung      bool
	Orders    []Order // in flight to it, the first ones
}

// User is one customer.
type User struct {
	Name       string
	Lane       int // the number of the lane the last order came from; 0: none yet
	Strip      []Stamp
	Handled    uint64
	Violations uint64
	Duplicates uint64
	Waiting    int     // orders placed and not handled
	P50, P95   float64 // milliseconds from placing to handling; 0: none handled
	// What the orders have made of the user's business: dollars in the bank,
	// elsewhere the last step done, -1 before the first.
	Balance, Step int
	Wrong         bool // it stands elsewhere than the same orders in order would have brought it
}

// What a snapshot shows at most.
const (
	shownOrders = 48
	shownUsers  = 24
	shownEvents = 100
)

func (e *epoch) detail() *Detail {
	totals := make([]ledger.Totals, len(e.users))
	for i := range totals {
		totals[i] = e.ledger.User(i)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	d := &Detail{Mode: e.cfg.mode, Kafka: e.cfg.kafka, Scenario: e.cfg.scenario, Draining: e.holding, Shared: !e.cfg.sharded(), UserCount: len(e.users), Causes: e.sum.causes, Routes: e.routes}
	for _, l := range e.lanes {
		d.Lanes = append(d.Lanes, l.picture(e))
	}
	for i := range min(len(e.users), shownUsers) {
		d.Users = append(d.Users, e.users[i].picture(i, totals[i], e.cfg.scenario))
	}
	return d
}

func (l *lane) picture(e *epoch) Lane {
	p := Lane{Number: l.number, Open: l.open, Waiting: l.waiting, InFlight: l.inFlight, Published: l.published}
	at := map[*worker]int{}
	for _, w := range e.workers {
		if w.lane == l {
			at[w] = len(p.Consumers)
			p.Consumers = append(p.Consumers, Consumer{Number: w.number, Connected: w.connected, Hung: w.hung})
		}
	}
	for r := l.head; r != nil && len(p.Next) < shownOrders; r = r.next {
		o := Order{User: r.user, Seq: r.seq, Poison: r.poison}
		if i, ok := at[r.worker]; ok && r.at == inFlight {
			if c := &p.Consumers[i]; len(c.Orders) < shownOrders {
				c.Orders = append(c.Orders, o)
			}
		} else {
			p.Next = append(p.Next, o)
		}
	}
	return p
}

func (u *user) picture(i int, t ledger.Totals, scenario string) User {
	p := User{Name: userName(i), Strip: u.strip.last(stripLength), Handled: t.Handled, Violations: t.Violations,
		Duplicates: t.Duplicates, Balance: u.account.balance, Step: u.account.lastStep(scenario), Wrong: u.account.wrong(scenario)}
	p.Waiting = int(u.seq) - int(t.Unique) - int(t.DeadLettered)
	if u.lane != nil {
		p.Lane = u.lane.number
	}
	p.P50, _ = u.latency.quantile(0.5)
	p.P95, _ = u.latency.quantile(0.95)
	return p
}

// figures are the metrics of the epoch.
func (e *epoch) figures() (m map[string]float64, elapsed time.Duration, underWay int) {
	t := e.ledger.Totals()
	e.mu.Lock()
	defer e.mu.Unlock()
	elapsed = e.watch.elapsed(e.now())
	lost := min(e.sum.lost, t.Pending)
	m = map[string]float64{
		"violations": float64(t.Violations), "handled": float64(t.Handled), "confirmed": float64(t.Confirmed),
		"published": float64(e.sum.published), "lost": float64(lost), "duplicates": float64(t.Duplicates),
		"redelivered": float64(e.sum.redelivered), "dead_lettered": float64(t.DeadLettered), "gaps": float64(t.Gaps),
		"unique_messages": float64(t.Unique), "effects": float64(e.sum.effects), "rejected": float64(e.sum.rejected),
		"applied_violations": float64(e.sum.appliedViolations), "buffer_max": float64(e.sum.heldMax),
		"republished": float64(e.sum.republished),
	}
	if t.Handled > 0 {
		m["violation_rate"] = float64(t.Violations) / float64(t.Handled)
	}
	if s := elapsed.Seconds(); s > 0.1 {
		m["throughput"] = (float64(t.Handled) - float64(e.sum.handledPaused)) / s
	}
	e.latencies(m)
	e.laneFigures(m)
	return m, elapsed, len(e.records) - int(lost)
}

// latencies adds the times from placing an order to applying it; e.mu is held.
func (e *epoch) latencies(m map[string]float64) {
	put := func(id string, h *histogram, q float64) {
		if v, ok := h.quantile(q); ok {
			m[id] = v
		}
	}
	put("p50_ms", &e.sum.latency, 0.5)
	put("p95_ms", &e.sum.latency, 0.95)
	first := &e.users[0]
	put("p95_hot", &first.latency, 0.95)
	var lane, others histogram
	for i := range e.users[1:] {
		u := &e.users[1+i]
		if u.lane == first.lane && e.cfg.sharded() {
			lane.merge(&u.latency)
		} else {
			others.merge(&u.latency)
		}
	}
	put("p95_lane", &lane, 0.95)
	put("p95_others", &others, 0.95)
}

// laneFigures adds what compares the lanes; e.mu is held.
func (e *epoch) laneFigures(m map[string]float64) {
	if e.cfg.sharded() {
		sum, most := uint64(0), uint64(0)
		open := e.openLanes()
		for _, l := range open {
			sum += l.published
			most = max(most, l.published)
		}
		if sum > 0 {
			m["max_over_mean"] = float64(most) * float64(len(open)) / float64(sum)
		}
	}
	if share, ok := e.moved(); ok {
		m["moved"] = share
	}
	wrong := 0
	for i := range e.users {
		if e.users[i].account.wrong(e.cfg.scenario) {
			wrong++
		}
	}
	m["wrong_accounts"] = float64(wrong)
	if e.sum.poisoned {
		m["lane_resumed"] = 0
		if e.sum.afterPoison > 0 {
			m["lane_resumed"] = 1
		}
	}
}

// troubles are what is wrong right now.
func (e *epoch) troubles() (all []lab.Trouble) {
	refused, refuses := e.broker.refuses()
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.trouble != nil {
		all = append(all, *e.trouble)
	}
	if refuses {
		all = append(all, refused)
	}
	return all
}
