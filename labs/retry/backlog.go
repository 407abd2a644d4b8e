package retry

import (
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
	curable := gaveUp.Stop == policy.StopBreaker || policy.Classify(gaveUp.Err) == policy.Transient
	switch {
	case r.fallback == fallbackCached:
		return Cached
	case r.fallback == fallbackQueue && curable && r.backlog.put(op):
		return Queued
	}
	return FailedOp
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
	for r.ctx.Err() == nil {
		r.stats.add(&r.stats.deliveries)
		start := op.age()
		_, err := op.send(r.ctx)
		switch class := policy.Classify(err); {
		case r.ctx.Err() != nil:
			return false
		case class == policy.Transient:
			if !r.sleep(backlogPause) {
				return false
			}
			continue
		case class == policy.Permanent:
			r.stats.add(&r.stats.dead)
			op.say(lab.MarkFail, "dropped", op.ref())
			op.change(func(o *Op) { o.Outcome, o.Cause = FailedOp, causeOf(err) })
		default:
			r.stats.add(&r.stats.delivered)
			op.say(lab.MarkOK, "delivered", op.ref())
			end := op.age()
			op.change(func(o *Op) {
				o.Outcome = Delivered
				o.Spans = append(o.Spans, Span{Start: start, End: end})
			})
		}
		return true
	}
	return false
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
