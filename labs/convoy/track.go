package convoy

import (
	"errors"
	"slices"

	amqp "github.com/rabbitmq/amqp091-go"

	"resilab/brokers/minirabbit/chash"
	"resilab/brokers/rabbitmq"
	"resilab/labs/convoy/ledger"
	"resilab/labs/convoy/routing"
	"resilab/labs/lab"
)

// newOrder makes the next order of a user; e.mu is held.
func (e *epoch) newOrder(u int) *record {
	e.users[u].seq++
	r := e.newRecord()
	*r = record{order: order{n: e.nextN, user: u, seq: e.users[u].seq}, created: e.now(), generation: e.generation, publishes: 1}
	if u == 0 && e.poisonDue {
		r.poison, e.poisonDue, e.sum.poisoned = true, false, true
		e.log.add(lab.MarkFault, "convoy.event.poison", r.id(), r.userID())
	}
	e.nextN++
	e.records[r.n] = r
	l := e.route(u)
	l.published++
	l.add(r)
	e.sum.published++
	e.touched()
	e.log.order(lab.MarkSent, "convoy.event.sent", r.order)
	return r
}

func (e *epoch) newRecord() *record {
	if n := len(e.spare); n > 0 {
		r := e.spare[n-1]
		e.spare = e.spare[:n-1]
		return r
	}
	return new(record)
}

// forget drops a record that is handled and confirmed; e.mu is held.
func (e *epoch) forget(r *record) {
	delete(e.records, r.n)
	e.spare = append(e.spare, r)
}

// route computes the lane of a user's next order; e.mu is held.
func (e *epoch) route(u int) *lane {
	switch e.cfg.mode {
	case modeConvoy:
		if e.cfg.kafka {
			return e.lanes[routing.Partitions(len(e.openLanes())).Route(userName(u))]
		}
		if queue, ok := e.ring.Route(chash.Hash(userName(u))); ok {
			for _, l := range e.lanes {
				if l.queue == queue {
					return l
				}
			}
		}
	case modeModulus:
		open := e.openLanes()
		return open[routing.Modulus(len(open)).Route(userName(u))]
	case modeCompeting:
		open := e.openLanes()
		return open[int(e.nextN)%len(open)]
	}
	return e.lanes[0]
}

// openLanes are those that new orders go to, in binding order; e.mu is held.
func (e *epoch) openLanes() []*lane {
	n := 0
	for n < len(e.lanes) && e.lanes[n].open {
		n++
	}
	return e.lanes[:n]
}

// settled hears from the broker what became of a published order.
func (e *epoch) settled(n uint64, fate rabbitmq.Fate) {
	defer e.env.Contain() // the client calls
	e.mu.Lock()
	defer e.mu.Unlock()
	r := e.records[n]
	if r == nil {
		return
	}
	switch fate {
	case rabbitmq.Confirmed:
		e.confirmed(r)
		return
	case rabbitmq.Returned:
		e.sum.returned++
	case rabbitmq.Refused:
		e.sum.refused++
	}
	e.publishAgain(n)
}

func (e *epoch) confirmed(r *record) {
	r.confirmed = true
	e.ledger.Confirmed(r.user, r.seq)
	switch r.at {
	case sending:
		r.lane.move(r, waiting)
	case gone:
		e.forget(r)
	}
	e.touched()
}

// publishAgain puts an order back to the producer, in its place; e.mu is held.
func (e *epoch) publishAgain(n uint64) {
	if i, found := slices.BinarySearch(e.again, n); !found {
		e.again = slices.Insert(e.again, i, n)
	}
	e.wakeProducer()
}

// unsent notes that an order could not be handed to the broker.
func (e *epoch) unsent(n uint64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if r := e.records[n]; r != nil && r.publishes > 1 {
		r.publishes--
		e.sum.republished--
	}
	e.publishAgain(n)
}

