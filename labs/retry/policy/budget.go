package policy

import (
	"fmt"
	"math"
	"sort"
	"strings"
	"sync"
	"time"
)

// BudgetSpec describes a retry budget: a bucket of tokens that operations fill and
// retries empty, so that retries stay a small share of the traffic whatever fails.
// All amounts are tokens, 0 or more. The bucket starts full.
type BudgetSpec struct {
	Capacity     float64 // the most the bucket holds; not used with a Window
	PerOperation float64 // earned when an operation begins
	PerSuccess   float64 // earned by a success
	FailureCost  float64 // paid by every transient failure, whether it is retried or not
	RetryCost    float64 // paid by a retry
	ThrottleCost float64 // paid by a retry after a Retry-After; 0: RetryCost
	Refund       bool    // a retry that succeeds gets back what it paid, and earns no PerSuccess
	Floor        float64 // a retry is allowed only while more than this is left
	// Window makes a leaky bucket: what is earned and paid counts for so long, and
	// Reserve is there in addition.
	Window  time.Duration
	Reserve float64
}

// Bucket is the name of the preset whose size and refill can be chosen.
const Bucket = "bucket"

// BudgetPreset returns the budget of a well-known client by its name, or an
// *InvalidError.
func BudgetPreset(name string) (BudgetSpec, error) {
	if spec, ok := budgetPresets()[name]; ok {
		return spec, nil
	}
	return BudgetSpec{}, &InvalidError{"budget", name, UnknownName, strings.Join(BudgetNames(), ", ")}
}

// BudgetNames lists the presets by name.
func BudgetNames() []string {
	names := make([]string, 0, 4)
	for name := range budgetPresets() {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

func budgetPresets() map[string]BudgetSpec {
	return map[string]BudgetSpec{
		// The bucket of Brooker, "Fixing retries with token buckets and circuit
		// breakers", 2022: ten tokens, a tenth earned by each success.
		Bucket: {Capacity: 10, PerSuccess: 0.1, RetryCost: 1},
		// gRPC proposal A6, retry throttling: a failure costs 1, a success earns
		// tokenRatio, and retries stop at half of maxTokens.
		"grpc": {Capacity: 10, PerSuccess: 0.1, FailureCost: 1, Floor: 5},
		// Finagle's RetryBudget.apply() and Linkerd's default: 20 % of the requests
		// of the last 10 s and 10 retries a second in addition. A retry costs five
		// deposits, and the reserve is what 100 retries cost.
		"finagle": {PerOperation: 1, RetryCost: 5, Window: 10 * time.Second, Reserve: 500},
		// AWS SDK for Go v2 1.48, aws/ratelimit and retry.Standard.
		"aws": {Capacity: 500, PerSuccess: 1, RetryCost: 14, ThrottleCost: 5, Refund: true},
	}
}

// Validate returns nil, or an *InvalidError about the first setting that makes no
// sense: a negative amount, or a bucket that would never be filled again.
func (s *BudgetSpec) Validate() error {
	amounts := []struct {
		name  string
		value float64
	}{
		{"budget-tokens", s.Capacity}, {"budget-per-operation", s.PerOperation},
		{"budget-refill", s.PerSuccess}, {"budget-reserve", s.Reserve},
		{"budget-failure-cost", s.FailureCost}, {"budget-retry-cost", s.RetryCost},
		{"budget-throttle-cost", s.ThrottleCost}, {"budget-floor", s.Floor},
	}
	for _, a := range amounts {
		if err := Within(a.name, a.value, 0, 1e6); err != nil {
			return err
		}
	}
	if s.PerOperation+s.PerSuccess <= 0 && s.Window <= 0 {
		return &InvalidError{"budget-refill", fmt.Sprint(s.PerSuccess), NoRefill, "above 0 to 1"}
	}
	return Within("budget-window", s.Window, 0, MaxWait)
}

// Budget is a bucket in use. Its methods take the time, so that it works in virtual
// time as well. All of them are safe for concurrent use.
type Budget struct {
	spec BudgetSpec

	mu     sync.Mutex
	tokens float64       // without a window
	earned slidingSum    // with one …
	spent  slidingSum    // …
	began  bool          // … and whether the window has
	slice  time.Duration // of the window
}

// NewBudget returns a full bucket.
func NewBudget(spec BudgetSpec) *Budget {
	if spec.ThrottleCost == 0 {
		spec.ThrottleCost = spec.RetryCost
	}
	return &Budget{spec: spec, tokens: spec.Capacity, slice: spec.Window / windowSlices}
}

// Left returns how many tokens the bucket holds.
func (b *Budget) Left(now time.Time) float64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return max(0, b.left(now))
}

// Share returns which share of what the bucket can hold is left, 0 to 1. With a
// window that is what the last requests have earned, and the reserve.
func (b *Budget) Share(now time.Time) float64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	left, most := b.left(now), b.spec.Capacity
	if b.spec.Window > 0 {
		most = b.spec.Reserve + b.earned.sum()
	}
	if most <= 0 {
		return 0
	}
	return min(1, max(0, left/most))
}

