package service

import (
	"context"
	"sync/atomic"
	"time"

	"resilab/labs/clock"
)

// deadlines bounds how long readers wait. Readers that only the end of the run
// cancels share a context with all that begin in the same few milliseconds: one
// for each would cost as much as everything else that the service adds to a hit,
// which takes some ten microseconds as a whole.
type deadlines struct {
	clock  *clock.Clock
	run    context.Context
	length time.Duration
	shared atomic.Pointer[deadlineSlot]
}

// deadlineSlot is the context of the readers that begin within a stretch of time.
type deadlineSlot struct {
	context.Context
	over time.Time // for beginning
}

// slotShare is the part of the length by which the end may come late for the
// first reader of a slot.
const slotShare = 64

func newDeadlines(run context.Context, c *clock.Clock, length time.Duration) *deadlines {
	return &deadlines{clock: c, run: run, length: length}
}

// from returns the context of a reader that begins now, bounded by ctx, too. The
// caller must call the function when the waiting is over.
func (d *deadlines) from(ctx context.Context, now time.Time) (context.Context, context.CancelFunc) {
	if ctx != d.run && ctx.Done() != nil {
		return d.clock.WithTimeout(ctx, d.length-d.clock.Since(now))
	}
	s := d.shared.Load()
	if s == nil || now.After(s.over) {
		// Several may do so at once: each has a slot then, and one stays.
		grain := d.length / slotShare
		bounded, cancel := d.clock.WithTimeout(d.run, d.length+grain-d.clock.Since(now))
		context.AfterFunc(bounded, cancel)
		s = &deadlineSlot{bounded, now.Add(grain)}
		d.shared.Store(s)
	}
	return s, func() {}
}
