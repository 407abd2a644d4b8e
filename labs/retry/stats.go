package retry

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"time"

	"resilab/labs/kit"
)

// Outcome is how an operation ended for the person who waited for it.
type Outcome int

// The outcomes.
const (
	Pending   Outcome = iota // under way
	Succeeded                // by a call
	FailedOp                 // an error was shown
	Cached                   // an old result was shown instead
	Queued                   // it waits in the queue
	Delivered                // it waited in the queue and was carried out
	Cancelled                // the run ended first
)

// ended is an operation that has ended, as the statistics count it.
type ended struct {
	outcome  Outcome
	firstOK  bool // its first attempt succeeded
	attempts int
	calls    int // attempts and hedges
	took     time.Duration
	rejected bool // by the breaker
	late     bool // it was rejected although the outage was over
	broke    bool // by an empty budget
	unaware  bool // it was charged for and failed all the same
}

// stats counts one run. Its figures are about operations that have ended.
type stats struct {
	mu         sync.Mutex
	operations int
	firstOK    int
	attempts   int
	calls      int
	outcomes   [Cancelled + 1]int
	causes     map[Cause]int // of failed calls
	replayed   int
	tried      int // made at least one attempt
	unaware    int
	shed       int // did not begin: too many were under way
	refused    struct {
		rejected  int // by the breaker
		recovered int // of these, although the gateway was back
		broke     int // by an empty budget
	}
	queue struct {
		delivered  int // orders
		dead       int // dropped orders
		deliveries int // calls
	}
	took kit.Histogram
}

func newStats() *stats { return &stats{causes: map[Cause]int{}} }

func (s *stats) end(e ended) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.operations++
	s.outcomes[e.outcome]++
	s.attempts += e.attempts
	s.calls += e.calls
	s.took.Add(e.took)
	count(&s.firstOK, e.firstOK)
	count(&s.refused.rejected, e.rejected)
	count(&s.refused.recovered, e.rejected && e.late)
	count(&s.tried, e.attempts > 0)
	count(&s.refused.broke, e.broke)
	count(&s.unaware, e.unaware)
}

// called counts a call of any operation, ended or not.
func (s *stats) called(cause Cause, replayed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if cause != CauseNone {
		s.causes[cause]++
	}
	count(&s.replayed, replayed)
}

func (s *stats) add(n *int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	*n++
}

func count(n *int, yes bool) {
	if yes {
		*n++
	}
}

// addMetrics adds the figures by id; those that are not known yet are absent.
func (s *stats) addMetrics(m map[string]float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.addCounts(m)
	if s.operations == 0 {
		return
	}
	n := float64(s.operations)
	m["success"] = float64(s.outcomes[Succeeded]) / n
	m["success_no_retry"] = float64(s.firstOK) / n
	m["served"] = float64(s.outcomes[Succeeded]+s.outcomes[Cached]+s.queue.delivered) / n
	m["attempts_per_op"] = float64(s.attempts) / n
	m["amplification"] = float64(s.calls+s.queue.deliveries) / n
	if q, ok := s.took.Quantiles(0.50, 0.95, 0.99); ok {
		m["p50_ms"], m["p95_ms"], m["p99_ms"] = kit.Millis(q[0]), kit.Millis(q[1]), kit.Millis(q[2])
	}
}

// addCounts adds what can be counted from the start. s.mu is held.
func (s *stats) addCounts(m map[string]float64) {
	failed := s.outcomes[FailedOp]
	for id, n := range map[string]int{
		"operations":              s.operations,
		"attempts":                s.attempts,
		"retries":                 s.attempts - s.tried,
		"hedges":                  s.calls - s.attempts,
		"failed":                  failed,
		"failed_no_retry":         s.operations - s.firstOK,
		"declined":                s.causes[CauseDeclined],
		"timeouts":                s.causes[CauseTimeout],
		"throttled":               s.causes[CauseThrottled],
		"conflicts":               s.causes[CauseConflict],
		"replayed":                s.replayed,
		"budget_refused":          s.refused.broke,
		"rejected":                s.refused.rejected,
		"rejected_after_recovery": s.refused.recovered,
		"cached":                  s.outcomes[Cached],
		"queued":                  s.outcomes[Queued],
		"delivered":               s.queue.delivered,
		"queue_waiting":           s.outcomes[Queued] - s.queue.delivered - s.queue.dead,
		"lost_orders":             failed + s.queue.dead,
		"unaware":                 s.unaware,
		"shed":                    s.shed,
	} {
		m[id] = float64(n)
	}
}

// failures returns how many calls failed for which cause, the most frequent first.
func (s *stats) failures() []CauseCount {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []CauseCount
	for cause, n := range s.causes {
		all = append(all, CauseCount{cause, n})
	}
	slices.SortFunc(all, func(a, b CauseCount) int {
		return cmp.Or(b.Calls-a.Calls, strings.Compare(string(a.Cause), string(b.Cause)))
	})
	return all
}
