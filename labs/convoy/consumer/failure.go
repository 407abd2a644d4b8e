package consumer

import (
	"context"
	"errors"
	"slices"
	"time"

	"resilab/labs/convoy/transport"
)

// OnFailure is what a consumer does with an order that it could not handle.
type OnFailure string

// The ways to go on after a failure.
const (
	Requeue OnFailure = "requeue" // back to its place in the lane, if nothing has passed it
	Delay   OnFailure = "delay"   // to the end of the lane, after a wait
	Park    OnFailure = "park"    // to the dead-letter queue
	Block   OnFailure = "block"   // wait, and try again before anything else
)

// fail goes on after the first job could not be handled. exhausted means that it
// may not be delivered again.
func (c *Consumer) fail(ctx context.Context, in *<-chan transport.Delivery, timer *time.Timer, exhausted bool) error {
	d := c.jobs[0]
	now := c.opt.Clock.Now()
	switch {
	case exhausted || c.opt.OnFailure == Park:
		c.drop()
		return d.Discard()
	case c.opt.OnFailure == Block:
		c.desk.Failed(&d, now)
		return c.again(ctx, in, timer, c.opt.RetryAfter)
	case c.opt.OnFailure == Delay:
		c.drop()
		c.desk.Failed(&d, now.Add(c.opt.RetryAfter))
		c.desk.GivenBack([]uint64{d.N})
		return d.Delay(ctx, c.opt.Clock.Real(c.opt.RetryAfter))
	}
	c.drop()
	c.desk.Failed(&d, now)
	c.desk.GivenBack([]uint64{d.N})
	err := d.Requeue(c.opt.Reject)
	if errors.Is(err, transport.ErrRequeueUnsupported) {
		d.Redelivered = true
		c.jobs = slices.Insert(c.jobs, 0, d)
		return c.again(ctx, in, timer, 0)
	}
	return err
}

// again lets the first job be handled again after a wait.
func (c *Consumer) again(ctx context.Context, in *<-chan transport.Delivery, timer *time.Timer, wait time.Duration) error {
	if err := c.pass(ctx, in, timer, wait); err != nil {
		return err
	}
	c.desk.Received(c.opt.Number, &c.jobs[0])
	return nil
}
