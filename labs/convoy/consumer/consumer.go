// Package consumer handles orders one after another, as a service does: it
// takes its time, and fails, hangs and ends on request.
package consumer

import (
	"context"
	"sync/atomic"
	"time"

	"resilab/labs/clock"
	"resilab/labs/convoy/transport"
)

// Desk is called with what a consumer does. The methods return soon.
type Desk interface {
	// Received is called when a consumer has an order, and GivenBack when it no
	// longer has some that it did not acknowledge.
	Received(consumer int, d *transport.Delivery)
	GivenBack(numbers []uint64)
	// Fails reports whether handling an order fails, and whether it may not be
	// delivered again.
	Fails(d *transport.Delivery) (fails, exhausted bool)
	// Handled is called when an order was handled, before it is acknowledged.
	Handled(d *transport.Delivery)
	// Failed is called when an order that could not be handled is to be tried again,
	// in the lab's time no sooner than at due.
	Failed(d *transport.Delivery, due time.Time)
	// Dies reports whether a consumer ends now, as by a crash, after it has handled an
	// order, with inFlight orders unacknowledged, this one included.
	Dies(consumer int, d *transport.Delivery, inFlight int) bool
	// Changed is called when something visible has changed.
	Changed()
}

// Options say how a consumer works.
type Options struct {
	Number int
	Lane   transport.Lane
	// Standby are lanes whose orders it is given when their consumers have ended.
	Standby []transport.Lane

	Work  func(transport.Order) time.Duration // how long handling an order takes
	Clock *clock.Clock

	OnFailure  OnFailure
	Reject     bool          // Requeue is done by basic.reject, not basic.nack
	RetryAfter time.Duration // the wait of Delay and Block
}

// timerSlack is how late a timer may be.
const timerSlack = 3 * time.Millisecond

// Consumer is one consumer. The methods other than Run are safe for concurrent
// use.
type Consumer struct {
	opt  Options
	desk Desk
	wake chan struct{}

	connected, hung atomic.Bool
	lane            atomic.Int64 // that the last order came from, or the one it serves

	jobs []transport.Delivery // received, the first one in work; of the goroutine of Run
	free time.Time            // when the last work ended, as far as it should have
}

// New returns a consumer that does nothing before Run.
func New(opt Options, desk Desk) *Consumer {
	c := &Consumer{opt: opt, desk: desk, wake: make(chan struct{}, 1)}
	c.lane.Store(int64(opt.Lane.Number))
	return c
}

// Number returns the consumer's number, from 1.
func (c *Consumer) Number() int { return c.opt.Number }

// Lane returns the number of the lane that the consumer serves, as far as that
// is known.
func (c *Consumer) Lane() int { return int(c.lane.Load()) }

// Connected reports whether the consumer is connected, and Hung whether it hangs:
// it keeps what it has and does not go on.
func (c *Consumer) Connected() bool { return c.connected.Load() }

// Hung reports whether the consumer hangs.
func (c *Consumer) Hung() bool { return c.hung.Load() }

// Hang lets the consumer hang, or go on.
func (c *Consumer) Hang(on bool) {
	c.hung.Store(on)
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// Run consumes until ctx ends.
func (c *Consumer) Run(ctx context.Context, t transport.Transport) {
	t.Consume(ctx, c.opt.Number, append([]transport.Lane{c.opt.Lane}, c.opt.Standby...), c.serve)
}

// serve handles what arrives until in closes, ctx ends, or the consumer is killed.
func (c *Consumer) serve(ctx context.Context, in <-chan transport.Delivery) error {
	c.connected.Store(true)
	c.desk.Changed()
	defer c.leave()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		if err := c.fill(ctx, in); err != nil || len(c.jobs) == 0 {
			return err
		}
		err := c.handle(ctx, &in, timer)
		if err != nil || in == nil {
			return err
		}
	}
}

// fill receives what is there, and waits for at least one order. No order and
// no error means that in has closed.
func (c *Consumer) fill(ctx context.Context, in <-chan transport.Delivery) error {
	for {
		if len(c.jobs) == 0 {
			select {
			case d, ok := <-in:
				if !ok {
					return nil
				}
				c.receive(d)
				continue
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		select {
		case d, ok := <-in:
			if !ok {
				return nil
			}
			c.receive(d)
		default:
			return nil
		}
	}
}

func (c *Consumer) receive(d transport.Delivery) {
	c.jobs = append(c.jobs, d)
	c.lane.Store(int64(d.Lane.Number))
	c.desk.Received(c.opt.Number, &d)
}

// handle works on the first job and settles it.
func (c *Consumer) handle(ctx context.Context, in *<-chan transport.Delivery, timer *time.Timer) error {
	if err := c.pass(ctx, in, timer, c.opt.Work(c.jobs[0].Order)); err != nil {
		return err
	}
	d := c.jobs[0]
	if fails, exhausted := c.desk.Fails(&d); fails {
		return c.fail(ctx, in, timer, exhausted)
	}
	c.desk.Handled(&d)
	if c.desk.Dies(c.opt.Number, &d, len(c.jobs)) {
		return transport.ErrKilled
	}
	c.drop()
	return d.Ack()
}

func (c *Consumer) drop() {
	c.jobs[0] = transport.Delivery{}
	c.jobs = c.jobs[1:]
}

// pass lets the work time go by, and the time that the consumer hangs. What
// arrives meanwhile is received. When in closes, it becomes nil: the work goes
// on, as it would in a real consumer that has not noticed yet.
func (c *Consumer) pass(ctx context.Context, in *<-chan transport.Delivery, timer *time.Timer, d time.Duration) error {
	if d <= 0 && !c.Hung() {
		return nil
	}
	// A timer fires late by up to a millisecond. A consumer that is busy all
	// the time makes up for it with the next order.
	clock := c.opt.Clock
	now := clock.Now()
	if c.free.Before(now.Add(-timerSlack)) {
		c.free = now
	}
	c.free = c.free.Add(d)
	for {
		changed := clock.Changed()
		left := clock.Until(c.free)
		if left <= 0 && !c.Hung() {
			return nil
		}
		timer.Reset(clock.Real(left))
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
			if c.Hung() {
				if err := c.hang(ctx, in); err != nil {
					return err
				}
			}
		case <-changed:
		case <-c.wake:
		case d, ok := <-*in:
			if !ok {
				*in = nil
			} else {
				c.receive(d)
			}
		}
	}
}

// hang waits while the consumer hangs.
func (c *Consumer) hang(ctx context.Context, in *<-chan transport.Delivery) error {
	for c.Hung() {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-c.wake:
		case d, ok := <-*in:
			if !ok {
				*in = nil
			} else {
				c.receive(d)
			}
		}
	}
	return nil
}

// leave gives back what was received and not acknowledged.
func (c *Consumer) leave() {
	c.connected.Store(false)
	back := make([]uint64, len(c.jobs))
	for i, d := range c.jobs {
		back[i] = d.N
	}
	c.jobs = nil
	c.desk.GivenBack(back)
	c.desk.Changed()
}
