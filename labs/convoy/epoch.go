package convoy

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"resilab/brokers/minirabbit/chash"
	"resilab/labs/convoy/ledger"
	"resilab/labs/lab"
)

// epoch is one measurement. Its methods are safe for concurrent use.
type epoch struct {
	cfg    config
	env    lab.Env
	now    func() time.Time // of env
	log    *journal
	rev    *atomic.Uint64 // grows whenever something visible changes
	broker transport

	workCtx               context.Context // ends when the consumers have to
	cancelWork, cancelAll context.CancelFunc
	work, all             sync.WaitGroup // what works on orders; what keeps the topology

	mu         sync.Mutex
	kick       chan struct{} // wakes the producer
	watch      stopwatch
	ledger     *ledger.Ledger
	picker     *picker
	users      []user
	lanes      []*lane // in binding order; the ones that are leaving come last
	lanesMade  int
	ring       chash.Ring
	generation int // of the topology
	routes     *Routes
	workers    []*worker
	records    map[uint64]*record
	spare      []*record

	nextN     uint64
	again     []uint64 // orders to publish anew
	script    []int    // users who order next, out of turn
	due       time.Time
	burstLeft int
	paused    bool
	holding   bool   // nobody orders while the lanes run empty
	poisonDue bool   // the next order of the first user is a poison message
	incident  string // still to happen

	sum       counts
	active    *worker   // the consumer that received an order last
	busyUntil time.Time // the last time anything happened
	trouble   *lab.Trouble
}

// counts are the sums of an epoch that are not the ledger's.
type counts struct {
	published, republished, redelivered uint64
	returned, refused                   uint64
	handledPaused                       uint64 // handled while the watch stood still
	misplaced                           uint64 // delivered by another lane than computed
	lost                                uint64
	effects, rejected                   uint64
	appliedViolations, heldMax          uint64
	afterPoison                         uint64 // handled in its lane since it was set aside
	causes                              [causeCount]uint64
	poisoned                            bool
	poisonLane                          *lane
	latency                             histogram
}

// user is what the lab knows of one customer.
type user struct {
	seq           uint64 // of the last order placed
	lane          *lane  // where the last order came from
	before, after *lane  // around the last change of the lanes
	latest        *lane  // where the highest number handled came from
	strip         strip
	latency       histogram
	account       account
}

// Bounds of what the lab keeps.
const (
	maxOutstanding = 20000 // orders under way before the users have to wait
	quiet          = 1500 * time.Millisecond
	monitorEvery   = 100 * time.Millisecond
)

func newEpoch(cfg config, opt brokerOptions, env lab.Env, log *journal, rev *atomic.Uint64) *epoch {
	e := &epoch{cfg: cfg, env: env, now: env.Clock.Now, log: log, rev: rev, kick: make(chan struct{}, 1),
		ledger: ledger.New(cfg.users), picker: newPicker(&cfg), users: make([]user, cfg.users),
		records: map[uint64]*record{}, busyUntil: env.Clock.Now(), incident: cfg.incident}
	if cfg.kafka {
		e.broker = newKafka(opt, e)
	} else {
		e.broker = newRabbit(opt, e)
	}
	e.makeLanes()
	e.compareRoutes()
	return e
}

// start begins the measurement. It returns when the topology stands; an error
// means that the broker is away, and the epoch keeps trying.
func (e *epoch) start(ctx context.Context) error {
	all, cancelAll := context.WithCancel(context.WithoutCancel(ctx))
	work, cancelWork := context.WithCancel(all)
	e.cancelAll, e.cancelWork, e.workCtx = cancelAll, cancelWork, work
	e.all.Go(e.env.Guarded(func() { e.broker.run(all) }))
	e.work.Go(e.env.Guarded(func() { e.monitor(work) }))
	e.work.Go(e.env.Guarded(func() { e.produce(work) }))
	e.mu.Lock()
	for _, w := range e.workers {
		e.work.Go(e.env.Guarded(func() { w.run(work) }))
	}
	e.mu.Unlock()
	return e.broker.awaitFirst(ctx)
}

// makeLanes lays out the lanes and consumers that the settings ask for.
func (e *epoch) makeLanes() {
	if e.cfg.sharded() {
		for range e.cfg.lanes {
			e.newWorker(e.newLane())
		}
		return
	}
	l := e.newLane()
	for range e.cfg.lanes {
		e.newWorker(l)
	}
}

// newLane adds a lane at the end of the binding order; e.mu is held.
func (e *epoch) newLane() *lane {
	l := e.makeLane()
	e.openLane(l)
	return l
}

