package convoy

import "time"

// where a record stands.
type place byte

const (
	sending  place = iota // not confirmed
	waiting               // in the broker
	inFlight              // with a consumer, not acknowledged
	gone                  // handled, or dead-lettered
)

// record follows one order from its publishing until it is handled and confirmed.
type record struct {
	order
	created    time.Time
	lane       *lane
	worker     *worker // that received it last
	generation int     // of the topology when it was published
	deliveries int
	publishes  int
	at         place
	confirmed  bool
	poison     bool // handling it always fails

	prev, next *record // its neighbours in the lane, in the order of publishing
}

// laneID names a lane. It never changes.
type laneID struct {
	number int // from 1; shown to people and part of the queue's name
	queue  string
}

// lane is one queue as the lab sees it, with the orders that are in it.
type lane struct {
	laneID
	open bool // new orders are routed here

	head, tail        *record
	waiting, inFlight int
	published         uint64 // orders routed here
	handled           uint64
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
	l.count(r.at, 1)
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
	l.count(r.at, -1)
}

// move changes where a record of this lane stands.
func (l *lane) move(r *record, to place) {
	l.count(r.at, -1)
	r.at = to
	l.count(r.at, 1)
}

func (l *lane) count(p place, by int) {
	switch p {
	case waiting:
		l.waiting += by
	case inFlight:
		l.inFlight += by
	}
}
