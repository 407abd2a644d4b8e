package policy

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"resilab/labs/clock"
)

// Runner carries out operations under a policy. Only Policy is needed; every other
// field may be left out. Many goroutines may share a Runner if its hooks allow it.
type Runner struct {
	Policy Policy
	// Classify decides which errors are worth a retry. Nil retries them all.
	Classify func(error) Class
	// Budget limits the retries of everyone who shares it.
	Budget *Budget
	// Breaker is called before every attempt of every runner that shares it.
	Breaker *Breaker
	// Random gives uniform draws from [0, 1). Nil uses math/rand/v2.
	Random func() float64
	// Clock is the clock of waits, time-outs, budget and breaker. Nil is the wall
	// clock.
	Clock *clock.Clock
	// OnAttempt is called with every attempt that has ended.
	OnAttempt func(Attempt)
	// OnWait is called with every wait before it begins.
	OnWait func(Wait)
}

// Attempt is a call that has ended.
type Attempt struct {
	Number int // from 1
	Start  time.Time
	Took   time.Duration
	Err    error
	Class  Class
}

// Wait is a pause that is about to begin.
type Wait struct {
	Retry  int           // the retry that follows, from 1
	Delay  time.Duration // how long
	Lo, Hi time.Duration // the range that the policy's own wait was drawn from
	Asked  time.Duration // the server's Retry-After where it is honoured, else 0
	Err    error         // why there is a retry
}

// Stop is why an operation was given up.
type Stop string

// The reasons of a GaveUpError.
const (
	StopExhausted Stop = "no retry left"
	StopPermanent Stop = "permanent error"
	StopDeadline  Stop = "deadline reached"
	StopBudget    Stop = "retry budget empty"
	StopBreaker   Stop = "circuit breaker open"
	StopCancelled Stop = "cancelled"
)

// GaveUpError is how Do reports an operation that failed. It wraps the error of
// the last attempt, or the breaker's if that let none pass.
type GaveUpError struct {
	Stop     Stop
	Attempts int
	Err      error
}

func (e *GaveUpError) Error() string {
	return fmt.Sprintf("%s after %d attempts: %v", e.Stop, e.Attempts, e.Err)
}

func (e *GaveUpError) Unwrap() error { return e.Err }

// Do calls until a call succeeds or the policy gives up; then the error is a
// *GaveUpError and the result that of the last call. A call must return when its
// context ends: that is how time-outs and the deadline take effect.
func Do[T any](ctx context.Context, r *Runner, call func(context.Context) (T, error)) (T, error) {
	if r.Policy.Deadline > 0 {
		limited, cancel := r.withTimeout(ctx, r.Policy.Deadline)
		defer cancel()
		ctx = limited
	}
	if r.Budget != nil {
		r.Budget.Begin(r.now())
	}
	op := operation{runner: r, schedule: r.Policy.Schedule()}
	for {
		var result T
		var err error
		if r.Breaker != nil {
			result, err = guarded(ctx, &op, call)
		} else {
			result, err = attempt(ctx, &op, call)
		}
		if err == nil {
			return result, nil
		}
		if stop := op.pause(ctx, err); stop != "" {
			return result, &GaveUpError{stop, op.attempts, op.last}
		}
	}
}

// operation is the state of one Do.
type operation struct {
	runner   *Runner
	schedule Schedule
	attempts int     // calls made
	last     error   // of the last call, or the breaker's where there was none
	refused  bool    // the breaker refused the last attempt
	ticket   uint64  // the breaker's, for the attempt under way
	class    Class   // of the last call
	paid     float64 // from the budget, for the latest retry
}

// guarded is an attempt that is made if the breaker allows it. It is a function of
// its own because its deferred call costs an attempt a fifth of its time.
func guarded[T any](ctx context.Context, op *operation, call func(context.Context) (T, error)) (result T, err error) {
	r := op.runner
	var ok bool
	if op.ticket, ok = r.Breaker.Allow(r.now()); !ok {
		op.refuse()
		return result, ErrBreakerOpen
	}
	// A call that panics has failed: else a half-open breaker waits for it.
	defer func(before int) {
		if op.attempts == before {
			r.Breaker.Done(r.now(), op.ticket, false)
		}
	}(op.attempts)
	return attempt(ctx, op, call)
}

