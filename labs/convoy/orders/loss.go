package orders

import (
	"slices"
	"time"

	"resilab/labs/convoy/transport"
)

// BrokerUp records that the broker is up after a break: what was delivered before
// may be delivered again, in another order.
func (t *Tracker) BrokerUp() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.upSince = t.clock.Now()
	for _, r := range t.records {
		t.unskip(r)
	}
}

// Doubtful reports whether orders may be lost: later ones of their lanes were
// delivered, and they were not.
func (t *Tracker) Doubtful() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.skipped > 0
}

// Lost returns how many orders were found to be lost.
func (t *Tracker) Lost() uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.lost
}

// LoseSkipped gives up the orders that were skipped long enough ago, and returns
// how many.
func (t *Tracker) LoseSkipped() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.skipped == 0 {
		return 0
	}
	now, settle := t.clock.Now(), t.clock.Lab(settle)
	return t.lose(func(r *record) bool {
		return !r.skippedAt.IsZero() && now.Sub(r.skippedAt) >= settle
	})
}

// Still returns the lanes that hold confirmed orders, none of them with a
// consumer, and where nothing has happened for a while. Where the broker holds
// nothing for such a lane, its orders are lost.
func (t *Tracker) Still() (lanes []transport.Lane) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now, settle := t.clock.Now(), t.clock.Lab(settle)
	if now.Sub(t.upSince) < settle {
		return nil
	}
	for _, l := range t.lanes {
		if l.waiting > 0 && l.inFlight == 0 && now.Sub(l.active) >= settle {
			lanes = append(lanes, l.Lane)
		}
	}
	slices.SortFunc(lanes, func(a, b transport.Lane) int { return a.Number - b.Number })
	return lanes
}

// LoseIn gives up the confirmed orders that are surely of a lane and due, if
// nothing has happened there since Still returned it, and returns how many.
func (t *Tracker) LoseIn(lane transport.Lane) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	l := t.lanes[lane.Number]
	now, settle := t.clock.Now(), t.clock.Lab(settle)
	if l == nil || l.inFlight > 0 || now.Sub(l.active) < settle {
		return 0
	}
	return t.lose(func(r *record) bool {
		return r.lane == l && r.state == waiting && !r.unplaced && now.Sub(r.due) >= settle
	})
}

// lose gives up the orders that are so. t.mu is held.
func (t *Tracker) lose(so func(*record) bool) int {
	n := 0
	for _, r := range t.records {
		if so(r) {
			t.finish(r)
			t.forget(r)
			n++
		}
	}
	t.lost += uint64(n)
	return n
}

// Empty reports whether no order is in a lane.
func (t *Tracker) Empty(lane transport.Lane) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	l := t.lanes[lane.Number]
	return l == nil || l.head == nil
}

// View is what is in a lane.
type View struct {
	Waiting   int
	InFlight  int
	Published uint64
	Next      []transport.Order         // the first ones that wait
	Held      map[int][]transport.Order // the first ones in flight, by consumer
}

// View returns what is in a lane, at most so many orders of each kind.
func (t *Tracker) View(lane transport.Lane, most int) View {
	t.mu.Lock()
	defer t.mu.Unlock()
	l := t.lanes[lane.Number]
	if l == nil {
		return View{}
	}
	v := View{Waiting: l.waiting, InFlight: l.inFlight, Published: l.published, Held: map[int][]transport.Order{}}
	for r := l.head; r != nil && len(v.Next) < most; r = r.next {
		if r.state == inFlight {
			if held := v.Held[r.consumer]; len(held) < most {
				v.Held[r.consumer] = append(held, r.Order)
			}
		} else {
			v.Next = append(v.Next, r.Order)
		}
	}
	return v
}

// Ages returns how long ago a confirm and a delivery came, and false where none
// has come.
func (t Times) Ages(now time.Time) (confirm, delivery time.Duration, ok bool) {
	if t.Confirm.IsZero() || t.Delivery.IsZero() {
		return 0, 0, false
	}
	return now.Sub(t.Confirm), now.Sub(t.Delivery), true
}
