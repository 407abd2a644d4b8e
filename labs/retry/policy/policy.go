// Package policy decides when a failed call is tried again and how long to wait
// before it: the policy itself, its schedule of waits, the classifier, the retry
// budget, the circuit breaker, hedging, and Do, which puts them together.
//
// The package uses no network and no screen. Its formulas take the uniform draw
// and the time as arguments, so that the live lab and the fleet simulation in
// virtual time run the very same code.
package policy

import (
	"fmt"
	"math"
	"time"
)

// Limits of what Validate accepts.
const (
	MaxRetries  = 1000
	MaxFactor   = 100
	MaxWait     = time.Hour // of Base, Cap and AttemptTimeout
	MaxDeadline = 24 * time.Hour
)

// Policy is one retry policy. The zero value makes a single attempt.
type Policy struct {
	// Retries is how many times a failed call is repeated, 0 to MaxRetries: the
	// attempts are Retries+1.
	Retries int
	// Base is the wait before the first retry when there is no jitter, 0 to
	// MaxWait. With 0 every retry follows at once.
	Base time.Duration
	// Cap is the longest wait, Base to MaxWait. Only a Retry-After that is
	// honoured may exceed it.
	Cap time.Duration
	// Factor multiplies the wait at each retry, 1 (constant waits) to MaxFactor.
	Factor float64
	// Jitter is how chance changes the waits.
	Jitter Jitter
	// JitterPct is the spread of the Percent jitter, 0 to 100: 20 means ±20 %.
	JitterPct float64
	// AttemptTimeout ends an attempt that has not answered, up to MaxWait; 0 lets
	// it take as long as it likes.
	AttemptTimeout time.Duration
	// Deadline bounds the whole operation, attempts and waits, up to MaxDeadline;
	// 0 sets no bound. An attempt that is under way at the deadline is cut off,
	// and a wait that would end after it is not started.
	Deadline time.Duration
	// HonorRetryAfter waits at least as long as a server asks for.
	HonorRetryAfter bool
	// Formula, where it is set, gives the waits instead of Base, Cap, Factor and
	// Jitter, with the arguments of Wait: a library's own, which none of the kinds
	// of jitter meets exactly.
	Formula func(n int, prev time.Duration, r float64) time.Duration
}

// Attempts is the largest number of calls the policy makes for one operation.
func (p *Policy) Attempts() int { return p.Retries + 1 }

// Reason is what is wrong with a value.
type Reason string

// The reasons an InvalidError gives.
const (
	BelowMinimum Reason = "below the minimum"
	AboveMaximum Reason = "above the maximum"
	BelowBase    Reason = "below the base delay"
	NotANumber   Reason = "not a number"
	UnknownName  Reason = "unknown"
	NoRefill     Reason = "a budget that is never refilled"
	NotInLibrary Reason = "the library has no such setting"
)

// InvalidError names a setting that makes no sense. Field is the setting's name as
// a flag ("retries", "base", "breaker-open", …), and Allowed the range or the names
// it may have.
type InvalidError struct {
	Field   string
	Value   string
	Reason  Reason
	Allowed string
}

func (e *InvalidError) Error() string {
	return fmt.Sprintf("%s %s: %s; allowed %s", e.Field, e.Value, e.Reason, e.Allowed)
}

// Validate returns nil, or an *InvalidError about the first setting that makes no
// sense.
func (p *Policy) Validate() error {
	checks := []error{
		Within("retries", p.Retries, 0, MaxRetries),
		Within("base", p.Base, 0, MaxWait),
		p.validateCap(),
		Within("factor", p.Factor, 1, MaxFactor),
		p.validateJitter(),
		Within("attempt-timeout", p.AttemptTimeout, 0, MaxWait),
		Within("deadline", p.Deadline, 0, MaxDeadline),
	}
	for _, err := range checks {
		if err != nil {
			return err
		}
	}
	return nil
}

func (p *Policy) validateCap() error {
	if p.Cap < p.Base {
		return &InvalidError{"cap", p.Cap.String(), BelowBase, fmt.Sprintf("%v to %v", p.Base, MaxWait)}
	}
	return Within("cap", p.Cap, p.Base, MaxWait)
}

func (p *Policy) validateJitter() error {
	if p.Jitter < 0 || p.Jitter >= jitterCount {
		return unknownJitter(p.Jitter.String())
	}
	return Within("jitter-pct", p.JitterPct, 0, 100)
}

// Within returns an *InvalidError unless lo ≤ v ≤ hi.
func Within[T int | float64 | time.Duration](field string, v, lo, hi T) error {
	var reason Reason
	switch {
	case math.IsNaN(float64(v)):
		reason = NotANumber
	case v < lo:
		reason = BelowMinimum
	case v > hi:
		reason = AboveMaximum
	default:
		return nil
	}
	return &InvalidError{field, fmt.Sprint(v), reason, fmt.Sprintf("%v to %v", lo, hi)}
}
