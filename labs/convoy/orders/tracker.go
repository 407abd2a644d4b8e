// Package orders follows every order from its publishing until it is handled and
// confirmed, and finds those that are lost.
package orders

import (
	"sync"
	"time"

	"resilab/labs/clock"
	"resilab/labs/convoy/transport"
)

// settle is how long an order must have been missing before it is lost. One look
// is not enough: an order that RabbitMQ has just sent to a consumer is no longer
// counted in its queue, and has not come to the consumer yet. It is real time, as the
// broker's.
const settle = 1500 * time.Millisecond

// Past is what has happened to an order so far.
type Past struct {
	Generation int // of the lanes when it was published
	Deliveries int
	Publishes  int
}

// Tracker knows where every order is. All methods are safe for concurrent use;
// orders that it does not know are ignored.
type Tracker struct {
	clock *clock.Clock

	mu       sync.Mutex
	records  map[uint64]*record
	spare    []*record
	lanes    map[int]*lane // by their numbers
	lost     uint64
	doubts   doubts
	upSince  time.Time // since when the broker has been up without a break
	lastSeen Times
}

// Times are when the broker did something last; zero: not yet.
type Times struct{ Confirm, Delivery time.Time }

// NewTracker returns a tracker without orders. Where orders of a lane come unordered,
// a later one that comes does not mean that an earlier one is lost.
func NewTracker(c *clock.Clock, unordered bool) *Tracker {
	return &Tracker{clock: c, records: map[uint64]*record{}, lanes: map[int]*lane{}, upSince: c.Now(), doubts: doubts{unordered: unordered}}
}

// lane returns a lane. t.mu is held.
func (t *Tracker) lane(l transport.Lane) *lane {
	known := t.lanes[l.Number]
	if known == nil {
		known = &lane{Lane: l}
		t.lanes[l.Number] = known
	}
	return known
}

// Place records a new order that is to be published to a lane.
func (t *Tracker) Place(o transport.Order, to transport.Lane, generation int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var r *record
	if n := len(t.spare); n > 0 {
		r = t.spare[n-1]
		t.spare = t.spare[:n-1]
	} else {
		r = new(record)
	}
	*r = record{Order: o, Past: Past{Generation: generation, Publishes: 1}}
	t.records[o.N] = r
	l := t.lane(to)
	l.published++
	l.active = o.Created
	l.add(r)
	t.doubts.sent(r)
}

// Republish records that an order is published again. It returns the lane where
// it goes: the one where it is, or to where it has been handled already. It
// reports false where the order need not be published any more.
func (t *Tracker) Republish(n uint64, to transport.Lane) (transport.Lane, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.records[n]
	if r == nil || r.confirmed {
		return to, false
	}
	if r.lane == nil { // handled and never confirmed: the publisher cannot know
		r.state = sending
		t.lane(to).add(r)
	}
	r.Publishes++
	if r.Publishes == 1 { // it had not been sent
		r.lane.toEnd(r)
	}
	t.doubts.unskip(r)
	t.doubts.sent(r)
	return r.lane.Lane, true
}

// Release records that an order is sent only now: it had to wait for an earlier one.
func (t *Tracker) Release(n uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if r := t.records[n]; r != nil && r.lane != nil {
		r.lane.toEnd(r)
		t.doubts.sent(r)
	}
}

// Unpublish records that an order was not sent after all.
func (t *Tracker) Unpublish(n uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if r := t.records[n]; r != nil {
		r.Publishes--
	}
}

// Confirmed records that the broker took responsibility for an order. It returns
// the order, and false for one that is not known.
func (t *Tracker) Confirmed(n uint64) (transport.Order, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.records[n]
	if r == nil {
		return transport.Order{}, false
	}
	t.lastSeen.Confirm = t.clock.Now()
	r.confirmed = true
	o := r.Order
	switch r.state {
	case sending:
		r.lane.move(r, waiting)
		r.lane.active = t.lastSeen.Confirm
	case gone:
		t.forget(r)
	}
	return o, true
}

// Order returns an order that is not done yet.
func (t *Tracker) Order(n uint64) (transport.Order, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if r := t.records[n]; r != nil {
		return r.Order, true
	}
	return transport.Order{}, false
}

// Delivered records that a consumer has received an order, and returns its past.
func (t *Tracker) Delivered(d *transport.Delivery, consumer int) (past Past, known bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lastSeen.Delivery = t.clock.Now()
	l := t.lane(d.Lane)
	l.active = t.lastSeen.Delivery
	r := t.records[d.N]
	if r == nil {
		return past, false
	}
	r.Deliveries++
	if r.state == gone {
		return r.Past, true
	}
	if r.lane != l {
		r.lane.remove(r)
		l.add(r)
	}
	t.doubts.unskip(r)
	t.doubts.placed(r)
	t.doubts.skip(r.prev, t.lastSeen.Delivery)
	r.consumer = consumer
	l.move(r, inFlight)
	return r.Past, true
}

// GivenBack records that orders are no longer with a consumer.
func (t *Tracker) GivenBack(numbers ...uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.clock.Now()
	for _, n := range numbers {
		if r := t.records[n]; r != nil && r.state == inFlight {
			r.lane.move(r, waiting)
			r.lane.active = now
		}
	}
}

// Delay records that the broker does not deliver an order again before due.
func (t *Tracker) Delay(n uint64, due time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if r := t.records[n]; r != nil {
		r.due = due
	}
}

// Done records that an order was handled or dead-lettered. For the first time it
// returns when the order was placed, else the zero time.
func (t *Tracker) Done(n uint64) (created time.Time, past Past) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.records[n]
	if r == nil {
		return created, past
	}
	past = r.Past
	if r.state == gone {
		return created, past
	}
	created = r.Created
	r.lane.active = t.clock.Now()
	t.finish(r)
	if r.confirmed {
		t.forget(r)
	}
	return created, past
}

// Past returns what has happened to an order so far.
func (t *Tracker) Past(n uint64) (past Past, known bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if r := t.records[n]; r != nil {
		return r.Past, true
	}
	return past, false
}

// finish takes an order out of its lane. t.mu is held.
func (t *Tracker) finish(r *record) {
	t.doubts.unskip(r)
	t.doubts.placed(r)
	r.lane.remove(r)
	r.state = gone
}

// forget drops a record. t.mu is held.
func (t *Tracker) forget(r *record) {
	delete(t.records, r.N)
	t.spare = append(t.spare, r)
}

// UnderWay counts the orders that are not handled, or not confirmed.
func (t *Tracker) UnderWay() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.records)
}

// Seen returns when the broker did something last.
func (t *Tracker) Seen() Times {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.lastSeen
}
