package orders

import "time"

// doubts marks the orders that may be lost, and those whose lane is not known. Its
// methods are called with the tracker's mutex held.
type doubts struct {
	skipped   int  // orders whose skippedAt is set
	unplaced  int  // orders whose lane is not known
	rerouting bool // lanes are being added or removed
	unordered bool // orders of a lane are not delivered in their order
}

// skip marks the orders that should have been delivered before one that was:
// lanes are queues. Those that were delivered or published before are elsewhere
// in the queue now, and those whose lane is not known may be in another one.
func (d *doubts) skip(r *record, now time.Time) {
	for ; r != nil && !d.unordered; r = r.prev {
		switch {
		case r.unplaced:
			continue
		case r.state != waiting || r.Deliveries > 0 || r.Publishes != 1 || !r.skippedAt.IsZero():
			return
		}
		r.skippedAt = now
		d.skipped++
	}
}

// unskip undoes skip.
func (d *doubts) unskip(r *record) {
	if !r.skippedAt.IsZero() {
		r.skippedAt = time.Time{}
		d.skipped--
	}
}

// sent records that an order is sent. While lanes change, the broker may route it
// to another lane than the one it was placed in.
func (d *doubts) sent(r *record) {
	if d.rerouting && !r.unplaced {
		r.unplaced = true
		d.unplaced++
	}
}

// placed records that the lane of an order is known.
func (d *doubts) placed(r *record) {
	if r.unplaced {
		r.unplaced = false
		d.unplaced--
	}
}
