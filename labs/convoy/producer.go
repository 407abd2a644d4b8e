package convoy

import (
	"context"
	"time"
)

// slowest is how long the producer sleeps when nothing wakes it.
const (
	slowest  = 50 * time.Millisecond
	maxStall = time.Second // arrears that are caught up
	// resendAfter is how long the producer waits with an order that could not be sent.
	resendAfter = 10 * time.Millisecond
)

// produce places orders until ctx ends. One goroutine publishes for all users,
// on one channel: the orders of a user leave in their order.
func (e *epoch) produce(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		if e.broker.awaitUp(ctx) != nil {
			return
		}
		out, wait, ok := e.nextToSend()
		if ok {
			if err := e.broker.publish(ctx, out); err != nil {
				e.unsent(out.n)
				sleep(ctx, resendAfter)
			}
			continue
		}
		timer.Reset(wait)
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-e.kick:
		}
	}
}

// outgoing is an order on its way to the broker.
type outgoing struct {
	order
	created time.Time
	lane    int    // the lane computed for it
	queue   string // its name
}

// nextToSend returns the next order to publish, or how long there is none.
func (e *epoch) nextToSend() (out outgoing, wait time.Duration, ok bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if r := e.nextAgain(); r != nil {
		return outgoing{r.order, r.created, r.lane.number, r.lane.queue}, 0, true
	}
	u, wait := e.nextUser()
	if u < 0 {
		return out, wait, false
	}
	r := e.newOrder(u)
	return outgoing{r.order, r.created, r.lane.number, r.lane.queue}, 0, true
}

// nextAgain returns the earliest order that has to be published anew; e.mu is held.
func (e *epoch) nextAgain() *record {
	for len(e.again) > 0 {
		n := e.again[0]
		e.again = append(e.again[:0], e.again[1:]...)
		r := e.records[n]
		if r == nil || r.confirmed {
			continue
		}
		if r.lane == nil {
			// Handled already, and never confirmed: the publisher cannot know.
			r.at = sending
			e.route(r.user).add(r)
		}
		r.publishes++
		e.sum.republished++
		return r
	}
	return nil
}

// nextUser returns who orders now, or -1 and for how long nobody will; e.mu is held.
func (e *epoch) nextUser() (user int, wait time.Duration) {
	now := e.now()
	switch {
	case e.holding:
		return -1, slowest
	case len(e.script) > 0:
		u := e.script[0]
		e.script = e.script[1:]
		return u, 0
	case e.paused, e.cfg.limit > 0 && e.nextN >= e.cfg.limit:
		e.due = now
		return -1, slowest
	case len(e.records) >= maxOutstanding:
		e.due = now
		return -1, 5 * time.Millisecond
	}
	if now.Sub(e.due) > maxStall {
		e.due = now
	}
	if e.burstLeft == 0 {
		if wait := e.due.Sub(now); wait > 0 {
			return -1, min(wait, slowest)
		}
		e.burstLeft = e.cfg.burst
		e.due = e.due.Add(time.Duration(e.cfg.burst) * time.Second / time.Duration(e.cfg.rate))
	}
	e.burstLeft--
	return e.picker.pick(), 0
}

// setPaused stops the users from ordering, or lets them order again.
func (e *epoch) setPaused(on bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.paused = on
	switch {
	case on:
		e.watch.stop(e.now())
	case e.trouble == nil:
		e.watch.start(e.now())
	}
	e.rev.Add(1)
	e.wakeProducer()
}

// step lets one user order, whatever the pace.
func (e *epoch) step() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.script = append(e.script, e.picker.pick())
	e.wakeProducer()
}