// makeLane makes a lane that orders are not routed to yet; e.mu is held.
func (e *epoch) makeLane() *lane {
	e.lanesMade++
	return &lane{laneID: laneID{e.lanesMade, e.broker.name(e.lanesMade)}, open: true}
}

// openLane routes orders to a lane; e.mu is held.
func (e *epoch) openLane(l *lane) {
	e.lanes = slices.Insert(e.lanes, len(e.openLanes()), l)
	e.ring.Bind(l.queue, 1)
}

// compareRoutes looks where other systems would send the users; e.mu is held.
func (e *epoch) compareRoutes() {
	if e.cfg.mode == modeConvoy {
		var numbers []int
		for _, l := range e.openLanes() {
			numbers = append(numbers, l.number)
		}
		e.routes = newRoutes(e.cfg.users, numbers)
	}
}

// newWorker adds a consumer; e.mu is held.
func (e *epoch) newWorker(l *lane) *worker {
	w := &worker{e: e, number: len(e.workers) + 1, lane: l, wake: make(chan struct{}, 1)}
	e.workers = append(e.workers, w)
	return w
}

// stop ends the measurement and removes what it declared.
func (e *epoch) stop() {
	e.cancelWork()
	e.work.Wait()
	e.cancelAll()
	e.all.Wait()
}

// touched notes that something happened; e.mu is held.
func (e *epoch) touched() {
	e.busyUntil = e.now()
	e.rev.Add(1)
}

func (e *epoch) wakeProducer() {
	select {
	case e.kick <- struct{}{}:
	default:
	}
}

func (e *epoch) brokerName() string {
	if e.cfg.kafka {
		return "Kafka"
	}
	return "RabbitMQ"
}

// brokerUp and brokerDown hear from the connection.
func (e *epoch) brokerUp(addr string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.trouble != nil {
		e.log.add(lab.MarkRecovered, "convoy.event.recovered", e.brokerName(), addr, e.now().Sub(e.trouble.Since).Round(100*time.Millisecond))
		e.trouble = nil
	}
	if !e.paused {
		e.watch.start(e.now())
	}
	e.touched()
	e.wakeProducer()
}

// brokerBack is brokerUp where nothing had to be declared anew.
func (e *epoch) brokerBack(addr string) {
	e.mu.Lock()
	away := e.trouble != nil
	e.mu.Unlock()
	if away {
		e.brokerUp(addr)
	}
}

func (e *epoch) brokerDown(addr string, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.trouble == nil {
		e.trouble = &lab.Trouble{Key: "convoy.trouble.broker", Args: []any{e.brokerName(), addr}, Since: e.now()}
		e.log.add(lab.MarkFault, "convoy.event.down", err.Error())
	}
	e.touched()
}

// monitor looks for loss: when for a while nothing has happened, the broker has
// held nothing and the consumers have held nothing, what was confirmed and not
// handled will not come any more.
func (e *epoch) monitor(ctx context.Context) {
	tick := time.NewTicker(monitorEvery)
	defer tick.Stop()
	var empty stillness
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		e.happen(ctx)
		if !empty.lasts(e.mayHaveLost() && e.brokerEmpty(ctx), e.now()) {
			continue
		}
		e.mu.Lock()
		if e.atRest() {
			if lost := e.ledger.Totals().Pending; lost != e.sum.lost {
				e.sum.lost = lost
				e.log.add(lab.MarkFail, "convoy.event.lost", int(lost))
				e.rev.Add(1)
			}
		}
		e.mu.Unlock()
	}
}

// stillness is how long nothing has been seen. One look is not enough: an order
// that RabbitMQ has just sent to a consumer is no longer counted in its queue, and
// has not come to the consumer yet.
type stillness struct{ since time.Time }

// lasts notes a look, and tells whether nothing has been seen for a while.
func (s *stillness) lasts(nothing bool, now time.Time) bool {
	switch {
	case !nothing:
		s.since = time.Time{}
	case s.since.IsZero():
		s.since = now
	}
	return nothing && now.Sub(s.since) >= quiet
}

// brokerEmpty tells whether no order waits in the broker.
func (e *epoch) brokerEmpty(ctx context.Context) bool {
	for _, l := range e.lanesNow() {
		if n, err := e.broker.waiting(ctx, l.laneID); err != nil || n > 0 {
			return false
		}
	}
	return true
}

func (e *epoch) mayHaveLost() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.atRest() && e.ledger.Totals().Pending != e.sum.lost
}

// atRest tells whether nothing moves; e.mu is held.
func (e *epoch) atRest() bool {
	if e.trouble != nil || e.now().Sub(e.busyUntil) < quiet || len(e.again) > 0 {
		return false
	}
	for _, l := range e.lanes {
		if l.inFlight > 0 {
			return false
		}
	}
	return true
}
