package orders

import (
	"time"

	"resilab/labs/convoy/transport"
)

// state is the delivery state of an order.
type state byte

const (
	sending  state = iota // not confirmed
	waiting               // in the broker
	inFlight              // with a consumer, not acknowledged
	gone                  // handled, or dead-lettered
)

// record follows one order from its publishing until it is handled and confirmed.
type record struct {
	transport.Order
	Past
	lane      *lane
	consumer  int // that received it last
	confirmed bool
	state     state
	unplaced  bool      // it may be in another lane of the broker
	due       time.Time // before which the broker does not deliver it again
	skippedAt time.Time // when a later order of its lane was delivered before it; zero: never

	prev, next *record // its neighbours in the lane, in the order in which they were sent first
}

// lane is one lane as far as the lab knows it, with the orders that are in it.
type lane struct {
	transport.Lane
	head, tail        *record
	waiting, inFlight int
	published         uint64    // orders routed here
	active            time.Time // when something happened last
}

func (l *lane) add(r *record) {
	r.lane = l
	r.prev, r.next = l.tail, nil
	if l.tail != nil {
		l.tail.next = r
	} else {
		l.head = r
	}
	l.tail = r
	l.count(r.state, 1)
}

func (l *lane) remove(r *record) {
	if r.prev != nil {
		r.prev.next = r.next
	} else {
		l.head = r.next
	}
	if r.next != nil {
		r.next.prev = r.prev
	} else {
		l.tail = r.prev
	}
	r.prev, r.next, r.lane = nil, nil, nil
	l.count(r.state, -1)
}

// toEnd moves a record behind the others of its lane.
func (l *lane) toEnd(r *record) {
	l.remove(r)
	l.add(r)
}

// move changes the state of a record of this lane.
func (l *lane) move(r *record, to state) {
	l.count(r.state, -1)
	r.state = to
	l.count(r.state, 1)
}

func (l *lane) count(s state, by int) {
	switch s {
	case waiting:
		l.waiting += by
	case inFlight:
		l.inFlight += by
	}
}

// still reports whether no consumer has an order of the lane and nothing has
// happened there for so long.
func (l *lane) still(now time.Time, settle time.Duration) bool {
	return l.inFlight == 0 && now.Sub(l.active) >= settle
}
