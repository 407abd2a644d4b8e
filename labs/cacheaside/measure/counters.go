package measure

import (
	"sync/atomic"
	"time"

	"resilab/labs/kit"
)

// Counters are the figures of one run. All of them are safe for concurrent use.
type Counters struct {
	Reads    Reads
	Writes   Writes
	Stale    Stale
	Database Database
	Expiry   Expiry
	Cache    Cache
	Latency  Latencies
}

// Reads counts what was read.
type Reads struct {
	All, Hits, Misses, Failures atomic.Int64
	Unknown                     atomic.Int64 // of products that do not exist
	LocalCopies                 atomic.Int64 // answered from the memory of an instance
	HTTP                        atomic.Int64 // requests from outside

	recent, recentHits perSecond
}

// Writes counts changes of prices.
type Writes struct {
	Done, Failures atomic.Int64
	// LostInvalidations counts those after which the copy could not be deleted or
	// replaced.
	LostInvalidations atomic.Int64
}

// Stale counts answers that were no longer true.
type Stale struct {
	Reads      atomic.Int64
	Inversions atomic.Int64 // older than what an earlier read had returned
	age        atomic.Int64 // ns, largest
	copyAge    atomic.Int64 // ns, largest of all answers from a cache
}

// Database counts queries.
type Database struct {
	Queries, Unknown, Shed atomic.Int64
	inFlight, most         atomic.Int64
}

// Expiry counts what the end of copies causes; the first copy of a product is
// not counted.
type Expiry struct {
	Loads, Cycles, HardMisses atomic.Int64
	Refreshes                 atomic.Int64 // before the end, or behind an answer
	Events                    atomic.Int64 // announced by the server

	recent perSecond // loads, first ones included
}

// Cache counts what happens in Redis.
type Cache struct {
	Errors    atomic.Int64
	Refused   atomic.Int64 // copies that were older than an announced change, or whose lease was void
	Foreign   atomic.Int64 // entries that are not the product's
	Evictions atomic.Int64
}

// Latencies are how long things take.
type Latencies struct {
	Hit, Miss kit.Histogram // from the begin of a read to its answer
	All       kit.Histogram // from the moment the read was due

	LateUntouched, LateRead kit.Histogram // from the end of a TTL to its event
}

// Age records how long a stale answer had not been true.
func (s *Stale) Age(age time.Duration) { raiseTo(&s.age, int64(age)) }

// CopyAge records how old the copy of an answer was.
func (s *Stale) CopyAge(age time.Duration) { raiseTo(&s.copyAge, int64(age)) }

func raiseTo(a *atomic.Int64, v int64) {
	for {
		old := a.Load()
		if old >= v || a.CompareAndSwap(old, v) {
			return
		}
	}
}

// Admit lets a query to the database, unless there are as many as the limit says;
// 0 means no limit. After true the caller must call Leave.
func (d *Database) Admit(limit int) bool {
	n := d.inFlight.Add(1)
	if limit > 0 && n > int64(limit) {
		d.Leave()
		d.Shed.Add(1)
		return false
	}
	raiseTo(&d.most, n)
	return true
}

// Leave ends a query.
func (d *Database) Leave() { d.inFlight.Add(-1) }

// InFlight returns the number of queries under way.
func (d *Database) InFlight() int64 { return d.inFlight.Load() }

// Most returns the most queries that were ever under way at a time.
func (d *Database) Most() int64 { return d.most.Load() }

// Arrived counts a read for the rate of the last second.
func (r *Reads) Arrived(at time.Time, hit bool) {
	r.recent.add(at)
	if hit {
		r.recentHits.add(at)
	}
}

// Loaded counts a query for a product: whether it belongs to an expiry, and
// whether it is the first that does.
func (e *Expiry) Loaded(at time.Time, expiry, first bool) {
	e.recent.add(at)
	if expiry {
		e.Loads.Add(1)
	}
	if first {
		e.Cycles.Add(1)
	}
}
