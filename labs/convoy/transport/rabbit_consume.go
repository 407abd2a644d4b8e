package transport

import (
	"context"
	"errors"
	"fmt"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"resilab/brokers/rabbitmq"
)

// Consume implements Transport.
func (b *rabbit) Consume(ctx context.Context, consumer int, from []Lane, serve Serve) {
	servers := rabbitmq.NewDialer(b.dialOptions(fmt.Sprintf("consumer-%d", consumer)))
	for b.AwaitUp(ctx) == nil {
		err := b.consumeOnce(ctx, servers, consumer, from, serve)
		if ctx.Err() != nil {
			return
		}
		if errors.Is(err, ErrKilled) {
			_ = b.opt.Env.Clock.Sleep(ctx, b.opt.RestartAfter) // AwaitUp looks at ctx
			continue
		}
		if err != nil {
			servers.Skip()
			b.events.ConsumerDown(consumer, err)
		}
		pause(ctx, b.redial(err))
	}
}

// redial returns how long a consumer waits for its next connection.
func (b *rabbit) redial(err error) time.Duration {
	switch state := rabbitmq.StateOf(err); {
	case state == rabbitmq.QueueGone:
		b.Cut() // the session that follows declares it again, or finds it down
	case state == rabbitmq.QueueDown, rabbitmq.AccessRefused(err):
		return downPoll
	}
	return redialAfter
}

// consumeOnce serves on one connection and returns why it ended.
func (b *rabbit) consumeOnce(ctx context.Context, servers *rabbitmq.Dialer, consumer int, from []Lane, serve Serve) error {
	c, err := servers.Dial(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	k, err := c.Consume(rabbitmq.ConsumeOptions{Queue: from[0].Queue, Prefetch: b.opt.Prefetch})
	if err != nil {
		return err
	}
	b.events.ConsumerUp(consumer)
	b.attendance.arrived(from[0])
	in := b.receive(ctx, c, k, from)
	defer in.close()
	err = serve(ctx, in.out)
	in.stop()
	if errors.Is(err, ErrKilled) {
		c.Cut()
		return err
	}
	b.attendance.left(from[0])
	if reason := k.Err(); reason != nil {
		return reason
	}
	if lost := c.Err(); lost != nil {
		return lost
	}
	return err
}

// amqpSettler settles on the channel that delivered.
type amqpSettler struct {
	ch    amqp.Acknowledger
	later *delayQueue
}

func (s amqpSettler) ack(tag uint64) error { return s.ch.Ack(tag, false) }

func (s amqpSettler) requeue(tag uint64, reject bool) error {
	if reject {
		return s.ch.Reject(tag, true)
	}
	return s.ch.Nack(tag, false, true)
}

func (s amqpSettler) delay(ctx context.Context, d *Delivery, wait time.Duration) error {
	if err := s.later.put(ctx, d.Order, wait); err != nil {
		return err
	}
	return s.ack(d.tag)
}

func (s amqpSettler) discard(tag uint64) error { return s.ch.Reject(tag, false) }