// left returns what there is; a window from which earnings have expired may owe
// something. b.mu is held.
func (b *Budget) left(now time.Time) float64 {
	if b.spec.Window <= 0 {
		return b.tokens
	}
	b.advance(now)
	return b.spec.Reserve + b.earned.sum() - b.spent.sum()
}

// Begin counts an operation, whether or not it succeeds.
func (b *Budget) Begin(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.add(now, b.spec.PerOperation)
}

// End counts an attempt that has ended. paid is what Retry took for it, 0 for the
// first attempt of an operation.
func (b *Budget) End(now time.Time, class Class, paid float64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case class == Transient:
		b.add(now, -b.spec.FailureCost)
	case class == Success && paid > 0 && b.spec.Refund:
		b.add(now, paid)
	case class == Success:
		b.add(now, b.spec.PerSuccess)
	}
}

// Retry takes the price of a retry and returns it, or false if there is too
// little left. throttled means that the server sent a Retry-After.
func (b *Budget) Retry(now time.Time, throttled bool) (paid float64, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	cost := b.spec.RetryCost
	if throttled {
		cost = b.spec.ThrottleCost
	}
	if left := b.left(now); left < cost || left <= b.spec.Floor {
		return 0, false
	}
	b.add(now, -cost)
	return cost, true
}

// add earns tokens, or spends negative ones. b.mu is held.
func (b *Budget) add(now time.Time, tokens float64) {
	if b.spec.Window <= 0 {
		b.tokens = math.Max(0, math.Min(b.spec.Capacity, b.tokens+tokens))
		return
	}
	b.advance(now)
	if tokens > 0 {
		b.earned.current += tokens
	} else {
		b.spent.current -= tokens
	}
}

// advance moves the window. b.mu is held.
func (b *Budget) advance(now time.Time) {
	if !b.began {
		b.began, b.earned.since, b.spent.since = true, now, now
	}
	b.earned.advance(now, b.slice)
	b.spent.advance(now, b.slice)
}

// windowSlices is into how many parts Finagle cuts a window. Source:
// TokenBucket.newLeakyBucket of twitter/util.
const windowSlices = 10

// slidingSum is a sum over the last slices of time: the one that is written to,
// and those before it. A slice ends when it is next looked at after its time is
// over. Source: WindowedAdder of twitter/util.
type slidingSum struct {
	current float64
	past    [windowSlices - 1]float64
	i       int // the oldest
	since   time.Time
}

func (s *slidingSum) advance(now time.Time, slice time.Duration) {
	elapsed := now.Sub(s.since)
	if elapsed < slice {
		return
	}
	s.past[s.i], s.current = s.current, 0
	s.i = (s.i + 1) % len(s.past)
	for range min(int(elapsed/slice)-1, len(s.past)) { // slices in which nothing happened
		s.past[s.i] = 0
		s.i = (s.i + 1) % len(s.past)
	}
	s.since = now
}

func (s *slidingSum) sum() float64 {
	sum := s.current
	for _, n := range s.past {
		sum += n
	}
	return sum
}
