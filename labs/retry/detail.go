package retry

import (
	"maps"
	"slices"
	"sync"
	"time"

	"resilab/labs/lab"
)

// Detail is the lab's picture of itself: Snapshot.Detail holds a *Detail.
// Times count from the start of the lab.
type Detail struct {
	Now      time.Duration
	Scenario Scenario
	// Ops are the latest operations, oldest first; one in OneIn is kept.
	Ops   []Op
	OneIn int
	// Horizon is how long the longest of the latest operations has taken so far.
	Horizon time.Duration
	// Ranges are the shortest and longest wait before each of the first retries,
	// and Patience the longest that all waits can take together.
	Ranges   []Range
	Patience time.Duration
	URL      string // where the gateway listens
	Down     bool   // the gateway has an outage
	Guards   Guards
	// Fleet is what many clients do under these settings; nil at first.
	Fleet *Crowd
	known []knownCrowd
}

// WithFleetOf returns a copy that knows the fleet of other settings, too.
func (d Detail) WithFleetOf(s lab.Settings, c *Crowd) *Detail {
	d.known = append(slices.Clone(d.known), knownCrowd{s, c})
	return &d
}

// FleetOf returns the fleet of other settings, if it was among the latest.
func (d *Detail) FleetOf(s lab.Settings) *Crowd {
	for _, k := range d.known {
		if maps.Equal(k.settings, s) {
			return k.crowd
		}
	}
	return nil
}

// Range is a span of time that chance draws from.
type Range struct{ Lo, Hi time.Duration }

// Guards is the state of what keeps retries from doing harm.
type Guards struct {
	Breaker    string // "closed", "half-open", "open"; empty: none
	HasBudget  bool
	BudgetLeft float64 // share of the bucket
	Waiting    int     // orders in the fallback queue
}

// Op is one operation.
type Op struct {
	ID       uint64
	Start    time.Duration
	Spans    []Span
	Outcome  Outcome
	Cause    Cause         // of its failure
	Took     time.Duration // 0 while under way
	Attempts int
}

// Span is an attempt or a wait. Times count from the start of its operation.
type Span struct {
	Wait       bool
	Start, End time.Duration // End is 0 for an attempt under way, and planned for a wait
	Cause      Cause         // of an attempt that failed
	Hedge      bool          // a second call of the same attempt
	// Lo and Hi bound the end that chance could have given a wait.
	Lo, Hi time.Duration
}

// shownOps is how many operations the picture can show.
const shownOps = 48

// recorder keeps the latest operations for the picture.
type recorder struct {
	mu  sync.Mutex
	ops []*Op
}

// begin adds an operation to the picture.
func (r *recorder) begin(id uint64, start time.Duration) *Op {
	op := &Op{ID: id, Start: start}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.ops) == shownOps {
		r.ops = slices.Delete(r.ops, 0, 1)
	}
	r.ops = append(r.ops, op)
	return op
}

// clear forgets all operations.
func (r *recorder) clear() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ops = nil
}

// change lets f change the operation, which may be nil: one that is not shown.
func (r *recorder) change(op *Op, f func(*Op)) {
	if op == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if op.Outcome != Pending {
		op.Spans = slices.Clone(op.Spans) // snapshots share those of the ended
	}
	f(op)
}

// latest copies the operations and returns how long the longest has taken.
func (r *recorder) latest(now time.Duration) (ops []Op, horizon time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	ops = make([]Op, len(r.ops))
	for i, op := range r.ops {
		ops[i] = *op
		took := op.Took
		if op.Outcome == Pending {
			// Only what is under way can still change under the reader.
			ops[i].Spans = slices.Clone(op.Spans)
			took = now - op.Start
		}
		if n := len(op.Spans); n > 0 {
			took = max(took, op.Spans[n-1].End)
		}
		horizon = max(horizon, took)
	}
	return ops, horizon
}
