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
	Capacity     float64 // the most the bucket holds
	PerOperation float64 // earned when an operation begins
	PerSuccess   float64 // earned by a success
	PerSecond    float64 // trickles in by itself
	FailureCost  float64 // paid by every transient failure, whether it is retried or not
	RetryCost    float64 // paid by a retry
	ThrottleCost float64 // paid by a retry that the server asked to come later; 0: RetryCost
	Refund       bool    // a retry that succeeds gets back what it paid, and earns no PerSuccess
	Floor        float64 // a retry is allowed only while more than this is left
}

// Bucket is the name of the preset whose size and refill are anybody's choice.
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
		// Finagle's RetryBudget: 20 % of the requests and 10 retries a second at
		// least, counted over 10 s. Here the capacity stands for the window.
		"finagle": {Capacity: 100, PerOperation: 0.2, PerSecond: 10, RetryCost: 1},
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
		{"budget-capacity", s.Capacity}, {"budget-per-operation", s.PerOperation},
		{"budget-per-success", s.PerSuccess}, {"budget-per-second", s.PerSecond},
		{"budget-failure-cost", s.FailureCost}, {"budget-retry-cost", s.RetryCost},
		{"budget-throttle-cost", s.ThrottleCost}, {"budget-floor", s.Floor},
	}
	for _, a := range amounts {
		if err := Within(a.name, a.value, 0, 1e6); err != nil {
			return err
		}
	}
	if s.PerOperation+s.PerSuccess+s.PerSecond <= 0 {
		return &InvalidError{"budget-per-success", fmt.Sprint(s.PerSuccess), NoRefill, "more than 0"}
	}
	return nil
}

// Budget is a bucket in use. Many goroutines may share one; its methods take the
// time, so that it works in virtual time as well.
type Budget struct {
	spec   BudgetSpec
	mu     sync.Mutex
	tokens float64
	filled time.Time // when the trickle was last added
}

// NewBudget returns a full bucket.
func NewBudget(spec BudgetSpec) *Budget {
	if spec.ThrottleCost == 0 {
		spec.ThrottleCost = spec.RetryCost
	}
	return &Budget{spec: spec, tokens: spec.Capacity}
}

// Left is how many tokens the bucket holds.
func (b *Budget) Left(now time.Time) float64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.trickle(now)
	return b.tokens
}

// Begin counts an operation, whatever becomes of it.
func (b *Budget) Begin(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.trickle(now)
	b.add(b.spec.PerOperation)
}

// End counts an attempt that has ended. paid is what Retry took for it, 0 for the
// first attempt of an operation.
func (b *Budget) End(now time.Time, class Class, paid float64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.trickle(now)
	switch {
	case class == Transient:
		b.add(-b.spec.FailureCost)
	case class == Success && paid > 0 && b.spec.Refund:
		b.add(paid)
	case class == Success:
		b.add(b.spec.PerSuccess)
	}
}

// Retry takes the price of a retry and returns it, or false if there is too
// little left. throttled says that the server had asked to come back later.
func (b *Budget) Retry(now time.Time, throttled bool) (paid float64, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.trickle(now)
	cost := b.spec.RetryCost
	if throttled {
		cost = b.spec.ThrottleCost
	}
	if b.tokens < cost || b.tokens <= b.spec.Floor {
		return 0, false
	}
	b.add(-cost)
	return cost, true
}

func (b *Budget) trickle(now time.Time) {
	if b.spec.PerSecond <= 0 {
		return
	}
	if !b.filled.IsZero() && now.After(b.filled) {
		b.add(b.spec.PerSecond * now.Sub(b.filled).Seconds())
	}
	b.filled = now
}

func (b *Budget) add(tokens float64) {
	b.tokens = math.Max(0, math.Min(b.spec.Capacity, b.tokens+tokens))
}
