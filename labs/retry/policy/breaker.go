package policy

import (
	"errors"
	"fmt"
	"sort"
	"strings"
	"sync"
	"time"
)

// BreakerSpec describes a circuit breaker. It opens at Failures consecutive
// failures or, where Failures is 0, once Rate of at least MinCalls calls failed.
type BreakerSpec struct {
	Failures int           // consecutive failures that open it, 0 to 10 000
	Rate     float64       // failing share that opens it, above 0 to 1
	MinCalls int           // calls below which Rate decides nothing
	Window   time.Duration // how far back Rate looks; 0: to the last change of state
	OpenFor  time.Duration // how long it refuses everything, above 0 to MaxWait
	Probes   int           // calls let through when half-open; all must succeed to close it, 1 to 1000
}

// BreakerPreset returns a well-known library's default breaker by name, or an
// *InvalidError.
func BreakerPreset(name string) (BreakerSpec, error) {
	if spec, ok := breakerPresets()[name]; ok {
		return spec, nil
	}
	return BreakerSpec{}, &InvalidError{"breaker", name, UnknownName, strings.Join(BreakerNames(), ", ")}
}

// BreakerNames lists the presets by name.
func BreakerNames() []string {
	names := make([]string, 0, 3)
	for name := range breakerPresets() {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

func breakerPresets() map[string]BreakerSpec {
	return map[string]BreakerSpec{
		"gobreaker": {Failures: 6, OpenFor: time.Minute, Probes: 1},
		"polly":     {Rate: 0.1, MinCalls: 100, Window: 30 * time.Second, OpenFor: 5 * time.Second, Probes: 1},
		"failsafe":  {Failures: 1, OpenFor: time.Minute, Probes: 1},
	}
}

// Validate returns nil, or an *InvalidError about the first setting that makes no
// sense.
func (s *BreakerSpec) Validate() error {
	checks := []error{
		Within("breaker-failures", s.Failures, 0, 10_000),
		Within("breaker-rate", s.Rate, 0, 1),
		Within("breaker-min-calls", s.MinCalls, 0, 1_000_000),
		Within("breaker-window", s.Window, 0, MaxWait),
		Within("breaker-open", s.OpenFor, time.Millisecond, MaxWait),
		Within("breaker-probes", s.Probes, 1, 1000),
	}
	for _, err := range checks {
		if err != nil {
			return err
		}
	}
	if s.Failures == 0 && s.Rate == 0 {
		return &InvalidError{"breaker-rate", fmt.Sprint(s.Rate), BelowMinimum, "above 0 to 1 when breaker-failures is 0"}
	}
	return nil
}

// trips reports whether the counts open the breaker.
func (s *BreakerSpec) trips(consecutive, failures, calls int) bool {
	if s.Failures > 0 {
		return consecutive >= s.Failures
	}
	return calls >= max(1, s.MinCalls) && float64(failures) >= s.Rate*float64(calls)
}

// BreakerState is the state of a circuit breaker.
type BreakerState string

// The states of a Breaker.
const (
	BreakerClosed   BreakerState = "closed"
	BreakerHalfOpen BreakerState = "half-open"
	BreakerOpen     BreakerState = "open"
)

// ErrBreakerOpen is the error of an operation whose first attempt the breaker
// refused.
var ErrBreakerOpen = errors.New("the circuit breaker is open")

// Breaker is a circuit breaker in use. Its methods take the time, so that it works
// on a lab's clock and in virtual time; sony/gobreaker and Polly read the wall
// clock themselves. Tests compare its decisions with theirs. All methods are safe
// for concurrent use.
type Breaker struct {
	spec     BreakerSpec
	onChange func(to BreakerState)

	mu          sync.Mutex
	state       BreakerState
	generation  uint64    // grows at each change of state
	until       time.Time // end of the open state
	admitted    int       // calls let through since the state changed
	consecutive int       // failures in a row, or successes while half-open
	recent      recentCalls
}

// NewBreaker returns a closed breaker. onChange, if not nil, is called at each
// change of state, while the breaker is locked.
func NewBreaker(spec BreakerSpec, onChange func(to BreakerState)) *Breaker {
	return &Breaker{spec: spec, onChange: onChange, state: BreakerClosed, recent: recentCalls{span: spec.Window}}
}

// State returns the state at a time.
func (b *Breaker) State(now time.Time) BreakerState {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.advance(now)
	return b.state
}

// Allow reports whether a call may pass. The caller must call Done with the ticket
// when the call ends.
func (b *Breaker) Allow(now time.Time) (ticket uint64, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.advance(now)
	switch {
	case b.state == BreakerOpen,
		b.state == BreakerHalfOpen && b.admitted >= b.spec.Probes:
		return 0, false
	}
	b.admitted++
	return b.generation, true
}

// Done records how a call ended. Calls that began before the last change of state
// no longer count.
func (b *Breaker) Done(now time.Time, ticket uint64, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.advance(now)
	if ticket != b.generation {
		return
	}
	if b.state == BreakerHalfOpen {
		b.probed(now, ok)
		return
	}
	b.recent.add(now, ok)
	if ok {
		b.consecutive = 0
		return
	}
	b.consecutive++
	if b.spec.trips(b.consecutive, b.recent.failures, b.recent.calls) {
		b.enter(BreakerOpen, now)
	}
}

func (b *Breaker) probed(now time.Time, ok bool) {
	if !ok {
		b.enter(BreakerOpen, now)
		return
	}
	if b.consecutive++; b.consecutive >= b.spec.Probes {
		b.enter(BreakerClosed, now)
	}
}

// advance ends the open state when its time is over.
func (b *Breaker) advance(now time.Time) {
	if b.state == BreakerOpen && b.until.Before(now) {
		b.enter(BreakerHalfOpen, now)
	}
}

func (b *Breaker) enter(state BreakerState, now time.Time) {
	b.state = state
	b.generation++
	b.admitted, b.consecutive = 0, 0
	b.recent.clear()
	b.until = now.Add(b.spec.OpenFor)
	if b.onChange != nil {
		b.onChange(state)
	}
}

// recentParts is how many parts a rolling window has. Source: Polly 8,
// HealthMetrics.NumberOfWindows.
const recentParts = 10

// recentCalls counts the calls of a rolling window, in parts that begin with the
// first call after the part before is over. Source: Polly 8, RollingHealthMetrics.
type recentCalls struct {
	span            time.Duration // 0: all calls
	parts           [recentParts]callPart
	first, n        int // the parts in use, a ring
	calls, failures int
}

type callPart struct {
	began           time.Time
	calls, failures int
}

func (r *recentCalls) clear() { *r = recentCalls{span: r.span} }

func (r *recentCalls) add(now time.Time, ok bool) {
	failures := 0
	if !ok {
		failures = 1
	}
	r.calls++
	r.failures += failures
	if r.span == 0 {
		return
	}
	r.expire(now)
	if r.n == 0 || now.Sub(r.last().began) >= r.span/recentParts {
		r.n++
		*r.last() = callPart{began: now}
	}
	r.last().calls++
	r.last().failures += failures
}

// last is the newest part. There must be one.
func (r *recentCalls) last() *callPart { return &r.parts[(r.first+r.n-1)%recentParts] }

func (r *recentCalls) expire(now time.Time) {
	for r.n > 0 && now.Sub(r.parts[r.first].began) >= r.span {
		r.calls -= r.parts[r.first].calls
		r.failures -= r.parts[r.first].failures
		r.first = (r.first + 1) % recentParts
		r.n--
	}
}
