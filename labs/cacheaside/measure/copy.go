package measure

import (
	"time"

	"resilab/brokers/redis"
)

// copyState is what is known of a product's copy in the cache.
type copyState struct {
	life      Life
	ends      time.Time     // of its TTL
	full      time.Duration // the TTL when it was written
	version   uint64
	price     float64
	goneAt    time.Time
	announced bool
	deleted   time.Time // when the lab last deleted it
	shortened bool      // the lab makes it expire at once: a longer TTL is an old answer
}

// Copy is what is written to the cache.
type Copy struct {
	Version uint64
	Price   float64
	TTL     time.Duration
	Absence bool // the copy of an unknown product
}

// presentCopy returns the copy, as far as it exists.
func (p *Product) presentCopy() copyState {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.copy.life != Alive {
		return copyState{}
	}
	return p.copy
}

// Filled records that a copy was written. It closes the cycle of loads.
func (p *Product) Filled(c Copy, at time.Time) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cycle.open, p.cycle.filled = false, at
	p.read.Store(false)
	p.known.Store(true)
	if !c.Absence {
		p.copy = copyState{life: Alive, ends: at.Add(c.TTL), full: c.TTL, version: c.Version, price: c.Price}
	}
}

// Touched records that the copy was read.
func (p *Product) Touched() {
	if p != nil && !p.read.Load() {
		p.read.Store(true)
	}
}

// Deleting records that the lab deletes the copy, so that its end is not taken
// for an expiry.
func (p *Product) Deleting(at time.Time) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.copy.deleted = at
}

// Shortened records that the TTL of the copy ends now.
func (p *Product) Shortened(now time.Time) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.copy.life == Alive {
		p.copy.ends, p.copy.shortened = now, true
	}
}

// Lengthened undoes Shortened, which was recorded before it happened and did not.
func (p *Product) Lengthened(left time.Duration, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.copy.ends, p.copy.shortened = now.Add(left), false
}

// Left returns how long the copy still lives; 0 where there is none.
func (p *Product) Left(now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.copy.life != Alive {
		return 0
	}
	return p.copy.ends.Sub(now)
}

// Late returns how long after the end of the copy's TTL a moment is, and whether
// the copy was ever read. ok is false where the copy has been written again
// meanwhile, which says nothing.
func (p *Product) Late(at time.Time) (late time.Duration, read, ok bool) {
	if p == nil {
		return 0, false, false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	late = at.Sub(p.copy.ends)
	return max(late, 0), p.read.Load(), !p.copy.ends.IsZero() && late > -time.Second
}

// Announced records that the server announced the copy's expiry. It reports
// whether the copy was alive until then. Polling may have seen it a moment before:
// reading a key is what makes Redis notice that it has expired.
func (p *Product) Announced(at time.Time) (ended bool) {
	if p == nil {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch p.copy.life {
	case Alive:
		p.end(Expired, at)
		p.copy.announced = true
		return true
	case Expired:
		p.copy.announced = true
	}
	return false
}

// end records that the copy has ended; its last TTL is kept. p.mu is held.
func (p *Product) end(life Life, at time.Time) {
	p.copy = copyState{life: life, goneAt: at, ends: p.copy.ends}
}

// tolerance is how far the end that polling sees may differ from the known one.
const tolerance = pollInterval

// polled records what Redis said about the copy at a moment: left, or redis.Gone.
// It reports whether anything changed, and whether the copy ended.
func (p *Product) polled(left time.Duration, asked time.Time) (changed, ended bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := &p.copy
	switch {
	case left == redis.Gone && c.life == Alive && asked.After(c.ends.Add(-c.full)):
		life := Expired
		if asked.Before(c.ends.Add(-tolerance)) || !c.deleted.IsZero() && asked.Sub(c.deleted) < idleInterval+tolerance {
			life = Deleted
		}
		p.end(life, asked)
		return true, true
	case left > 0 && !c.shortened:
		ends := asked.Add(left)
		changed = c.life != Alive || ends.Sub(c.ends).Abs() > tolerance
		if changed {
			*c = copyState{life: Alive, ends: ends, full: max(left, c.full), deleted: c.deleted, version: c.version, price: c.price}
		}
		c.ends = ends
	}
	return changed, false
}
