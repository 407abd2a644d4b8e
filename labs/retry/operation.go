package retry

import (
	"context"
	"errors"
	"strconv"
	"sync/atomic"
	"time"

	"resilab/labs/lab"
	"resilab/labs/retry/policy"
)

// operation is one payment (or reservation, …) on its way through the policy.
type operation struct {
	run   *run
	id    uint64
	start time.Duration
	shown *Op // nil: not in the picture and not in the log

	calls    atomic.Int64 // attempts and hedges so far
	stock    stockSeen
	attempts int
	firstOK  bool
}

// operate carries out the next operation and counts how it ended. The caller has
// counted it as in flight.
func (r *run) operate(ctx context.Context) {
	defer r.inFlight.Add(-1)
	id := r.begun.Add(1)
	op := &operation{run: r, id: id, start: r.engine.now()}
	if r.shows(id) {
		op.shown = r.engine.recorder.begin(id, op.start)
	}
	result, err := op.do(ctx)
	if ctx.Err() != nil {
		op.close(Cancelled, CauseNone)
		return
	}
	op.finish(result, err)
}

// shows reports whether an operation is in the picture and in the log: one in so
// many, and each that a person steps while the lab is paused.
func (r *run) shows(id uint64) bool {
	open, _ := r.engine.base.Valve.State()
	return !open || (id-1)%uint64(r.plan.oneIn()) == 0
}

func (op *operation) do(ctx context.Context) (answer, error) {
	r := op.run
	runner := policy.Runner{
		Policy: r.plan.policy, Classify: r.plan.classify, Budget: r.budget, Breaker: r.breaker,
		Random: r.draws(op.id).Float64, Clock: r.engine.base.Clock, OnWait: op.waits, OnAttempt: op.attempted,
	}
	call := op.call
	if r.plan.hedge > 0 {
		call = policy.Hedge(r.engine.base.Clock, r.plan.hedge, 1, call)
	}
	return policy.Do(ctx, &runner, call)
}

// call makes one call that the picture shows.
func (op *operation) call(ctx context.Context) (answer, error) {
	number := op.began()
	result, err := op.perform(ctx, number)
	op.returned(number, causeIn(ctx, err))
	return result, err
}

// send makes one call without showing it.
func (op *operation) send(ctx context.Context) (answer, error) {
	return op.perform(ctx, int(op.calls.Add(1)))
}

func (op *operation) perform(ctx context.Context, number int) (answer, error) {
	op.run.engine.base.Clock.Count()
	result, err := op.run.client.perform(ctx, op.run.plan.scenario, call{op.id, number, &op.stock})
	if cause := causeIn(ctx, err); cause != CauseCut {
		op.run.stats.called(cause, result.Replayed)
		op.run.engine.answered(cause)
	}
	return result, err
}

// causeIn returns the cause of a call's error.
func causeIn(ctx context.Context, err error) Cause {
	if err != nil && errors.Is(ctx.Err(), context.Canceled) {
		return CauseCut
	}
	return causeOf(err)
}

// began records that a call begins and returns its number, from 1.
func (op *operation) began() (number int) {
	number = int(op.calls.Add(1))
	op.log(lab.MarkAttempt, "attempt."+string(op.run.plan.scenario), number, op.ref())
	at := op.age()
	op.change(func(o *Op) {
		hedge := len(o.Spans) > 0 && !o.Spans[len(o.Spans)-1].Wait
		if n := len(o.Spans); n > 0 && o.Spans[n-1].Wait {
			o.Spans[n-1].End = at // timers are late by a little
		}
		o.Spans = append(o.Spans, Span{Start: at, Hedge: hedge})
		o.Attempts++
	})
	return number
}

func (op *operation) returned(number int, cause Cause) {
	at := op.age()
	op.change(func(o *Op) {
		seen := 0
		for i := range o.Spans {
			if !o.Spans[i].Wait {
				seen++
			}
			if seen == number {
				o.Spans[i].End, o.Spans[i].Cause = at, cause
				return
			}
		}
	})
}

