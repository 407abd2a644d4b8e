package transport

import (
	"context"
	"fmt"
	"strconv"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"resilab/brokers/rabbitmq"
)

// MaxDelay bounds the wait of an order in real time: its queue, which has no
// consumer, lives for so long after it was declared.
const MaxDelay = expires - 10*time.Second

// delayQueue is where orders of one lane wait until their time is over. RabbitMQ
// then moves them to the end of the lane by dead-lettering. It belongs to one
// connection and may be used by one goroutine only.
type delayQueue struct {
	conn *rabbitmq.Conn
	lane Lane
	opt  Options

	ch    *amqp.Channel
	pub   *rabbitmq.Publisher
	fates chan rabbitmq.Fate
}

// delayOf names the delay queue of a lane.
func delayOf(l Lane) string { return l.Queue + ".delay" }

// put publishes a copy of an order that comes to the lane after a wait, and
// returns when the broker has confirmed it.
func (q *delayQueue) put(ctx context.Context, o Order, wait time.Duration) error {
	if err := q.declare(); err != nil {
		return err
	}
	msg := publishing(o)
	msg.Expiration = strconv.FormatInt(min(wait, MaxDelay).Milliseconds(), 10)
	if err := q.pub.Publish(ctx, "", delayOf(q.lane), o.N, msg); err != nil {
		return fmt.Errorf("delaying order %d: %w", o.N, err)
	}
	select {
	case fate := <-q.fates:
		if fate != Confirmed {
			return fmt.Errorf("delaying order %d: the broker did not confirm it", o.N)
		}
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// declare declares the queue, for each order again: that puts off its removal.
func (q *delayQueue) declare() error {
	if q.pub == nil {
		if err := q.connect(); err != nil {
			return err
		}
	}
	args := q.opt.queueArgs()
	args["x-dead-letter-exchange"], args["x-dead-letter-routing-key"] = "", q.lane.Queue
	_, err := q.ch.QueueDeclare(delayOf(q.lane), true, false, false, false, args)
	if err != nil {
		return fmt.Errorf("declaring the delay queue of lane %d: %w", q.lane.Number, err)
	}
	return nil
}

func (q *delayQueue) connect() error {
	ch, err := q.conn.Channel()
	if err != nil {
		return err
	}
	fates := make(chan rabbitmq.Fate, 1)
	pub, err := q.conn.NewPublisher(1, func(_ uint64, fate rabbitmq.Fate) { fates <- fate })
	if err != nil {
		return err
	}
	q.ch, q.pub, q.fates = ch, pub, fates
	return nil
}

func (q *delayQueue) close() {
	if q.pub != nil {
		q.pub.Close()
	}
}
