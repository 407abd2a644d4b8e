package cacheaside

import (
	"sync"
	"sync/atomic"
	"time"

	"resilab/labs/cacheaside/catalog"
)

// judge knows the truth about every product and holds each answer against it.
//
// An answer is stale if the database had a newer version committed before the
// read began: a read that runs side by side with a write may return either.
type judge struct {
	truths []truth // of product 1, 2 …
}

// truth is what is known of one product.
type truth struct {
	version atomic.Uint64 // newest committed
	seen    atomic.Uint64 // newest that a finished read returned

	hit   atomic.Bool // the copy has been read since it was written
	known atomic.Bool // there has been a copy in this run

	mu      sync.Mutex
	commits [commitsKept]commit // by version modulo its length
	cycle   cycle
	product catalog.Product // as last seen in the database
	copied  entry           // as last written to the cache
}

// commitsKept bounds how far back the age of a stale answer can be told;
// what is older counts as old as the oldest one kept.
const commitsKept = 16

type commit struct {
	version uint64
	at      time.Time
}

// cycle follows one product from the moment its copy is gone until there is a
// copy again: the loads in between were caused by one expiry.
type cycle struct {
	open    bool
	cold    bool // it began with the first copy of the run: nothing had expired
	loads   int
	loading int       // still under way
	filled  time.Time // when the last one closed
}

// newJudge knows the versions of product 1, 2 … and the rows of the first few.
func newJudge(versions []uint64, rows []catalog.Product) *judge {
	j := &judge{truths: make([]truth, len(versions))}
	for i, v := range versions {
		j.truths[i].version.Store(v)
	}
	for _, p := range rows {
		if t := j.of(p.ID); t != nil {
			t.product = p
		}
	}
	return j
}

// of returns a product's truth, or nil for a product that is not the judge's.
func (j *judge) of(id int) *truth {
	if id < 1 || id > len(j.truths) {
		return nil
	}
	return &j.truths[id-1]
}

// committed notes that a row became the truth.
func (t *truth) committed(p catalog.Product, at time.Time) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.commits[p.Version%commitsKept] = commit{p.Version, at}
	if p.Version > t.product.Version {
		t.product = p
	}
	raise(&t.version, p.Version)
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

// witness is what was true when a read began.
type witness struct {
	version, seen uint64
	known         bool // there had been a copy before
}

func (t *truth) witness() witness {
	if t == nil {
		return witness{}
	}
	return witness{version: t.version.Load(), seen: t.seen.Load(), known: t.known.Load()}
}

// verdict is what the judge finds about one answer.
type verdict struct {
	stale    bool
	age      time.Duration // how long it had not been true any more
	inverted bool          // an earlier read had returned a newer version already
}

// judge holds the version that a read returned against what was true when it began.
func (t *truth) judge(w witness, version uint64, at time.Time) verdict {
	if t == nil {
		return verdict{}
	}
	raise(&t.seen, version)
	v := verdict{stale: version < w.version, inverted: version < w.seen}
	if v.stale {
		v.age = at.Sub(t.overtaken(version, at))
	}
	return v
}

// overtaken returns when a version stopped being the truth: when the next one
// was committed, or the oldest commit still known after it.
func (t *truth) overtaken(version uint64, now time.Time) time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	oldest := now
	for _, c := range t.commits {
		if c.version > version && c.at.Before(oldest) {
			oldest = c.at
		}
	}
	return oldest
}

// loadBegins counts a load into its cycle; missed is when the reader asked the
// cache in vain. It tells whether the load belongs to an expiry, and whether it
// is the first that does.
func (t *truth) loadBegins(missed time.Time) (expiry, first bool) {
	if t == nil {
		return false, false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	c := &t.cycle
	// A reader that missed before the copy was there again is a straggler of
	// the cycle that has just closed.
	if !c.open && missed.After(c.filled) {
		c.open, c.cold, c.loads = true, !t.known.Load(), 0
		first = true
	}
	c.loads++
	c.loading++
	return !c.cold, first && !c.cold
}

// loadEnds notes that the database has answered.
func (t *truth) loadEnds() {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.cycle.loading--
}

// filled closes the cycle: there is a copy again.
func (t *truth) filled(e entry, at time.Time) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.cycle.open, t.cycle.filled = false, at
	t.copied = e
	t.hit.Store(false)
	t.known.Store(true)
}

// loadsOfCycle tells how many loads the present or last expiry has caused.
func (t *truth) loadsOfCycle() (loads int, open bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.cycle.loads, t.cycle.open
}

// view is what is known of a product, without its copy's life.
func (t *truth) view(id int) ProductView {
	t.mu.Lock()
	defer t.mu.Unlock()
	return ProductView{ID: id, Name: t.product.Name, Price: t.product.Price, Loading: t.cycle.loading,
		Stale: t.copied.Version > 0 && t.copied.Version < t.version.Load(), Copy: t.copied.Price}
}

// touched notes that the copy was read.
func (t *truth) touched() {
	if t != nil && !t.hit.Load() {
		t.hit.Store(true)
	}
}

// late tells how long after the end of the copy's TTL a moment is, and whether
// the copy was ever read. A copy that has been written anew meanwhile tells
// nothing: ok is false.
func (t *truth) late(at time.Time) (late time.Duration, read, ok bool) {
	if t == nil {
		return 0, false, false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	late = at.Sub(time.UnixMilli(t.copied.Expires))
	return max(late, 0), t.hit.Load(), t.copied.Expires > 0 && late > -time.Second
}
