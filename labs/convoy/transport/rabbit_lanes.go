package transport

import (
	"fmt"
	"slices"
	"sync"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"resilab/brokers/rabbitmq"
)

// expires removes queues that are not used, such as those of a program that was
// killed. The queues are durable, so that what the broker has confirmed survives
// its restart.
const expires = 50 * time.Second

// rabbitLanes declares the lanes' queues and their exchange.
type rabbitLanes struct {
	opt    Options
	events Events

	// using is held while the channel is used: replies on a channel are not told
	// apart.
	using sync.Mutex

	mu       sync.Mutex
	ch       *amqp.Channel // nil while the broker is away
	lanes    []rabbitLane  // in binding order; the ones that are leaving come last
	deadDown bool          // the dead-letter queue is out of reach
	declared bool          // once
}

// rabbitLane is a lane as the broker has it.
type rabbitLane struct {
	Lane
	open bool // bound to the exchange
	down bool // its queue is out of reach
}

func newRabbitLanes(opt Options, events Events) *rabbitLanes {
	r := &rabbitLanes{opt: opt, events: events}
	for n := range opt.Lanes {
		r.lanes = append(r.lanes, rabbitLane{Lane: RabbitLane(opt.Namespace, n+1), open: true})
	}
	return r
}

// RabbitLane returns the lane with a number under a namespace.
func RabbitLane(namespace string, number int) Lane {
	return Lane{number, fmt.Sprintf("%s.lane-%d", namespace, number)}
}

func (o Options) named(part string) string { return o.Namespace + "." + part }

func (r *rabbitLanes) exchange() string  { return r.opt.named("orders") }
func (r *rabbitLanes) deadQueue() string { return r.opt.named("dead") }

// all returns a copy of the lanes.
func (r *rabbitLanes) all() []rabbitLane {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.lanes)
}

func (r *rabbitLanes) setChannel(ch *amqp.Channel) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ch = ch
}