// waits records that a wait begins.
func (op *operation) waits(w policy.Wait) {
	op.log(lab.MarkRetry, "retrying."+string(causeOf(w.Err)), op.ref())
	switch delay := threeDigits(w.Delay); {
	case w.Asked > 0:
		op.log(lab.MarkWait, "waiting_asked", delay, w.Asked, op.ref())
	case op.run.plan.scenario == Demo: // writes 1s, without a blank
		op.log(lab.MarkWait, "waiting", delay.String(), op.ref())
	default:
		op.log(lab.MarkWait, "waiting", delay, op.ref())
	}
	at := op.age()
	op.change(func(o *Op) {
		span := Span{Wait: true, Start: at, End: at + w.Delay, Lo: at + w.Lo, Hi: at + w.Hi}
		if w.Asked > 0 { // no draw goes below what the server asked for
			span.Lo, span.Hi = max(span.Lo, at+w.Asked), max(span.Hi, at+w.Delay)
		}
		o.Spans = append(o.Spans, span)
	})
}

// threeDigits rounds a time of milliseconds or seconds for the log.
func threeDigits(d time.Duration) time.Duration {
	unit := time.Millisecond
	for unit*1000 <= d {
		unit *= 10
	}
	return d.Round(unit)
}

// attempted is called with every attempt that has ended.
func (op *operation) attempted(a policy.Attempt) {
	op.attempts = a.Number
	if a.Number == 1 {
		op.firstOK = a.Err == nil
	}
}

// finish counts the operation, and finds the outcome for the person who waits for it.
func (op *operation) finish(result answer, err error) {
	e := ended{
		outcome: Succeeded, firstOK: op.firstOK, attempts: op.attempts, calls: int(op.calls.Load()), took: op.age(),
	}
	cause := CauseNone
	var gaveUp *policy.GaveUpError
	if errors.As(err, &gaveUp) {
		cause = finalCause(gaveUp)
		e.outcome = op.run.fallBack(op, gaveUp)
		e.rejected = gaveUp.Stop == policy.StopBreaker
		e.late = e.rejected && op.run.outageOver()
		e.broke = gaveUp.Stop == policy.StopBudget
		e.unaware = e.outcome == FailedOp && op.run.charged(op.id)
	}
	op.logEnd(e.outcome, result, cause)
	op.run.stats.end(e)
	op.close(e.outcome, cause)
}

func finalCause(gaveUp *policy.GaveUpError) Cause {
	if gaveUp.Stop == policy.StopBreaker && gaveUp.Attempts == 0 {
		return CauseBreaker
	}
	return causeOf(gaveUp.Err)
}

// logEnd writes the end of the operation into the log.
func (op *operation) logEnd(o Outcome, result answer, cause Cause) {
	switch o {
	case Succeeded:
		op.log(lab.MarkOK, "done."+string(op.run.plan.scenario), op.ref(), result.Transaction)
	case Cached:
		op.log(lab.MarkWarn, "cached", op.ref())
	case Queued:
		op.log(lab.MarkWarn, "queued", op.ref())
	default:
		op.log(lab.MarkFail, "failed."+string(cause), op.ref()+op.failure())
	}
}

// failure returns what the material's payment returns after its last failure.
func (op *operation) failure() string {
	if s := op.run.plan.scenario; s == Payments || s == Demo {
		return " · {success: false}"
	}
	return ""
}

func (op *operation) close(o Outcome, cause Cause) {
	at := op.age()
	op.change(func(shown *Op) {
		shown.Outcome, shown.Cause, shown.Took = o, cause, max(at, 1)
		for i := range shown.Spans {
			if s := &shown.Spans[i]; s.End == 0 || s.End > at {
				s.End = at
			}
		}
	})
}

func (op *operation) age() time.Duration { return op.run.engine.now() - op.start }

func (op *operation) change(f func(*Op)) {
	op.run.engine.recorder.change(op.shown, f)
	op.run.engine.base.Changed()
}

// ref returns the number of the operation for a line of the log. The demo's payments
// come one after the other and need none.
func (op *operation) ref() string {
	if op.run.plan.scenario == Demo {
		return ""
	}
	return " · #" + strconv.FormatUint(op.id, 10)
}

func (op *operation) log(mark lab.Mark, key string, args ...any) {
	if op.shown != nil {
		op.run.engine.base.Log.Routine(mark, "retry.event."+key, args...)
	}
}
