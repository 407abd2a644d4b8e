package orders

// Rerouting records that lanes are being added or removed, or no longer are.
// Meanwhile the broker may route an order to another lane than the one given to
// Place or Republish. Until such an order is delivered, its lane is not known.
func (t *Tracker) Rerouting(on bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rerouting = on
	if !on {
		return
	}
	for _, r := range t.records {
		if r.state == sending {
			t.doubtLane(r)
		}
	}
}

// Unplaced reports whether there are orders whose lane is not known.
func (t *Tracker) Unplaced() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.unplaced > 0
}

// Quiet reports whether no consumer has an order and nothing has happened in any
// lane for a while.
func (t *Tracker) Quiet() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.quiet()
}

// quiet is Quiet. t.mu is held.
func (t *Tracker) quiet() bool {
	now, settle := t.clock.Now(), t.clock.Lab(settle)
	if now.Sub(t.upSince) < settle {
		return false
	}
	for _, l := range t.lanes {
		if l.inFlight > 0 || now.Sub(l.active) < settle {
			return false
		}
	}
	return true
}

// LoseUnplaced gives up the confirmed orders whose lane is not known, if Quiet
// holds, and returns how many. The caller knows that the broker holds nothing in
// any lane.
func (t *Tracker) LoseUnplaced() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.quiet() {
		return 0
	}
	return t.lose(func(r *record) bool { return r.unplaced && r.state == waiting })
}

// doubtLane records that the lane of an order is not known. t.mu is held.
func (t *Tracker) doubtLane(r *record) {
	if !r.unplaced {
		r.unplaced = true
		t.unplaced++
	}
}

// knowLane undoes doubtLane. t.mu is held.
func (t *Tracker) knowLane(r *record) {
	if r.unplaced {
		r.unplaced = false
		t.unplaced--
	}
}