// declare declares everything on a new connection. The bindings are made in
// sequence on one channel, on a new exchange: their order decides where a key
// goes, and a broker that restores them by itself does so in any order.
func (r *rabbitLanes) declare(c *rabbitmq.Conn, ch *amqp.Channel) error {
	if err := r.examine(c); err != nil {
		return err
	}
	if !r.isDeadDown() {
		if _, err := ch.QueueDeclare(r.deadQueue(), true, false, false, false, r.opt.queueArgs()); err != nil {
			return fmt.Errorf("declaring the dead-letter queue: %w", err)
		}
	}
	if r.opt.Keyed {
		if err := ch.ExchangeDelete(r.exchange(), false, false); err != nil {
			return fmt.Errorf("removing the old exchange: %w", err)
		}
		if err := ch.ExchangeDeclare(r.exchange(), "x-consistent-hash", false, true, false, false, nil); err != nil {
			return fmt.Errorf("declaring the x-consistent-hash exchange (is its plugin enabled?): %w", err)
		}
	}
	for _, l := range r.all() {
		if l.down {
			continue
		}
		if err := r.declareLane(ch, l); err != nil {
			return err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ch, r.declared = ch, true
	return nil
}

// examine reports the lanes whose queues were deleted, with the confirmed orders in
// them, or down. Queues expire, may be deleted by others, and RabbitMQ 3 forgets
// one that was declared less than two seconds before a crash: Mnesia's log is
// buffered for that long.
func (r *rabbitLanes) examine(c *rabbitmq.Conn) error {
	r.mu.Lock()
	declared := r.declared
	r.mu.Unlock()
	if !declared {
		return nil
	}
	var down []Lane
	for _, l := range r.all() {
		state, err := c.QueueState(l.Queue)
		if err != nil {
			return fmt.Errorf("looking for lane %d: %w", l.Number, err)
		}
		switch state {
		case rabbitmq.QueueGone:
			r.events.LaneGone(l.Lane)
		case rabbitmq.QueueDown:
			down = append(down, l.Lane)
		}
	}
	r.setDown(down)
	state, err := c.QueueState(r.deadQueue())
	if err != nil {
		return fmt.Errorf("looking for the dead-letter queue: %w", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.deadDown = state == rabbitmq.QueueDown
	return nil
}

// setDown records which lanes are down and reports a change.
func (r *rabbitLanes) setDown(down []Lane) {
	r.mu.Lock()
	changed := false
	for i := range r.lanes {
		l := &r.lanes[i]
		now := slices.Contains(down, l.Lane)
		changed = changed || now != l.down
		l.down = now
	}
	r.mu.Unlock()
	if changed {
		r.events.LanesDown(down)
	}
}

// isDeadDown reports whether the dead-letter queue is out of reach.
func (r *rabbitLanes) isDeadDown() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.deadDown
}

// anyDown reports whether a queue is out of reach.
func (r *rabbitLanes) anyDown() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.deadDown || slices.ContainsFunc(r.lanes, func(l rabbitLane) bool { return l.down })
}

func (r *rabbitLanes) isDown(lane Lane) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.ContainsFunc(r.lanes, func(l rabbitLane) bool { return l.Lane == lane && l.down })
}

// anyBack reports whether a queue that was out of reach no longer is.
func (r *rabbitLanes) anyBack(c *rabbitmq.Conn) bool {
	if c == nil {
		return false
	}
	back := func(queue string) bool {
		state, err := c.QueueState(queue)
		return err == nil && state != rabbitmq.QueueDown
	}
	for _, l := range r.all() {
		if l.down && back(l.Queue) {
			return true
		}
	}
	return r.isDeadDown() && back(r.deadQueue())
}

// queueArgs are the arguments of every queue. A quorum queue is durable, as all are
// here, and expires as a classic one does.
func (o Options) queueArgs() amqp.Table {
	args := amqp.Table{"x-expires": expires.Milliseconds()}
	if o.Quorum {
		args["x-queue-type"] = "quorum"
	}
	return args
}

func (r *rabbitLanes) declareLane(ch *amqp.Channel, l rabbitLane) error {
	args := r.opt.queueArgs()
	args["x-dead-letter-exchange"], args["x-dead-letter-routing-key"] = "", r.deadQueue()
	if r.opt.Quorum && r.opt.DeliveryLimit > 0 {
		args["x-delivery-limit"] = int64(r.opt.DeliveryLimit)
	}
	if r.opt.Sharing == Exclusive {
		// One consumer at a time, also while a crashed one is being replaced.
		args["x-single-active-consumer"] = true
	}
	if _, err := ch.QueueDeclare(l.Queue, true, false, false, false, args); err != nil {
		return fmt.Errorf("declaring lane %d: %w", l.Number, err)
	}
	if !r.opt.Keyed || !l.open {
		return nil
	}
	if err := ch.QueueBind(l.Queue, "1", r.exchange(), false, nil); err != nil {
		return fmt.Errorf("binding lane %d: %w", l.Number, err)
	}
	return nil
}

// add declares a lane, the last one of those that are open.
func (r *rabbitLanes) add(ch *amqp.Channel, lane Lane) error {
	l := rabbitLane{Lane: lane, open: true}
	if err := r.declareLane(ch, l); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	at := 0
	for at < len(r.lanes) && r.lanes[at].open {
		at++
	}
	r.lanes = slices.Insert(r.lanes, at, l)
	return nil
}

// close unbinds a lane.
func (r *rabbitLanes) close(ch *amqp.Channel, lane Lane) error {
	r.mu.Lock()
	if i := r.find(lane); i >= 0 {
		l := r.lanes[i]
		l.open = false
		r.lanes = append(slices.Delete(r.lanes, i, i+1), l)
	}
	r.mu.Unlock()
	if !r.opt.Keyed {
		return nil // the publisher decides where orders go
	}
	if err := ch.QueueUnbind(lane.Queue, "1", r.exchange(), nil); err != nil {
		return fmt.Errorf("unbinding lane %d: %w", lane.Number, err)
	}
	return nil
}

// delete deletes a lane's queues.
func (r *rabbitLanes) delete(ch *amqp.Channel, lane Lane) error {
	r.mu.Lock()
	if i := r.find(lane); i >= 0 {
		r.lanes = slices.Delete(r.lanes, i, i+1)
	}
	r.mu.Unlock()
	for _, queue := range []string{lane.Queue, delayOf(lane)} {
		if _, err := ch.QueueDelete(queue, false, false, false); err != nil {
			return fmt.Errorf("deleting lane %d: %w", lane.Number, err)
		}
	}
	return nil
}

// find returns the index of a lane, or -1. r.mu is held.
func (r *rabbitLanes) find(lane Lane) int {
	return slices.IndexFunc(r.lanes, func(l rabbitLane) bool { return l.Lane == lane })
}

// remove deletes everything that was declared. On a broker that does not answer,
// as under an alarm, it expires.
func (r *rabbitLanes) remove(c *rabbitmq.Conn, ch *amqp.Channel) {
	r.using.Lock()
	defer r.using.Unlock()
	giveUp := time.AfterFunc(removeTimeout, c.Cut)
	defer giveUp.Stop()
	for _, l := range r.all() {
		if !l.down {
			_, _ = ch.QueueDelete(l.Queue, false, false, false)
			_, _ = ch.QueueDelete(delayOf(l.Lane), false, false, false)
		}
	}
	if !r.isDeadDown() {
		_, _ = ch.QueueDelete(r.deadQueue(), false, false, false)
	}
	if r.opt.Keyed {
		_ = ch.ExchangeDelete(r.exchange(), false, false)
	}
}

// onChannel works on the channel for declaring. It reports whether the broker
// has closed it.
func (r *rabbitLanes) onChannel(work func(*amqp.Channel) error) (closed bool, err error) {
	r.using.Lock()
	defer r.using.Unlock()
	r.mu.Lock()
	ch := r.ch
	r.mu.Unlock()
	if ch == nil {
		return false, ErrNotConnected
	}
	err = work(ch)
	return ch.IsClosed(), err
}
