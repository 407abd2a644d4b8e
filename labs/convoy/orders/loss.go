package orders

import (
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
		t.doubts.unskip(r)
	}
}

// Doubtful reports whether orders may be lost: later ones of their lanes were
// delivered, and they were not.
func (t *Tracker) Doubtful() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.doubts.skipped > 0
}

// Lost returns how many orders were found to be lost.
func (t *Tracker) Lost() uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.lost
}

// Waiting asks the broker how many orders wait in a lane.
type Waiting func(transport.Lane) (int, error)

// FindLost gives up the confirmed orders that cannot come any more, and returns
// how many: later orders of their lanes came, or the broker holds nothing for lanes
// where nothing moves. lanes are those that the broker has.
func (t *Tracker) FindLost(lanes []transport.Lane, waiting Waiting) int {
	s := search{t, lanes, waiting}
	return s.inSequence() + s.inStillLanes() + s.anywhere()
}

// Lose gives up an order that no consumer has and that does not come any more. It
// reports false for one that was handled already.
func (t *Tracker) Lose(n uint64) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return search{t: t}.lose(func(r *record) bool { return r.N == n && r.state != gone }) > 0
}

// Rerouting records that lanes are being added or removed, or no longer are.
// Meanwhile the broker may route an order to another lane than the one given to
// Place or Republish. Until such an order is delivered, its lane is not known.
func (t *Tracker) Rerouting(on bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.doubts.rerouting = on
	for _, r := range t.records {
		if r.state == sending {
			t.doubts.sent(r)
		}
	}
}

// Unplaced reports whether there are orders whose lane is not known.
func (t *Tracker) Unplaced() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.doubts.unplaced > 0
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
