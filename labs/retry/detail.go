package retry

import (
	"maps"
	"slices"
	"sync"
	"time"

	"resilab/labs/lab"
	"resilab/labs/retry/policy"
)

// Detail is what the pane draws: Snapshot.Detail holds a *Detail. Times count from
// the start of the lab, in the lab's time.
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
	Down     bool // the gateway has an outage
	Guards   Guards
	// Causes are why calls failed, the most frequent first.
	Causes []CauseCount
	// Fleet is what many clients do under these settings; nil at first.
	Fleet *Fleet
	known []knownFleet
}

// CauseCount is how many calls failed for one cause.
type CauseCount struct {
	Cause Cause
	Calls int
}

// WithFleetOf returns a copy that also has the fleet of other settings.
func (d Detail) WithFleetOf(s lab.Settings, f *Fleet) *Detail {
	d.known = append(slices.Clone(d.known), knownFleet{s, f})
	return &d
}

// FleetOf returns the fleet of other settings, if it was among the latest.
func (d *Detail) FleetOf(s lab.Settings) *Fleet {
	for _, k := range d.known {
		if maps.Equal(k.settings, s) {
			return k.fleet
		}
	}
	return nil
}

// Range is a span of time that chance draws from.
type Range struct{ Lo, Hi time.Duration }

// Guards is the state of budget, breaker and queue.
type Guards struct {
	Breaker    policy.BreakerState // empty: none
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

// clear removes all operations.
func (r *recorder) clear() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ops = nil
}

// change calls f with the operation, unless it is nil: one that is not shown.
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
