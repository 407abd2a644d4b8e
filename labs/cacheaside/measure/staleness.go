package measure

import "time"

// ReadStart is what was true when a read began.
type ReadStart struct {
	version, seen uint64
	known         bool // there had been a copy before
}

// Begin returns what is true now, for a read that begins.
func (p *Product) Begin() ReadStart {
	if p == nil {
		return ReadStart{}
	}
	return ReadStart{version: p.version.Load(), seen: p.seen.Load(), known: p.known.Load()}
}

// HadCopy reports whether there had been a copy in this run when the read began.
func (s ReadStart) HadCopy() bool { return s.known }

// staleness is how an answer compares with the database.
type staleness struct {
	stale    bool
	age      time.Duration // how long it had not been true
	inverted bool          // an earlier read had returned a newer version
}

// check compares the version that a read returned with the database as it was
// when the read began. A read that runs at the same time as a write may return
// either version.
func (p *Product) check(began ReadStart, version uint64, at time.Time) staleness {
	if p == nil {
		return staleness{}
	}
	raise(&p.seen, version)
	s := staleness{stale: version < began.version, inverted: version < began.seen}
	if s.stale {
		s.age = at.Sub(p.Overtaken(version, at))
	}
	return s
}

// Overtaken returns when a version stopped being true: when the next one was
// committed, or the oldest commit still known after it; now, if it is still true.
func (p *Product) Overtaken(version uint64, now time.Time) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	oldest := now
	for _, c := range p.commits {
		if c.version > version && c.at.Before(oldest) {
			oldest = c.at
		}
	}
	return oldest
}

// CheckStale compares an answer with the database, counts what it finds and
// reports whether the answer was stale.
func (c *Counters) CheckStale(p *Product, began ReadStart, version uint64, at time.Time) bool {
	s := p.check(began, version, at)
	if s.stale {
		c.Stale.Reads.Add(1)
		c.Stale.Age(s.age)
	}
	if s.inverted {
		c.Stale.Inversions.Add(1)
	}
	return s.stale
}
