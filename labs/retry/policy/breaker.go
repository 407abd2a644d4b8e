package policy

import (
	"fmt"
	"sort"
	"strings"
	"time"

	"github.com/sony/gobreaker/v2"
)

// BreakerSpec describes a circuit breaker. It opens at Failures consecutive
// failures or, where Failures is 0, once Rate of at least MinCalls calls failed.
type BreakerSpec struct {
	Failures int           // consecutive failures that open it, 0 to 10 000
	Rate     float64       // failing share that opens it, above 0 to 1
	MinCalls int           // calls below which Rate decides nothing
	Window   time.Duration // period after which the counts start anew; 0: never while closed
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
		Within("breaker-open-for", s.OpenFor, time.Millisecond, MaxWait),
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

// trips decides on the counts since the window began.
func (s *BreakerSpec) trips(consecutive, failures, calls int) bool {
	if s.Failures > 0 {
		return consecutive >= s.Failures
	}
	return calls >= max(1, s.MinCalls) && float64(failures) >= s.Rate*float64(calls)
}

// New makes the breaker for calls in real time: sony/gobreaker. onChange, if not
// nil, hears of every change of state.
func (s BreakerSpec) New(onChange func(from, to gobreaker.State)) *gobreaker.TwoStepCircuitBreaker[any] {
	settings := gobreaker.Settings{
		MaxRequests: uint32(s.Probes),
		Interval:    s.Window,
		Timeout:     s.OpenFor,
		ReadyToTrip: func(c gobreaker.Counts) bool {
			return s.trips(int(c.ConsecutiveFailures), int(c.TotalFailures), int(c.Requests))
		},
	}
	if onChange != nil {
		settings.OnStateChange = func(_ string, from, to gobreaker.State) { onChange(from, to) }
	}
	return gobreaker.NewTwoStepCircuitBreaker[any](settings)
}

// SimBreaker is the same breaker on a clock of the caller's. gobreaker reads the
// wall clock itself and cannot run in virtual time; a test holds the two to the
// same decisions. It is not safe for concurrent use.
type SimBreaker struct {
	spec        BreakerSpec
	state       gobreaker.State
	generation  uint64
	expiry      time.Time // of the window or of the open state; zero: never
	calls       int       // let through since the generation began
	failures    int
	consecutive int // failures in a row, or successes while half-open
}

// NewSimBreaker returns a closed breaker whose first window begins now.
func NewSimBreaker(spec BreakerSpec, now time.Time) *SimBreaker {
	b := &SimBreaker{spec: spec}
	b.enter(gobreaker.StateClosed, now)
	return b
}

// State is the state at that time.
func (b *SimBreaker) State(now time.Time) gobreaker.State {
	b.advance(now)
	return b.state
}

// Allow reports whether a call may pass. The ticket goes to Done when it ends.
func (b *SimBreaker) Allow(now time.Time) (ticket uint64, ok bool) {
	b.advance(now)
	switch {
	case b.state == gobreaker.StateOpen,
		b.state == gobreaker.StateHalfOpen && b.calls >= b.spec.Probes:
		return 0, false
	}
	b.calls++
	return b.generation, true
}

// Done tells how a call ended. Calls that began before the last change of state
// no longer count.
func (b *SimBreaker) Done(now time.Time, ticket uint64, ok bool) {
	b.advance(now)
	if ticket != b.generation {
		return
	}
	if b.state == gobreaker.StateHalfOpen {
		b.probed(now, ok)
		return
	}
	if ok {
		b.consecutive = 0
		return
	}
	b.failures++
	b.consecutive++
	if b.spec.trips(b.consecutive, b.failures, b.calls) {
		b.enter(gobreaker.StateOpen, now)
	}
}

func (b *SimBreaker) probed(now time.Time, ok bool) {
	if !ok {
		b.enter(gobreaker.StateOpen, now)
		return
	}
	if b.consecutive++; b.consecutive >= b.spec.Probes {
		b.enter(gobreaker.StateClosed, now)
	}
}

// advance lets the time do its work: windows end, and open becomes half-open.
func (b *SimBreaker) advance(now time.Time) {
	if b.expiry.IsZero() || !b.expiry.Before(now) {
		return
	}
	if b.state == gobreaker.StateOpen {
		b.enter(gobreaker.StateHalfOpen, now)
	} else {
		b.enter(b.state, now)
	}
}

func (b *SimBreaker) enter(state gobreaker.State, now time.Time) {
	b.state = state
	b.generation++
	b.calls, b.failures, b.consecutive = 0, 0, 0
	b.expiry = time.Time{}
	switch {
	case state == gobreaker.StateOpen:
		b.expiry = now.Add(b.spec.OpenFor)
	case state == gobreaker.StateClosed && b.spec.Window > 0:
		b.expiry = now.Add(b.spec.Window)
	}
}
