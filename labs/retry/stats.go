package retry

import (
	"sync"
	"time"
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

// ended is what the statistics want to know of an operation that has ended.
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
	rejected   int
	recovered  int // rejected although the gateway was back
	tried      int // made at least one attempt
	broke      int
	unaware    int
	shed       int // did not begin: too many were under way
	delivered  int // from the queue
	dead       int // dropped from the queue
	deliveries int // calls for queued orders
	took       histogram
}

func newStats() *stats { return &stats{causes: map[Cause]int{}} }

func (s *stats) end(e ended) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.operations++
	s.outcomes[e.outcome]++
	s.attempts += e.attempts
	s.calls += e.calls
	s.took.add(e.took)
	count(&s.firstOK, e.firstOK)
	count(&s.rejected, e.rejected)
	count(&s.recovered, e.rejected && e.late)
	count(&s.tried, e.attempts > 0)
	count(&s.broke, e.broke)
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

// metrics returns the figures by id; those that cannot be told yet are absent.
func (s *stats) metrics() map[string]float64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := float64(s.operations)
	failed := s.outcomes[FailedOp]
	m := map[string]float64{
		"operations":              n,
		"attempts":                float64(s.attempts),
		"retries":                 float64(s.attempts - s.tried),
		"hedges":                  float64(s.calls - s.attempts),
		"failed":                  float64(failed),
		"failed_no_retry":         n - float64(s.firstOK),
		"declined":                float64(s.causes[CauseDeclined]),
		"timeouts":                float64(s.causes[CauseTimeout]),
		"throttled":               float64(s.causes[CauseThrottled]),
		"conflicts":               float64(s.causes[CauseConflict]),
		"replayed":                float64(s.replayed),
		"budget_refused":          float64(s.broke),
		"rejected":                float64(s.rejected),
		"rejected_after_recovery": float64(s.recovered),
		"cached":                  float64(s.outcomes[Cached]),
		"queued":                  float64(s.outcomes[Queued]),
		"delivered":               float64(s.delivered),
		"queue_waiting":           float64(s.outcomes[Queued] - s.delivered - s.dead),
		"lost_orders":             float64(failed + s.dead),
		"shed":                    float64(s.shed),
	}
	if s.operations > 0 {
		m["success"] = float64(s.outcomes[Succeeded]) / n
		m["success_no_retry"] = float64(s.firstOK) / n
		m["served"] = float64(s.outcomes[Succeeded]+s.outcomes[Cached]+s.delivered) / n
		m["attempts_per_op"] = float64(s.attempts) / n
		m["amplification"] = float64(s.calls+s.deliveries) / n
		m["p50_ms"] = millis(s.took.quantile(0.50))
		m["p95_ms"] = millis(s.took.quantile(0.95))
		m["p99_ms"] = millis(s.took.quantile(0.99))
	}
	return m
}

func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
