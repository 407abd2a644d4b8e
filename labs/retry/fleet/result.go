package fleet

import (
	"math"
	"time"

	"resilab/labs/kit"
	"resilab/labs/retry/policy"
)

// BinWidth is the period that one Bin counts.
const BinWidth = 100 * time.Millisecond

// maxBins are two hours: waits of an hour must not fill the memory.
const maxBins = int(2 * time.Hour / BinWidth)

// Bin counts what happened in a tenth of a second.
type Bin struct {
	Calls   int // that arrived at the server
	Retries int // of these
	Good    int // operations that succeeded
	GaveUp  int // operations that were given up
}

// Result is what a simulation counted.
type Result struct {
	Operations int
	Outcomes
	Load
	Times
	Charges, DoubleCharges int
	Bins                   []Bin
}

// Outcomes count how operations ended.
type Outcomes struct {
	Succeeded int // not counting what was drained from the queue
	FirstTry  int // of these, with their first call
	Declined  int // with a permanent error
	Queued    int
	Recovered int // of those queued
	Lost      int // neither succeeded nor declined nor recovered
}

// Load counts calls and what was refused before they were made.
type Load struct {
	Calls       int // to the server
	Worked      int // requests that the server carried out
	Wasted      int // of these, after the client had given up
	Peak        int // most retries in one bin
	PeakCalls   int // most calls in one bin
	OutageCalls int // during the outage
	OverBudget  int // retries that a budget refused
	Rejected    int // operations that the breaker refused
	// RejectedAfterRecovery is how many of these came after the end of the outage.
	RejectedAfterRecovery int
}

// Times are from the beginning of an operation to its end, however it ended.
type Times struct {
	P50, P95, P99 time.Duration
	LastDone      time.Duration // when the last operation ended
}

// Metrics returns the figures by their names in the JSON output and in the checks
// of experiment cards.
func (r *Result) Metrics() map[string]float64 {
	ops := math.Max(1, float64(r.Operations))
	success := float64(r.Succeeded) / ops
	served := float64(r.Succeeded+r.Recovered) / ops
	load := float64(r.Calls) / ops
	return map[string]float64{
		"operations": float64(r.Operations), "attempts": float64(r.Calls),
		"success": success, "failure": 1 - success, "served": served,
		"success_no_retry": float64(r.FirstTry) / ops,
		"attempts_per_op":  load, "amplification": load, "load": load,
		"retries": float64(r.Calls - r.firstCalls()),
		"p50_ms":  kit.Millis(r.P50), "p95_ms": kit.Millis(r.P95), "p99_ms": kit.Millis(r.P99),
		"cost":         r.P95.Seconds() + load,
		"peak":         float64(r.Peak),
		"peak_calls":   float64(r.PeakCalls),
		"last_done_ms": kit.Millis(r.LastDone),
		"outage_calls": float64(r.OutageCalls), "rejected": float64(r.Rejected),
		"rejected_after_recovery": float64(r.RejectedAfterRecovery),
		"over_budget":             float64(r.OverBudget),
		"wasted_work":             float64(r.Wasted) / math.Max(1, float64(r.Worked)),
		"charges":                 float64(r.Charges), "double_charges": float64(r.DoubleCharges),
		"orders_paid": float64(r.Charges - r.DoubleCharges),
		"declined":    float64(r.Declined), "queued": float64(r.Queued),
		"recovered": float64(r.Recovered), "lost_orders": float64(r.Lost),
	}
}

func (r *Result) firstCalls() int {
	first := 0
	for _, b := range r.Bins {
		first += b.Calls - b.Retries
	}
	return first
}

// recorder counts while a simulation runs.
type recorder struct {
	operations, worked, wasted, charges, doubleCharges int
	queued, overBudget                                 int

	r         Result
	outage    Outage
	latencies kit.Histogram
}

func newRecorder(cfg *Config) *recorder {
	bins := int(cfg.Duration/BinWidth) + 64
	return &recorder{outage: cfg.Server.Outage, r: Result{Bins: make([]Bin, 0, bins)}}
}

// bin finds the bin of a time; everything after maxBins shares the last.
func (rec *recorder) bin(now int64) *Bin {
	i := min(int(now/int64(BinWidth)), maxBins-1)
	for len(rec.r.Bins) <= i {
		rec.r.Bins = append(rec.r.Bins, Bin{})
	}
	return &rec.r.Bins[i]
}

func (rec *recorder) called(now int64, retry bool) {
	b := rec.bin(now)
	b.Calls++
	if retry {
		b.Retries++
	}
	rec.r.Calls++
	if rec.outage.covers(now) {
		rec.r.OutageCalls++
	}
}

func (rec *recorder) rejected(now int64) {
	rec.r.Rejected++
	if now >= int64(rec.outage.At+rec.outage.For) {
		rec.r.RejectedAfterRecovery++
	}
}

func (rec *recorder) succeeded(now int64, op *operation) {
	rec.bin(now).Good++
	rec.r.Succeeded++
	if op.calls == 1 {
		rec.r.FirstTry++
	}
	rec.ended(now, op)
}

func (rec *recorder) gaveUp(now int64, op *operation, class policy.Class) {
	rec.bin(now).GaveUp++
	if class == policy.Permanent {
		rec.r.Declined++
	}
	rec.ended(now, op)
}

func (rec *recorder) ended(now int64, op *operation) {
	rec.latencies.Add(time.Duration(now - op.start))
	rec.r.LastDone = max(rec.r.LastDone, time.Duration(now))
}

func (rec *recorder) recovered(now int64) {
	rec.r.Recovered++
	rec.r.LastDone = max(rec.r.LastDone, time.Duration(now))
}

func (rec *recorder) result() Result {
	r := rec.r
	r.Operations, r.Queued, r.OverBudget = rec.operations, rec.queued, rec.overBudget
	r.Worked, r.Wasted = rec.worked, rec.wasted
	r.Charges, r.DoubleCharges = rec.charges, rec.doubleCharges
	r.Lost = r.Operations - r.Succeeded - r.Declined - r.Recovered
	if q, ok := rec.latencies.Quantiles(0.5, 0.95, 0.99); ok {
		r.P50, r.P95, r.P99 = q[0], q[1], q[2]
	}
	for _, b := range r.Bins {
		r.Peak = max(r.Peak, b.Retries)
		r.PeakCalls = max(r.PeakCalls, b.Calls)
	}
	return r
}
