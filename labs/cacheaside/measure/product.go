package measure

import (
	"sync"
	"sync/atomic"
	"time"

	"resilab/labs/cacheaside/catalog"
)

// Products is what is known of every product during a run. Ids beyond it have no
// state: all methods of a nil *Product do nothing.
type Products struct {
	states []Product // of product 1, 2 …
}

// NewProducts returns the state for the versions of product 1, 2 … and the rows
// of the first few. Copies that still exist from the run before are those of old,
// which may be nil.
func NewProducts(versions []uint64, rows []catalog.Product, old *Products) *Products {
	all := &Products{states: make([]Product, len(versions))}
	for i, v := range versions {
		all.states[i].version.Store(v)
		if p := old.Of(i + 1); p != nil {
			all.states[i].copy = p.presentCopy()
		}
	}
	for _, row := range rows {
		if p := all.Of(row.ID); p != nil {
			p.row = row
		}
	}
	return all
}

// Of returns the state of a product, or nil.
func (all *Products) Of(id int) *Product {
	if all == nil || id < 1 || id > len(all.states) {
		return nil
	}
	return &all.states[id-1]
}

// Product is what is known of one product. It is safe for concurrent use.
type Product struct {
	version atomic.Uint64 // newest committed
	seen    atomic.Uint64 // newest that a finished read returned
	read    atomic.Bool   // the copy has been read since it was written
	known   atomic.Bool   // there has been a copy in this run

	mu      sync.Mutex
	commits [commitsKept]commit // by version modulo its length
	cycle   cycle
	row     catalog.Product // as last seen in the database
	copy    copyState
}

// commitsKept bounds how far back the age of a stale answer is known; what is
// older counts as old as the oldest commit kept.
const commitsKept = 16

type commit struct {
	version uint64
	at      time.Time
}

// Committed records that a row was committed.
func (p *Product) Committed(row catalog.Product, at time.Time) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.commits[row.Version%commitsKept] = commit{row.Version, at}
	if row.Version > p.row.Version {
		p.row = row
	}
	raise(&p.version, row.Version)
}

// raise makes a at least v.
func raise(a *atomic.Uint64, v uint64) {
	for {
		old := a.Load()
		if old >= v || a.CompareAndSwap(old, v) {
			return
		}
	}
}

// View returns what a screen shows of a product.
func (p *Product) View(id int, now time.Time, redisAway bool) ProductView {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.copy
	v := ProductView{ID: id, Name: p.row.Name, Price: p.row.Price, Loading: p.cycle.loading,
		Stale: c.version > 0 && c.version < p.version.Load(), Copy: c.price, Life: c.life, Announced: c.announced}
	switch c.life {
	case Alive:
		// A copy that is written while the picture is taken has no more than its TTL left.
		v.Left, v.Full = min(max(c.ends.Sub(now), 0), c.full), c.full
	case Expired, Deleted:
		v.Gone = now.Sub(c.goneAt)
	}
	if redisAway {
		v.Life = Unknown
	}
	return v
}
