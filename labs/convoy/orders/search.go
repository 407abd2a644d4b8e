package orders

import (
	"slices"

	"resilab/labs/convoy/transport"
)

// search looks for lost orders. It does not hold the tracker's mutex while it asks
// the broker.
type search struct {
	t       *Tracker
	lanes   []transport.Lane
	waiting Waiting
}

// inSequence gives up the orders that were skipped long enough ago.
func (s search) inSequence() int {
	t := s.t
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.doubts.skipped == 0 {
		return 0
	}
	now, settle := t.clock.Now(), t.clock.Lab(settle)
	return s.lose(func(r *record) bool {
		return !r.skippedAt.IsZero() && now.Sub(r.skippedAt) >= settle
	})
}

// lose gives up the orders that are so. The tracker's mutex is held.
func (s search) lose(so func(*record) bool) int {
	t := s.t
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

// inStillLanes gives up the orders of lanes where nothing moves and of which the
// broker holds nothing.
func (s search) inStillLanes() (lost int) {
	for _, l := range s.still() {
		if n, err := s.waiting(l); err == nil && n == 0 {
			lost += s.in(l)
		}
	}
	return lost
}

// still returns the lanes that hold confirmed orders, none of them with a
// consumer, and where nothing has happened for a while.
func (s search) still() (lanes []transport.Lane) {
	t := s.t
	t.mu.Lock()
	defer t.mu.Unlock()
	now, settle := t.clock.Now(), t.clock.Lab(settle)
	if now.Sub(t.upSince) < settle {
		return nil
	}
	for _, l := range t.lanes {
		if l.waiting > 0 && l.still(now, settle) {
			lanes = append(lanes, l.Lane)
		}
	}
	slices.SortFunc(lanes, func(a, b transport.Lane) int { return a.Number - b.Number })
	return lanes
}

// in gives up the orders that are surely of a lane and due, if nothing has happened
// there since still returned it.
func (s search) in(lane transport.Lane) int {
	t := s.t
	t.mu.Lock()
	defer t.mu.Unlock()
	now, settle := t.clock.Now(), t.clock.Lab(settle)
	l := t.lanes[lane.Number]
	if l == nil || !l.still(now, settle) {
		return 0
	}
	return s.lose(func(r *record) bool {
		return r.lane == l && r.state == waiting && !r.unplaced && now.Sub(r.due) >= settle
	})
}

// anywhere gives up the orders whose lane is not known, if nothing moves in any
// lane and the broker holds nothing in all of them.
func (s search) anywhere() int {
	if !s.unplaced() {
		return 0
	}
	for _, l := range s.lanes {
		if n, err := s.waiting(l); err != nil || n > 0 {
			return 0
		}
	}
	t := s.t
	t.mu.Lock()
	defer t.mu.Unlock()
	if !s.quiet() {
		return 0
	}
	return s.lose(func(r *record) bool { return r.unplaced && r.state == waiting })
}

// unplaced reports whether there are orders whose lane is not known while nothing
// moves.
func (s search) unplaced() bool {
	s.t.mu.Lock()
	defer s.t.mu.Unlock()
	return s.t.doubts.unplaced > 0 && s.quiet()
}

// quiet reports whether no consumer has an order and nothing has happened in any
// lane for a while. The tracker's mutex is held.
func (s search) quiet() bool {
	now, settle := s.t.clock.Now(), s.t.clock.Lab(settle)
	if now.Sub(s.t.upSince) < settle {
		return false
	}
	for _, l := range s.t.lanes {
		if !l.still(now, settle) {
			return false
		}
	}
	return true
}
