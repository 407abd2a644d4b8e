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
	// backlogPause is how long the queue rests after a call that failed.
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
	case r.fallback == fallbackCached:
		return Cached
	case r.fallback == fallbackQueue && curable(gaveUp) && r.backlog.put(op):
		return Queued
	}
	return FailedOp
}

// curable tells whether a later call may succeed.
func curable(gaveUp *policy.GaveUpError) bool {
	return gaveUp.Stop == policy.StopBreaker || policy.Classify(gaveUp.Err) == policy.Transient
}

// drain carries out the queued orders one after the other, for as long as the
// gateway takes them.
func (r *run) drain() {
	defer r.wg.Done()
	for {
		select {
		case <-r.ctx.Done():
			return
		case <-r.backlog.more:
		}
		for op := r.backlog.take(); op != nil; op = r.backlog.take() {
			if !r.deliver(op) {
				return
			}
		}
	}
}

// deliver calls until the order is carried out or refused for good. It returns
// false when the run ends.
func (r *run) deliver(op *operation) bool {
	r.inFlight.Add(1)
	defer r.inFlight.Add(-1)
	for {
		start := op.age()
		err := r.tryDelivery(op)
		var gaveUp *policy.GaveUpError
		switch {
		case r.ctx.Err() != nil:
			return false
		case err == nil:
			r.delivered(op, start)
			return true
		case errors.As(err, &gaveUp) && !curable(gaveUp):
			r.dropped(op, gaveUp)
			return true
		case !r.sleep(r.policy.WithRetryAfter(backlogPause, policy.AskedFor(err))):
			return false
		}
	}
}

// tryDelivery makes one call. It is no retry, so no budget pays for it, but the
// time-out and the breaker are those of all calls.
func (r *run) tryDelivery(op *operation) error {
	once := policy.Runner{
		Policy: policy.Policy{AttemptTimeout: r.policy.AttemptTimeout}, Classify: policy.Classify, Breaker: r.doorkeeper(),
	}
	_, err := policy.Do(r.ctx, &once, func(ctx context.Context) (answer, error) {
		r.stats.add(&r.stats.deliveries)
		return op.send(ctx)
	})
	return err
}

func (r *run) delivered(op *operation, start time.Duration) {
	r.stats.add(&r.stats.delivered)
	op.say(lab.MarkOK, "delivered", op.ref())
	end := op.age()
	op.change(func(o *Op) {
		o.Outcome = Delivered
		o.Spans = append(o.Spans, Span{Start: start, End: end})
	})
}

func (r *run) dropped(op *operation, gaveUp *policy.GaveUpError) {
	r.stats.add(&r.stats.dead)
	op.say(lab.MarkFail, "dropped", op.ref())
	op.change(func(o *Op) { o.Outcome, o.Cause = FailedOp, causeOf(gaveUp.Err) })
}

func (r *run) sleep(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-r.ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