// attempt makes one call and records how it ended.
func attempt[T any](ctx context.Context, op *operation, call func(context.Context) (T, error)) (result T, err error) {
	r := op.runner
	var start time.Time
	if r.OnAttempt != nil {
		start = r.now()
	}
	if r.Policy.AttemptTimeout > 0 {
		result, err = timed(ctx, r, call)
	} else {
		result, err = call(ctx)
	}
	op.ended(start, err)
	return result, err
}

func timed[T any](ctx context.Context, r *Runner, call func(context.Context) (T, error)) (T, error) {
	ctx, cancel := r.withTimeout(ctx, r.Policy.AttemptTimeout)
	defer cancel()
	return call(ctx)
}

func (op *operation) refuse() {
	op.refused = true
	if op.last == nil {
		op.last = ErrBreakerOpen
	}
}

func (op *operation) ended(start time.Time, err error) {
	r := op.runner
	op.attempts++
	op.last = err
	op.class = Success
	if err != nil {
		op.class = r.classify(err)
	}
	if r.Breaker != nil {
		// A permanent error is an answer: it proves that the server is up.
		r.Breaker.Done(r.now(), op.ticket, op.class != Transient)
	}
	if r.Budget != nil {
		r.Budget.End(r.now(), op.class, op.paid)
	}
	if r.OnAttempt != nil {
		r.OnAttempt(Attempt{op.attempts, start, r.now().Sub(start), op.last, op.class})
	}
}

// pause waits before the next attempt, or returns why there is none.
func (op *operation) pause(ctx context.Context, err error) Stop {
	r := op.runner
	switch {
	case ctx.Err() != nil:
		return stopOf(ctx)
	case op.refused:
		return StopBreaker
	case op.class == Permanent:
		return StopPermanent
	}
	delay, more := op.schedule.Next(r.random())
	if !more {
		return StopExhausted
	}
	asked := AskedFor(err)
	wait := Wait{Retry: op.attempts, Err: err, Delay: r.Policy.WithRetryAfter(delay, asked)}
	if r.Policy.HonorRetryAfter {
		wait.Asked = asked
	}
	if r.endsWithin(ctx, wait.Delay) {
		return StopDeadline
	}
	if !op.pay(asked > 0) {
		return StopBudget
	}
	if r.OnWait != nil {
		wait.Lo, wait.Hi = r.Policy.Range(op.attempts - 1)
		r.OnWait(wait)
	}
	if r.sleep(ctx, wait.Delay) != nil {
		return stopOf(ctx)
	}
	return ""
}

// pay takes the price of a retry from the budget and reports whether that was
// possible.
func (op *operation) pay(throttled bool) (ok bool) {
	if op.runner.Budget == nil {
		return true
	}
	op.paid, ok = op.runner.Budget.Retry(op.runner.now(), throttled)
	return ok
}

// stopOf returns how the context of an operation ended.
func stopOf(ctx context.Context) Stop {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return StopDeadline
	}
	return StopCancelled
}

func (r *Runner) classify(err error) Class {
	if r.Classify == nil {
		return Transient
	}
	return r.Classify(err)
}

func (r *Runner) random() func() float64 {
	if r.Random == nil {
		return rand.Float64
	}
	return r.Random
}

func (r *Runner) now() time.Time {
	if r.Clock == nil {
		return time.Now()
	}
	return r.Clock.Now()
}

func (r *Runner) withTimeout(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	if r.Clock == nil {
		return context.WithTimeout(ctx, d)
	}
	return r.Clock.WithTimeout(ctx, d)
}

// endsWithin reports whether the context ends before d has passed.
func (r *Runner) endsWithin(ctx context.Context, d time.Duration) bool {
	until, bounded := ctx.Deadline()
	if !bounded {
		return false
	}
	if r.Clock != nil {
		d = r.Clock.Real(d)
	}
	return time.Until(until) <= d
}

func (r *Runner) sleep(ctx context.Context, d time.Duration) error {
	if r.Clock != nil {
		return r.Clock.Sleep(ctx, d)
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
