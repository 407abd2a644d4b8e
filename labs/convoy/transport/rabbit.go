package transport

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"resilab/brokers/rabbitmq"
)

const (
	// removeTimeout bounds removing the lanes: a broker under an alarm does not read.
	removeTimeout = 2 * time.Second
	// redialAfter is how long a consumer waits after losing its connection.
	redialAfter = 50 * time.Millisecond
	// downPoll is how often lanes that are down are looked at.
	downPoll = time.Second
)

// rabbit keeps the lanes in RabbitMQ. The producer has one connection, and each
// consumer its own, as separate programs would.
type rabbit struct {
	*gate
	opt    Options
	events Events
	lanes  *rabbitLanes

	attendance *attendance
	refusals   *refusals

	mu     sync.Mutex
	pub    *rabbitmq.Publisher // nil while the broker is away
	conn   *rabbitmq.Conn
	direct bool // the exchange would route to other lanes than before: some are down
}

// NewRabbit returns the transport over RabbitMQ.
func NewRabbit(opt Options, events Events) Transport {
	return &rabbit{opt: opt, events: events, gate: newGate(), lanes: newRabbitLanes(opt, events),
		attendance: newAttendance(), refusals: newRefusals()}
}

func (b *rabbit) dialOptions(role string) rabbitmq.Options {
	return rabbitmq.Options{URL: b.opt.URL, Name: b.opt.named(role)}
}

// Run implements Transport.
func (b *rabbit) Run(ctx context.Context) {
	rabbitmq.Keep(ctx, b.dialOptions("producer"), func(conn context.Context, c *rabbitmq.Conn) error {
		return b.session(ctx, conn, c)
	}, func(err error) {
		b.setFirst(err)
		b.events.Down(b.addr(), err)
	})
}

// session works on one connection: conn ends with it, ctx when the run does.
func (b *rabbit) session(ctx, conn context.Context, c *rabbitmq.Conn) error {
	ch, err := c.Channel()
	if err != nil {
		return err
	}
	if err := b.lanes.declare(c, ch); err != nil {
		return err
	}
	dead := &rabbitmq.Consumer{} // receives nothing
	if !b.lanes.isDeadDown() {
		if dead, err = c.Consume(rabbitmq.ConsumeOptions{Queue: b.lanes.deadQueue(), Prefetch: 1}); err != nil {
			return err
		}
	}
	pub, err := c.NewPublisher(confirmWindow, b.settled)
	if err != nil {
		return err
	}
	b.set(c, pub, b.lanes.anyDown())
	b.open()
	b.events.Up(c.Addr())
	b.setFirst(nil)
	for err == nil && b.consumeDeadLetters(conn, dead, pub.Done()) {
		pub, err = b.renew(c, pub)
	}
	b.shut()
	b.lanes.setChannel(nil)
	b.set(nil, nil, false)
	pub.Close() // settles what the broker has not answered
	if ctx.Err() != nil {
		b.lanes.remove(c, ch)
	}
	return cmp.Or(err, pub.Err(), dead.Err())
}

// renew publishes on a new channel from now on. What was sent on the old one comes
// first: two channels have no order.
func (b *rabbit) renew(c *rabbitmq.Conn, old *rabbitmq.Publisher) (*rabbitmq.Publisher, error) {
	b.shut()
	defer b.open()
	b.use(nil)
	old.Finish(finishAfter)
	pub, err := c.NewPublisher(confirmWindow, b.settled)
	if err != nil {
		return old, err
	}
	b.refusals.renewed(time.Now())
	b.use(pub)
	return pub, nil
}

// use replaces the publisher of the connection.
func (b *rabbit) use(pub *rabbitmq.Publisher) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.pub = pub
}

// settled passes outcomes on. The client calls it, so panics are contained.
func (b *rabbit) settled(n uint64, fate rabbitmq.Fate) {
	defer b.opt.Env.Contain()
	if b.opt.Quorum {
		b.refusals.settled(n, fate, time.Now())
	}
	b.events.Settled(n, fate)
}

