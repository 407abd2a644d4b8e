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
func (b *rabbit) Consume(ctx context.Context, consumer int, from Lane, serve Serve) {
	servers := rabbitmq.NewDialer(b.dialOptions(fmt.Sprintf("consumer-%d", consumer)))
	for b.AwaitUp(ctx) == nil {
		err := b.consumeOnce(ctx, servers, consumer, from, serve)
		if ctx.Err() != nil {
			return
		}
		if errors.Is(err, ErrKilled) {
			_ = b.opt.Env.Clock.Sleep(ctx, restartAfter) // AwaitUp looks at ctx
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
func (b *rabbit) consumeOnce(ctx context.Context, servers *rabbitmq.Dialer, consumer int, from Lane, serve Serve) error {
	c, err := servers.Dial(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	k, err := c.Consume(rabbitmq.ConsumeOptions{Queue: from.Queue, Prefetch: b.opt.Prefetch})
	if err != nil {
		return err
	}
	b.events.ConsumerUp(consumer)
	later := &delayQueue{conn: c, lane: from, opt: b.opt}
	defer later.close()
	in, stop := b.feed(ctx, later, k.Deliveries)
	err = serve(ctx, in)
	stop()
	if errors.Is(err, ErrKilled) {
		c.Cut()
		return err
	}
	if reason := k.Err(); reason != nil {
		return reason
	}
	if lost := c.Err(); lost != nil {
		return lost
	}
	return err
}

// feed passes orders on until deliveries closes or stop is called.
func (b *rabbit) feed(ctx context.Context, later *delayQueue, deliveries <-chan amqp.Delivery) (in <-chan Delivery, stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	out := make(chan Delivery, feedBuffer)
	done := make(chan struct{})
	go b.opt.Env.Guarded(func() {
		defer close(done)
		defer close(out)
		b.pass(ctx, later, deliveries, out)
	})()
	return out, func() {
		cancel()
		<-done
	}
}

func (b *rabbit) pass(ctx context.Context, later *delayQueue, deliveries <-chan amqp.Delivery, out chan<- Delivery) {
	var channel settler // the same for all deliveries
	for {
		select {
		case <-ctx.Done():
			return
		case d, ok := <-deliveries:
			if !ok {
				return
			}
			o, err := decode(d.Body)
			if err != nil || o.User >= b.opt.Users {
				_ = d.Reject(false) // none of ours; a failure ends the channel
				continue
			}
			if channel == nil {
				channel = amqpSettler{d.Acknowledger, later}
			}
			select {
			case out <- Delivery{Order: o, Lane: later.lane, Redelivered: d.Redelivered, settler: channel, tag: d.DeliveryTag}:
			case <-ctx.Done():
				return
			}
		}
	}
}

// feedBuffer is how many orders may be on their way from the connection to the
// consumer.
const feedBuffer = 16

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
