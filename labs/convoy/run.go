package convoy

import (
	"context"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"resilab/labs/convoy/accounts"
	"resilab/labs/convoy/consumer"
	"resilab/labs/convoy/ledger"
	"resilab/labs/convoy/orders"
	"resilab/labs/convoy/producer"
	"resilab/labs/convoy/topology"
	"resilab/labs/convoy/transport"
	"resilab/labs/kit"
	"resilab/labs/lab"
)

// maxOutstanding is how many orders are under way before the users have to wait;
// guestOutstanding is that of a visitor.
const maxOutstanding, guestOutstanding = 20000, 2000

// run is one measurement: it joins the rooms of the lab. It implements what they
// ask for: transport.Events (with health), producer.Orders and consumer.Desk.
type run struct {
	*health
	cfg       config
	kit       *kit.Run
	log       *orderLog
	lanes     *topology.Lanes
	book      *accounts.Book
	producer  *producer.Producer
	transport transport.Transport
	team      team
	changes   sync.Mutex // one change of the lanes at a time

	ctx    context.Context // ends when the consumers have to
	cancel context.CancelFunc
	tasks  sync.WaitGroup

	state state
}

// state is what a run counts beside its rooms.
type state struct {
	placed       atomic.Uint64 // orders
	settling     atomic.Int64  // orders that are done for the tracker and not in the book yet
	paused       atomic.Uint64 // orders handled while the lab was paused
	poisonDue    atomic.Bool   // the next order of the first user is a poison order
	poisonPlaced atomic.Bool
	killDue      atomic.Int64 // the number of the lane whose consumer dies next; 0: none
	takeover     takeover
}

func newRun(base *kit.Base, k *kit.Run, url string) *run {
	cfg := newConfig(k.Settings, k.Seed)
	namespace := base.Env.Namespace + "." + strconv.Itoa(k.Number)
	tracker := orders.NewTracker(base.Clock, cfg.unordered())
	r := &run{cfg: cfg, kit: k, log: newOrderLog(base.Log, base.Clock),
		health: newHealth(base, cfg.product.name, k.Watch, tracker),
		lanes:  topology.New(cfg.rule(), cfg.users, cfg.lanes(), cfg.lane(namespace)),
		book:   accounts.NewBook(cfg.accounts())}
	r.ctx, r.cancel = context.WithCancel(k.Context())
	r.producer = producer.New(producer.Options{Users: cfg.users, Rate: cfg.Int("rate"), Burst: cfg.Int("burst"),
		Limit: uint64(cfg.Int("orders")), Pick: cfg.userSampler(), Clock: base.Clock, Valve: base.Valve}, r)
	opt := transport.Options{URL: url, Namespace: namespace, Lanes: cfg.lanes(), Consumers: cfg.consumers(), Users: cfg.users,
		Prefetch: cfg.prefetch(), Keyed: cfg.mode == modeConvoy, Sharing: cfg.sharing(),
		RestartAfter: cfg.Duration("restart-after"), Quorum: cfg.Text("queue-type") == queueQuorum,
		DeliveryLimit: cfg.deliveryLimit, Env: base.Env}
	opt.Env.Clock = base.Clock
	r.transport = cfg.product.open(opt, r)
	return r
}

// start begins the work. It does not wait for the broker.
func (r *run) start() {
	r.kit.Go(r.transport.Run)
	r.work(r.monitor)
	r.work(func(ctx context.Context) { r.producer.Run(ctx, r.transport) })
	open := r.lanes.Open()
	if r.cfg.mode == modePool {
		r.startPool(open[0].Lane)
		return
	}
	for i := range r.cfg.Int("lanes") {
		r.addConsumer(open[min(i, len(open)-1)].Lane, r.cfg.standby(open, i)...)
	}
}

// startPool starts the workers of a pool for its lane.
func (r *run) startPool(l transport.Lane) {
	p := consumer.Pool{Share: r.cfg.worker(), Guard: r.Env.Guarded}
	for range r.cfg.Int("lanes") {
		c := r.newConsumer(l)
		r.team.add(member{c, func() {}}) // they end with the run
		p.Workers = append(p.Workers, c)
	}
	r.work(func(ctx context.Context) { p.Run(ctx, r.transport) })
}

// work starts a task that stop waits for.
func (r *run) work(task func(ctx context.Context)) {
	r.tasks.Go(r.Env.Guarded(func() { task(r.ctx) }))
}

// addConsumer starts a consumer for a lane, and in place of others for those that it
// stands by for.
func (r *run) addConsumer(l transport.Lane, standby ...transport.Lane) (number int) {
	ctx, stop := context.WithCancel(r.ctx)
	c := r.newConsumer(l, standby...)
	r.team.add(member{c, stop})
	r.work(func(context.Context) {
		defer stop()
		c.Run(ctx, r.transport)
	})
	return c.Number()
}

func (r *run) newConsumer(l transport.Lane, standby ...transport.Lane) *consumer.Consumer {
	return consumer.New(consumer.Options{Number: r.team.nextNumber(), Lane: l, Standby: standby, Work: r.cfg.workOf(), Clock: r.Clock,
		OnFailure: r.cfg.onFailure, Reject: r.cfg.Text("requeue") == "reject", RetryAfter: r.cfg.Duration("retry-wait")}, r)
}

// stop ends the work. What was declared is removed when the run's context ends.
func (r *run) stop() {
	r.cancel()
	r.tasks.Wait()
}

// Room implements producer.Orders.
func (r *run) Room() bool {
	if r.Env.Guest {
		return r.tracker.UnderWay() < guestOutstanding
	}
	return r.tracker.UnderWay() < maxOutstanding
}

