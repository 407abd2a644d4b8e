package convoy

import (
	"context"
	"fmt"
	"time"

	"resilab/labs/lab"
)

// Changes of the lanes while orders flow.
const (
	addLane     = "add-lane"
	removeLast  = "remove-last"
	removeFirst = "remove-first" // the one that was bound first
)

const (
	maxLanes      = 12
	drainPatience = 30 * time.Second
	drainPoll     = 10 * time.Millisecond
)

// laneNow is a lane as it stood at one moment.
type laneNow struct {
	laneID
	open bool
}

// lanesNow returns the lanes in binding order.
func (e *epoch) lanesNow() []laneNow {
	e.mu.Lock()
	defer e.mu.Unlock()
	lanes := make([]laneNow, len(e.lanes))
	for i, l := range e.lanes {
		lanes[i] = laneNow{l.laneID, l.open}
	}
	return lanes
}

func (e *epoch) workerCount() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.workers)
}

// change adds or removes a lane, draining first if so set.
func (e *epoch) change(ctx context.Context, what string) error {
	if e.cfg.kafka && what != addLane {
		return errNoRemoval
	}
	if e.cfg.drain {
		if err := e.runEmpty(ctx); err != nil {
			return err
		}
		defer e.hold(false)
	}
	if what == addLane {
		return e.extend(ctx)
	}
	return e.shrink(ctx, what)
}

func (e *epoch) hold(on bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.holding = on
	e.rev.Add(1)
	e.wakeProducer()
}

// runEmpty stops the users and waits until nothing is under way. When that
// takes too long the users go on.
func (e *epoch) runEmpty(ctx context.Context) error {
	e.hold(true)
	ctx, cancel := context.WithTimeout(ctx, drainPatience)
	defer cancel()
	for {
		e.mu.Lock()
		left := len(e.records)
		e.mu.Unlock()
		if left == 0 {
			return nil
		}
		sleep(ctx, drainPoll)
		if ctx.Err() != nil {
			e.hold(false)
			return fmt.Errorf("waiting for %d orders before changing the lanes: %w", left, ctx.Err())
		}
	}
}

// extend adds a lane, or where all share one queue a consumer.
func (e *epoch) extend(ctx context.Context) error {
	e.mu.Lock()
	if len(e.openLanes()) >= maxLanes || len(e.workers) >= 4*maxLanes {
		e.mu.Unlock()
		return nil
	}
	l := e.lanes[0]
	if e.cfg.sharded() {
		l = e.makeLane()
	}
	e.mu.Unlock()
	if e.cfg.sharded() {
		// The queue comes first: an order must not find its lane missing.
		if err := e.broker.addLane(ctx, l.laneID); err != nil {
			return err
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.cfg.sharded() {
		e.newGeneration()
		e.openLane(l)
		e.compareRoutes()
	}
	w := e.newWorker(l)
	e.log.add(lab.MarkSetting, "convoy.event.lane_added", w.number)
	e.rev.Add(1)
	e.work.Go(e.env.Guarded(func() { w.run(e.workCtx) }))
	return nil
}

// newGeneration remembers where the users' orders went so far; e.mu is held.
func (e *epoch) newGeneration() {
	e.generation++
	for i := range e.users {
		e.users[i].before, e.users[i].after = e.users[i].lane, nil
	}
}

// shrink closes a lane. Its consumer empties it, and then it is deleted.
func (e *epoch) shrink(ctx context.Context, what string) error {
	e.mu.Lock()
	open := e.openLanes()
	if len(open) < 2 {
		e.mu.Unlock()
		return nil
	}
	at := len(open) - 1
	if what == removeFirst {
		at = 0
	}
	l := open[at]
	e.newGeneration()
	l.open = false
	e.lanes = append(append(e.lanes[:at:at], e.lanes[at+1:]...), l)
	e.ring.Unbind(l.queue)
	e.compareRoutes()
	e.log.add(lab.MarkSetting, "convoy.event.lane_removed", l.number)
	e.rev.Add(1)
	e.mu.Unlock()
	if err := e.broker.closeLane(ctx, l.laneID); err != nil {
		return err
	}
	e.all.Go(e.env.Guarded(func() { e.retire(e.workCtx, l) }))
	return nil
}

// retire waits until a closed lane is empty, in the broker too, and removes it
// with its consumer.
func (e *epoch) retire(ctx context.Context, l *lane) {
	for {
		sleep(ctx, drainPoll)
		if ctx.Err() != nil {
			return // everything is removed soon
		}
		if n, err := e.broker.waiting(ctx, l.laneID); err == nil && n == 0 && e.emptied(l) {
			break
		}
	}
	_ = e.broker.deleteLane(ctx, l.laneID) // what is not deleted expires
}

// emptied takes a closed lane out if nothing is left in it.
func (e *epoch) emptied(l *lane) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if l.head != nil {
		return false
	}
	for i, other := range e.lanes {
		if other == l {
			e.lanes = append(e.lanes[:i:i], e.lanes[i+1:]...)
			break
		}
	}
	kept := e.workers[:0:0]
	for _, w := range e.workers {
		if w.lane != l {
			kept = append(kept, w)
		} else if w.stop != nil {
			w.stop()
		}
	}
	e.workers = kept
	e.rev.Add(1)
	return true
}

// moved is the share of the users seen on both sides of the last change of the
// lanes whose orders now come from another lane.
func (e *epoch) moved() (share float64, ok bool) {
	seen, moved := 0, 0
	for i := range e.users {
		u := &e.users[i]
		if u.before == nil || u.after == nil {
			continue
		}
		seen++
		if u.before != u.after {
			moved++
		}
	}
	if seen == 0 {
		return 0, false
	}
	return float64(moved) / float64(seen), true
}
