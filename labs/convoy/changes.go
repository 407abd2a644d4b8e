package convoy

import (
	"context"
	"fmt"
	"time"

	"resilab/labs/convoy/transport"
	"resilab/labs/lab"
)

// Changes of the lanes while orders flow.
const (
	addLane     = "add-lane"
	removeLast  = "remove-last"
	removeFirst = "remove-first" // the one that was bound first
)

const (
	maxLanes     = 12
	maxConsumers = 4 * maxLanes
	drainTimeout = 30 * time.Second // real time
	drainPoll    = 10 * time.Millisecond
	retirePoll   = 50 * time.Millisecond
)

// Why the lanes stay as they are.
var (
	errPoolFixed    error = &lab.Refusal{Key: "convoy.refusal.pool", Text: "a pool keeps the workers that it began with"}
	errStandbyFixed error = &lab.Refusal{Key: "convoy.refusal.adopt", Text: "consumers stand by for the lanes that they began with"}
	errLeaving      error = &lab.Refusal{Key: "convoy.refusal.leaving", Text: "the lane that was removed last is not empty yet"}
	errLastQueue    error = &lab.Refusal{Key: "convoy.refusal.last", Text: "there is one queue only"}
)

// laneChange changes the lanes of a run.
type laneChange struct{ *run }

// change adds or removes a lane, draining first if so set.
func (r laneChange) change(ctx context.Context, what string) error {
	r.changes.Lock()
	defer r.changes.Unlock()
	if err := r.fixed(what); err != nil {
		return err
	}
	if r.cfg.Bool("drain") {
		r.producer.Hold(true)
		defer r.producer.Hold(false)
		if err := r.drain(ctx); err != nil {
			return err
		}
	}
	r.tracker.Rerouting(true)
	defer r.tracker.Rerouting(false)
	if what == addLane {
		return r.extend(ctx)
	}
	return r.shrink(ctx, what == removeFirst)
}

// fixed returns why the lanes stay as they are; nil: they can be changed.
func (r laneChange) fixed(what string) error {
	if what != addLane {
		if err := r.cfg.product.keeps(r.cfg.mode, what == removeFirst); err != nil {
			return err
		}
	}
	switch {
	case r.cfg.mode == modePool:
		return errPoolFixed
	case r.cfg.adopt:
		return errStandbyFixed
	}
	return nil
}

// drain waits until nothing is under way.
func (r laneChange) drain(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, drainTimeout)
	defer cancel()
	for {
		left := r.tracker.UnderWay()
		if left == 0 {
			return nil
		}
		select {
		case <-time.After(drainPoll):
		case <-r.ctx.Done():
			return r.ctx.Err()
		case <-ctx.Done():
			return fmt.Errorf("waiting for %d orders before changing the lanes: %w", left, ctx.Err())
		}
	}
}

// extend adds a lane, or where all share one queue a consumer.
func (r laneChange) extend(ctx context.Context) error {
	open := r.lanes.Open()
	if len(open) >= maxLanes || len(r.team.all()) >= maxConsumers {
		return nil
	}
	l := open[0].Lane
	if r.cfg.sharded() {
		var free bool
		if l, free = r.lanes.Make(); !free {
			return errLeaving
		}
		// The queue comes first: an order must not find its lane missing.
		if err := r.transport.AddLane(ctx, l); err != nil {
			return err
		}
		r.book.LanesChanged(r.lanes.Extend(l))
	}
	number := r.addConsumer(l)
	r.Log.Add(lab.MarkSetting, "convoy.event.lane_added", number)
	r.Changed()
	return nil
}

// shrink closes a lane. Its consumer empties it, and then it is deleted.
func (r laneChange) shrink(ctx context.Context, first bool) error {
	l, generation, ok := r.lanes.Close(first)
	if !ok {
		return errLastQueue
	}
	r.book.LanesChanged(generation)
	r.Log.Add(lab.MarkSetting, "convoy.event.lane_removed", l.Number)
	r.Changed()
	if err := r.transport.CloseLane(ctx, l); err != nil {
		return err
	}
	r.work(func(ctx context.Context) { r.retire(ctx, l) })
	return nil
}

// retire waits until a closed lane is empty, in the broker too, and removes it
// with its consumer. Orders that were published while the lane was closed may be
// in it: what the broker has sent to a consumer it does not count as waiting.
func (r laneChange) retire(ctx context.Context, l transport.Lane) {
	for {
		select {
		case <-ctx.Done():
			return // everything is removed soon
		case <-time.After(retirePoll):
		}
		if !r.tracker.Empty(l) || r.tracker.Unplaced() {
			continue
		}
		if n, err := r.transport.Waiting(ctx, l); err == nil && n == 0 {
			break
		}
	}
	r.lanes.Drop(l)
	r.team.dismiss(l)
	_ = r.transport.DeleteLane(ctx, l) // a queue that is not deleted expires
	r.Changed()
}