// delivered notes that a consumer has received an order.
func (e *epoch) delivered(w *worker, l *lane, o order, redelivered bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.touched()
	if redelivered {
		e.sum.redelivered++
	}
	u := &e.users[o.user]
	u.lane, e.active = l, w
	w.lane = l // in Kafka the group decides who serves it
	r := e.records[o.n]
	if r == nil {
		return
	}
	if r.generation == e.generation {
		u.after = l
	}
	r.deliveries++
	if r.at == gone {
		return
	}
	if r.lane != l {
		if r.generation == e.generation {
			e.sum.misplaced++
		}
		r.lane.remove(r)
		l.add(r)
	}
	r.worker = w
	r.lane.move(r, inFlight)
}

// consumerClosed notes that a consumer's channel ended. Where the connection
// did, the producer's tells of it.
func (e *epoch) consumerClosed(w *worker, reason error) {
	var closed *amqp.Error
	if errors.As(reason, &closed) && closed.Code >= amqp.AccessRefused && closed.Code <= amqp.PreconditionFailed || errors.Is(reason, rabbitmq.ErrCancelled) {
		e.log.add(lab.MarkFault, "convoy.event.consumer_closed", w.number, reason.Error())
	}
}

// givenBack notes that orders are no longer with a consumer.
func (e *epoch) givenBack(orders []order) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, o := range orders {
		if r := e.records[o.n]; r != nil && r.at == inFlight {
			r.lane.move(r, waiting)
		}
	}
	e.touched()
}

// fails tells whether handling an order fails, and whether the limit of its
// deliveries is reached.
func (e *epoch) fails(o order) (fails, exhausted bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	r := e.records[o.n]
	if r == nil || !r.poison && (r.deliveries > 1 || !e.cfg.fails(o.n)) {
		return false, false
	}
	return true, e.cfg.deliveryLimit > 0 && r.deliveries >= e.cfg.deliveryLimit
}

// handled notes that an order from a lane was handled, and judges it.
func (e *epoch) handled(l *lane, o order) {
	e.mu.Lock()
	defer e.mu.Unlock()
	verdict, overtaker := e.ledger.Handled(o.user, o.seq)
	u := &e.users[o.user]
	u.strip.add(o.seq, verdict)
	if e.paused {
		e.sum.handledPaused++
	}
	l.handled++
	if e.sum.poisonLane == l {
		e.sum.afterPoison++
	}
	done := effect{order: o}
	cause := e.causeOf(l, o)
	if r := e.records[o.n]; r != nil && r.at != gone {
		done.created = r.created
		e.finish(r)
	}
	e.apply(done, verdict)
	e.touched()
	switch verdict {
	case ledger.Violation:
		e.sum.causes[cause]++
		e.log.order(lab.MarkWarn, "convoy.event.violation_"+causeNames[cause], o, int(overtaker))
	case ledger.Duplicate:
		e.log.order(lab.MarkWarn, "convoy.event.duplicate", o)
	default:
		u.latest = l
		if e.cfg.kafka { // which counts its partitions from 0
			e.log.order(lab.MarkHandled, "convoy.event.handled_partition", o, partitionOf(l.laneID))
		} else {
			e.log.order(lab.MarkHandled, "convoy.event.handled", o, l.number)
		}
	}
}

// finish takes an order out of its lane; e.mu is held.
func (e *epoch) finish(r *record) {
	r.lane.remove(r)
	r.at = gone
	if r.confirmed {
		e.forget(r)
	}
}

// deadLettered notes that an order has arrived in the dead-letter queue.
func (e *epoch) deadLettered(o order) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.ledger.DeadLettered(o.user, o.seq)
	e.users[o.user].strip.addDead(o.seq)
	if r := e.records[o.n]; r != nil && r.at != gone {
		e.sum.poisonLane = r.lane
		e.finish(r)
	}
	e.touched()
	e.log.add(lab.MarkFail, "convoy.event.deadlettered", o.id(), o.userID(), int(o.seq))
}