// Place implements producer.Orders.
func (r *run) Place(user int) (transport.Order, transport.Lane) {
	r.Clock.Count()
	o := transport.Order{N: r.state.placed.Add(1) - 1, User: user, Seq: r.book.Next(user), Created: r.Clock.Now()}
	if user == 0 && r.state.poisonDue.CompareAndSwap(true, false) {
		o.Poison = true
		r.state.poisonPlaced.Store(true)
		r.Log.Add(lab.MarkFault, "convoy.event.poison", o.ID(), o.UserName())
	}
	lane, generation := r.lanes.Route(user, o.N)
	r.tracker.Place(o, lane, generation)
	r.Changed()
	r.log.usual(lab.MarkSent, "convoy.event.sent", o)
	return o, lane
}

// Republish implements producer.Orders.
func (r *run) Republish(n uint64) (o transport.Order, to transport.Lane, ok bool) {
	o, ok = r.tracker.Order(n)
	if !ok {
		return o, to, false
	}
	to, _ = r.lanes.Route(o.User, n)
	to, ok = r.tracker.Republish(n, to)
	return o, to, ok
}

// Release implements producer.Orders.
func (r *run) Release(n uint64) { r.tracker.Release(n) }

// NotSent implements producer.Orders.
func (r *run) NotSent(n uint64) { r.tracker.Unpublish(n) }

// Settled implements transport.Events.
func (r *run) Settled(n uint64, fate transport.Fate) {
	var o transport.Order
	var known bool
	if fate == transport.Confirmed {
		if o, known = r.tracker.Confirmed(n); known {
			r.book.Confirmed(o)
		}
	} else {
		o, known = r.tracker.Order(n)
		if known && fate != transport.Unknown {
			r.log.unusual(lab.MarkRetry, "convoy.event.nacked", o)
		}
	}
	if known {
		r.producer.Settled(o, fate)
	}
	r.Changed()
}

// Received implements consumer.Desk.
func (r *run) Received(number int, d *transport.Delivery) {
	past, known := r.tracker.Delivered(d, number)
	if !known {
		past.Generation = -1
	}
	r.book.Delivered(d.User, d.Lane.Number, past.Generation, d.Redelivered)
	if before := r.team.received(d.Lane.Number, number); r.cfg.adopt && before != 0 && before != number {
		r.Log.Add(lab.MarkSetting, "convoy.event.adopted", number, d.Lane.Number, before)
	}
	r.Changed()
}

// GivenBack implements consumer.Desk.
func (r *run) GivenBack(numbers []uint64) {
	r.tracker.GivenBack(numbers...)
	r.Changed()
}

// Fails implements consumer.Desk.
func (r *run) Fails(d *transport.Delivery) (fails, exhausted bool) {
	share := r.cfg.failures
	if !d.Poison && share == 0 {
		return false, false
	}
	past, known := r.tracker.Past(d.N)
	if !known || !d.Poison && (past.Deliveries > 1 || !failsFirst(r.cfg.seed, d.N, share)) {
		return false, false
	}
	limit := r.cfg.deliveryLimit
	return true, limit > 0 && past.Deliveries >= limit
}

// Failed implements consumer.Desk.
func (r *run) Failed(d *transport.Delivery, due time.Time) {
	r.tracker.Delay(d.N, due)
	r.log.usual(lab.MarkRetry, r.cfg.product.event("failed_"+string(r.cfg.onFailure)), d.Order)
}

// Dies implements consumer.Desk.
func (r *run) Dies(number int, d *transport.Delivery, inFlight int) bool {
	if !(faults{r}).strikes(d) {
		return false
	}
	r.state.takeover.died(d.Lane.Number, r.Clock.Now())
	r.Log.Add(lab.MarkFault, r.cfg.product.event("killed"), number, inFlight)
	return true
}

// Handled implements consumer.Desk.
func (r *run) Handled(d *transport.Delivery) {
	r.state.settling.Add(1)
	defer r.state.settling.Add(-1)
	now := r.Clock.Now()
	placed, past := r.tracker.Done(d.N)
	r.state.takeover.handled(d.Lane.Number, now)
	j := r.book.Handled(accounts.Handling{Order: d.Order, Lane: d.Lane.Number, Past: past, Placed: placed, Now: now})
	if open, _ := r.Valve.State(); !open {
		r.state.paused.Add(1)
	}
	r.Changed()
	switch {
	case j.Verdict == ledger.Late:
		r.log.unusual(lab.MarkWarn, "convoy.event.violation_"+j.Cause.String(), d.Order, int(j.Overtaker))
	case j.Verdict == ledger.Duplicate:
		r.log.unusual(lab.MarkWarn, "convoy.event.duplicate", d.Order)
	case r.cfg.product.partitions:
		r.log.usual(lab.MarkHandled, "convoy.event.handled_partition", d.Order, d.Lane.Partition())
	default:
		r.log.usual(lab.MarkHandled, "convoy.event.handled", d.Order, d.Lane.Number)
	}
}

// DeadLettered implements transport.Events.
func (r *run) DeadLettered(o transport.Order) {
	r.book.DeadLettered(o)
	r.tracker.Done(o.N)
	r.Log.Add(lab.MarkFail, "convoy.event.deadlettered", o.ID(), o.UserName(), int(o.Seq))
	r.Changed()
}

// Archived implements transport.Events.
func (r *run) Archived(o transport.Order) {
	if r.tracker.Lose(o.N) {
		r.Log.Add(lab.MarkFail, "convoy.event.archived", o.ID(), o.UserName(), int(o.Seq))
		r.Changed()
	}
}