// consumeDeadLetters takes what arrives in the dead-letter queue until ctx or
// the publisher ends, or until queues that were down can be declared again. It
// reports whether it ended because a new channel is needed.
func (b *rabbit) consumeDeadLetters(ctx context.Context, dead *rabbitmq.Consumer, published <-chan struct{}) (refused bool) {
	look := time.NewTicker(downPoll)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-published:
			return false
		case <-b.refusals.due:
			return true
		case <-look.C:
			if b.lanes.anyDown() && b.lanes.anyBack(b.current()) {
				return false
			}
		case d, ok := <-dead.Deliveries:
			if !ok {
				return false
			}
			if o, err := decode(d.Body); err == nil && o.User < b.opt.Users {
				b.events.DeadLettered(o)
			}
			_ = d.Ack(false) // if it fails, the session is over anyway
		}
	}
}

func (b *rabbit) set(c *rabbitmq.Conn, pub *rabbitmq.Publisher, direct bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.conn, b.pub, b.direct = c, pub, direct
}

func (b *rabbit) current() *rabbitmq.Conn {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.conn
}

// Publish implements Transport. While lanes are down, orders bypass the exchange,
// which would route the keys of those lanes to others.
func (b *rabbit) Publish(ctx context.Context, o Order, to Lane) error {
	b.mu.Lock()
	pub, direct := b.pub, b.direct
	b.mu.Unlock()
	switch {
	case pub == nil:
		return ErrNotConnected
	case direct && b.lanes.isDown(to):
		return ErrLaneDown
	}
	exchange, key := "", to.Queue
	if b.opt.Keyed && !direct {
		exchange, key = b.lanes.exchange(), o.UserName()
	}
	return pub.Publish(ctx, exchange, key, o.N, publishing(o))
}

// publishing returns an order as a message.
func publishing(o Order) amqp.Publishing {
	return amqp.Publishing{
		ContentType: "application/json", DeliveryMode: amqp.Persistent, MessageId: o.ID(),
		Timestamp: o.Created, Body: encode(o),
	}
}

// Cut implements Transport: everything is declared again, on a new connection.
func (b *rabbit) Cut() {
	if c := b.current(); c != nil {
		c.Cut()
	}
}

// Waiting implements Transport. What is delayed comes first: on its way to the lane it
// would be missed in both.
func (b *rabbit) Waiting(_ context.Context, l Lane) (n int, err error) {
	if b.lanes.isDown(l) {
		return 0, ErrLaneDown // asking would close the channel
	}
	n, err = b.delayed(l)
	if err != nil {
		return 0, fmt.Errorf("looking at what is delayed of lane %d: %w", l.Number, err)
	}
	err = b.onChannel(func(ch *amqp.Channel) error {
		q, err := ch.QueueDeclarePassive(l.Queue, true, false, false, false, nil)
		if err != nil {
			return fmt.Errorf("looking at lane %d: %w", l.Number, err)
		}
		n += q.Messages
		return nil
	})
	return n, err
}

// delayed counts what waits to come to a lane again. A lane of which nothing was
// delayed for a while has no queue for it, which closes the channel that asks.
func (b *rabbit) delayed(l Lane) (int, error) {
	c := b.current()
	if c == nil {
		return 0, ErrNotConnected
	}
	ch, err := c.Channel()
	if err != nil {
		return 0, err
	}
	defer ch.Close()
	q, err := ch.QueueDeclarePassive(delayOf(l), true, false, false, false, nil)
	if rabbitmq.StateOf(err) == rabbitmq.QueueGone {
		return 0, nil
	}
	return q.Messages, err
}

// AddLane implements Transport.
func (b *rabbit) AddLane(_ context.Context, l Lane) error {
	return b.onChannel(func(ch *amqp.Channel) error { return b.lanes.add(ch, l) })
}

// CloseLane implements Transport.
func (b *rabbit) CloseLane(_ context.Context, l Lane) error {
	return b.onChannel(func(ch *amqp.Channel) error { return b.lanes.close(ch, l) })
}

// DeleteLane implements Transport.
func (b *rabbit) DeleteLane(_ context.Context, l Lane) error {
	return b.onChannel(func(ch *amqp.Channel) error { return b.lanes.delete(ch, l) })
}

func (b *rabbit) onChannel(work func(*amqp.Channel) error) error {
	closed, err := b.lanes.onChannel(work)
	if closed {
		b.Cut()
	}
	return err
}

// Blocked implements Transport.
func (b *rabbit) Blocked() (since time.Time, reason string) {
	if c := b.current(); c != nil {
		now := c.Blocked()
		return now.Since, now.Reason
	}
	return time.Time{}, ""
}

// addr is the broker's address for people.
func (b *rabbit) addr() string { return rabbitmq.Addrs(b.opt.URL) }
