package retry

import (
	"context"
	"errors"
	"sync"
	"time"

	"resilab/labs/lab"
	"resilab/labs/retry/policy"
)

const (
	maxBacklog = 10_000 // orders that wait; further ones are lost
	// backlogPause is the wait between a call that failed and the next.
	backlogPause = 500 * time.Millisecond
)

// backlog keeps the orders that wait for the gateway to come back.
type backlog struct {
	mu      sync.Mutex
	waiting []*operation
	more    chan struct{} // holds one token when there is something to do
}

func newBacklog() *backlog { return &backlog{more: make(chan struct{}, 1)} }

func (b *backlog) put(op *operation) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.waiting) >= maxBacklog {
		return false
	}
	b.waiting = append(b.waiting, op)
	select {
	case b.more <- struct{}{}:
	default:
	}
	return true
}

// len returns how many orders wait.
func (b *backlog) len() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.waiting)
}

// take returns the oldest, or nil.
func (b *backlog) take() *operation {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.waiting) == 0 {
		return nil
	}
	op := b.waiting[0]
	b.waiting = b.waiting[1:]
	return op
}

// fallBack finds an outcome for an operation whose retries are exhausted.
func (r *run) fallBack(op *operation, gaveUp *policy.GaveUpError) Outcome {
	switch {
	case r.plan.fallback == fallbackCached:
		return Cached
	case r.plan.fallback == fallbackQueue && curable(gaveUp) && r.backlog.put(op):
		return Queued
	}
	return FailedOp
}

// curable reports whether a later call may succeed.
func curable(gaveUp *policy.GaveUpError) bool {
	return gaveUp.Stop == policy.StopBreaker || policy.Classify(gaveUp.Err) == policy.Transient
}

// drain carries out the queued orders one after the other, while the gateway takes
// them.
func (r *run) drain(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.backlog.more:
		}
		for op := r.backlog.take(); op != nil; op = r.backlog.take() {
			if !r.deliver(ctx, op) {
				return
			}
		}
	}
}

// deliver calls until the order is carried out or permanently refused. It returns
// false when the run ends.
func (r *run) deliver(ctx context.Context, op *operation) bool {
	r.inFlight.Add(1)
	defer r.inFlight.Add(-1)
	for {
		start := op.age()
		err := r.tryDelivery(ctx, op)
		var gaveUp *policy.GaveUpError
		switch {
		case ctx.Err() != nil:
			return false
		case err == nil:
			r.delivered(op, start)
			return true
		case errors.As(err, &gaveUp) && !curable(gaveUp):
			r.dropped(op, gaveUp)
			return true
		}
		pause := r.plan.policy.WithRetryAfter(backlogPause, policy.AskedFor(err))
		if r.engine.base.Clock.Sleep(ctx, pause) != nil {
			return false
		}
	}
}

// tryDelivery makes one call. It is not a retry, so no budget pays for it, but the
// time-out and the breaker apply to all calls.
func (r *run) tryDelivery(ctx context.Context, op *operation) error {
	once := policy.Runner{
		Policy: policy.Policy{AttemptTimeout: r.plan.policy.AttemptTimeout}, Classify: policy.Classify,
		Breaker: r.breaker, Clock: r.engine.base.Clock,
	}
	_, err := policy.Do(ctx, &once, func(ctx context.Context) (answer, error) {
		r.stats.add(&r.stats.queue.deliveries)
		return op.send(ctx)
	})
	return err
}

func (r *run) delivered(op *operation, start time.Duration) {
	r.stats.add(&r.stats.queue.delivered)
	op.log(lab.MarkOK, "delivered", op.ref())
	end := op.age()
	op.change(func(o *Op) {
		o.Outcome = Delivered
		o.Spans = append(o.Spans, Span{Start: start, End: end})
	})
}

func (r *run) dropped(op *operation, gaveUp *policy.GaveUpError) {
	r.stats.add(&r.stats.queue.dead)
	op.log(lab.MarkFail, "dropped", op.ref())
	op.change(func(o *Op) { o.Outcome, o.Cause = FailedOp, causeOf(gaveUp.Err) })
}
