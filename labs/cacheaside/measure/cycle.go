package measure

import "time"

// cycle follows one product from the end of its copy until there is a copy
// again: the loads in between were caused by one expiry.
type cycle struct {
	open    bool
	cold    bool // it began with the first copy of the run: nothing had expired
	loads   int
	loading int       // still under way
	filled  time.Time // when the last one closed
}

// LoadBegins counts a load into its cycle; missed is when the reader asked the
// cache. It reports whether the load belongs to an expiry, and whether it is the
// first that does.
func (p *Product) LoadBegins(missed time.Time) (expiry, first bool) {
	if p == nil {
		return false, false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	c := &p.cycle
	// A reader that missed before the copy was there again belongs to the cycle
	// that has just closed.
	if !c.open && missed.After(c.filled) {
		c.open, c.cold, c.loads = true, !p.known.Load(), 0
		first = true
	}
	c.loads++
	c.loading++
	return !c.cold, first && !c.cold
}

// LoadEnds records that the database has answered.
func (p *Product) LoadEnds() {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cycle.loading--
}

// loadsOfCycle returns how many loads the present or last expiry has caused.
func (p *Product) loadsOfCycle() (loads int, open bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cycle.loads, p.cycle.open
}

// WorstStampede returns the expiry with the most loads among the first products.
func (all *Products) WorstStampede(first int) (worst Stampede) {
	for id := 1; id <= min(first, len(all.states)); id++ {
		if loads, open := all.Of(id).loadsOfCycle(); loads > worst.Loads {
			worst = Stampede{ID: id, Loads: loads, Open: open}
		}
	}
	return worst
}
