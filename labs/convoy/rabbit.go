package convoy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"resilab/brokers/rabbitmq"
	"resilab/labs/lab"
)

const (
	// expires removes queues that nobody uses: what is left after kill -9 is
	// gone within a minute. The queues themselves are durable, so that what the
	// broker has confirmed survives its restart.
	expires = 50 * time.Second
	// removePatience bounds leaving: a broker under an alarm does not read.
	removePatience = 2 * time.Second
	// redialAfter is how long a consumer waits after losing its connection.
	redialAfter = 50 * time.Millisecond
)

// brokerOptions say where the broker is and what to call things there.
type brokerOptions struct {
	url       string
	namespace string // prefix of every name
}

// rabbit is an epoch's topology in RabbitMQ. The producer has one connection,
// and each consumer one of its own, as separate programs would.
type rabbit struct {
	opt brokerOptions
	e   *epoch

	declaring sync.Mutex // one at a time uses ch
	declared  bool       // once; of the goroutine of run

	gate
	mu   sync.Mutex
	ch   *amqp.Channel // for declaring; nil while the broker is away
	pub  *rabbitmq.Publisher
	conn *rabbitmq.Conn
}

func newRabbit(opt brokerOptions, e *epoch) *rabbit {
	return &rabbit{opt: opt, e: e, gate: newGate()}
}

func (b *rabbit) named(part string) string { return b.opt.namespace + "." + part }
func (b *rabbit) name(lane int) string     { return b.named(fmt.Sprintf("lane-%d", lane)) }
func (b *rabbit) exchange() string         { return b.named("orders") }
func (b *rabbit) deadQueue() string        { return b.named("dead") }

func (b *rabbit) laneOf(w *worker, _ *amqp.Delivery) *lane { return w.lane }

func (b *rabbit) dialOptions(role string) rabbitmq.Options {
	return rabbitmq.Options{URL: b.opt.url, Name: b.named(role)}
}

// run keeps the topology alive until ctx ends, and removes it then.
func (b *rabbit) run(ctx context.Context) {
	rabbitmq.Keep(ctx, b.dialOptions("producer"), func(conn context.Context, c *rabbitmq.Conn) error {
		return b.session(ctx, conn, c)
	}, func(err error) {
		b.tellFirst(err)
		b.e.brokerDown(b.addr(), err)
	})
}

// session works on one connection: conn ends with it, ctx when the epoch does.
func (b *rabbit) session(ctx, conn context.Context, c *rabbitmq.Conn) error {
	ch, err := c.Channel()
	if err != nil {
		return err
	}
	if err := b.missLanes(c); err != nil {
		return err
	}
	if err := b.declare(ch); err != nil {
		return err
	}
	b.declared = true
	dead, err := c.Consume(rabbitmq.ConsumeOptions{Queue: b.deadQueue(), Prefetch: 1})
	if err != nil {
		return err
	}
	pub, err := c.NewPublisher(confirmWindow, b.e.settled)
	if err != nil {
		return err
	}
	b.set(c, ch, pub)
	b.open()
	b.e.brokerUp(c.Addr())
	b.tellFirst(nil)
	b.burying(conn, dead, pub.Done())
	b.shut()
	b.set(nil, nil, nil)
	pub.Close() // settles what the broker has not answered
	if ctx.Err() != nil {
		b.remove(c, ch)
	}
	return cmp.Or(pub.Err(), dead.Err())
}

// burying takes what arrives in the dead-letter queue until ctx or the publisher ends.
func (b *rabbit) burying(ctx context.Context, dead *rabbitmq.Consumer, published <-chan struct{}) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-published:
			return
		case d, ok := <-dead.Deliveries:
			if !ok {
				return
			}
			if o, err := decodeOrder(d.Body); err == nil && o.user < b.e.cfg.users {
				b.e.deadLettered(o)
			}
			_ = d.Ack(false) // if it fails, the session is over anyway
		}
	}
}

func (b *rabbit) set(c *rabbitmq.Conn, ch *amqp.Channel, pub *rabbitmq.Publisher) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.conn, b.ch, b.pub = c, ch, pub
}

// missLanes says which lanes' queues the broker has no longer, and the confirmed
// orders in them with it. They expire, somebody may delete them, and RabbitMQ 3
// forgets one that it was told of less than two seconds before a crash: Mnesia's
// log is buffered for that long.
func (b *rabbit) missLanes(c *rabbitmq.Conn) error {
	if !b.declared {
		return nil
	}
	for _, l := range b.e.lanesNow() {
		there, err := c.HasQueue(l.queue)
		if err != nil {
			return fmt.Errorf("looking for lane %d: %w", l.number, err)
		}
		if !there {
			b.e.log.add(lab.MarkFault, "convoy.event.forgotten", l.number)
		}
	}
	return nil
}

// declare makes the topology anew. The bindings are made in sequence on one
// channel, on a fresh exchange: their order decides where a key goes, and a
// broker that restores them by itself does so in any order.
func (b *rabbit) declare(ch *amqp.Channel) error {
	if _, err := ch.QueueDeclare(b.deadQueue(), true, false, false, false, amqp.Table{"x-expires": expires.Milliseconds()}); err != nil {
		return fmt.Errorf("declaring the dead-letter queue: %w", err)
	}
	if b.e.cfg.mode == modeConvoy {
		if err := ch.ExchangeDelete(b.exchange(), false, false); err != nil {
			return fmt.Errorf("removing the old exchange: %w", err)
		}
		if err := ch.ExchangeDeclare(b.exchange(), "x-consistent-hash", false, true, false, false, nil); err != nil {
			return fmt.Errorf("declaring the x-consistent-hash exchange (is its plugin enabled?): %w", err)
		}
	}
	for _, l := range b.e.lanesNow() {
		if err := b.declareLane(ch, l); err != nil {
			return err
		}
	}
	return nil
}

func (b *rabbit) declareLane(ch *amqp.Channel, l laneNow) error {
	args := amqp.Table{
		"x-expires":                 expires.Milliseconds(),
		"x-dead-letter-exchange":    "",
		"x-dead-letter-routing-key": b.deadQueue(),
	}
	if b.e.cfg.mode != modeCompeting {
		// One consumer at a time, also while a crashed one is being replaced.
		args["x-single-active-consumer"] = true
	}
	if _, err := ch.QueueDeclare(l.queue, true, false, false, false, args); err != nil {
		return fmt.Errorf("declaring lane %d: %w", l.number, err)
	}
	if b.e.cfg.mode != modeConvoy || !l.open {
		return nil
	}
	if err := ch.QueueBind(l.queue, "1", b.exchange(), false, nil); err != nil {
		return fmt.Errorf("binding lane %d: %w", l.number, err)
	}
	return nil
}

// remove deletes everything that was declared. A broker that does not listen,
// as under an alarm, is left to let it expire.
func (b *rabbit) remove(c *rabbitmq.Conn, ch *amqp.Channel) {
	b.declaring.Lock()
	defer b.declaring.Unlock()
	giveUp := time.AfterFunc(removePatience, c.Cut)
	defer giveUp.Stop()
	for _, l := range b.e.lanesNow() {
		_, _ = ch.QueueDelete(l.queue, false, false, false)
	}
	_, _ = ch.QueueDelete(b.deadQueue(), false, false, false)
	if b.e.cfg.mode == modeConvoy {
		_ = ch.ExchangeDelete(b.exchange(), false, false)
	}
}

// publish hands an order to the broker; the epoch hears of its fate. An error
// means that it was not sent.
func (b *rabbit) publish(ctx context.Context, out outgoing) error {
	b.mu.Lock()
	pub := b.pub
	b.mu.Unlock()
	if pub == nil {
		return errAway
	}
	exchange, key := "", out.queue
	if b.e.cfg.mode == modeConvoy {
		exchange, key = b.exchange(), out.userID()
	}
	return pub.Publish(ctx, exchange, key, out.n, amqp.Publishing{
		ContentType: "application/json", DeliveryMode: amqp.Persistent, MessageId: out.id(),
		Timestamp: out.created, Body: out.encode(out.created),
	})
}

// consume lets a worker serve its lane's queue until ctx ends, on one
// connection after another.
func (b *rabbit) consume(ctx context.Context, w *worker) {
	for b.awaitUp(ctx) == nil {
		sleep(ctx, b.consumeOnce(ctx, w))
	}
}

// consumeOnce serves on one connection and tells how long to wait for the next.
func (b *rabbit) consumeOnce(ctx context.Context, w *worker) time.Duration {
	c, err := rabbitmq.Dial(ctx, b.dialOptions(fmt.Sprintf("consumer-%d", w.number)))
	if err != nil {
		return redialAfter
	}
	defer c.Close()
	k, err := c.Consume(rabbitmq.ConsumeOptions{Queue: w.lane.queue, Prefetch: b.e.cfg.prefetch})
	if err == nil {
		err = w.serve(ctx, k.Deliveries)
		if reason := k.Err(); reason != nil {
			err = reason
			b.e.consumerClosed(w, reason)
		}
	}
	switch {
	case errors.Is(err, errKilled):
		c.Cut()
		return restartAfter
	case ctx.Err() == nil && queueGone(err):
		b.cut()
	}
	return redialAfter
}

// queueGone tells whether somebody deleted the queue under a consumer.
func queueGone(err error) bool {
	var closed *amqp.Error
	return errors.Is(err, rabbitmq.ErrCancelled) || errors.As(err, &closed) && closed.Code == amqp.NotFound
}

// cut breaks the connection: everything is declared anew, on a new one.
func (b *rabbit) cut() {
	b.mu.Lock()
	c := b.conn
	b.mu.Unlock()
	if c != nil {
		c.Cut()
	}
}

func (b *rabbit) waiting(_ context.Context, l laneID) (n int, err error) {
	err = b.do(func(ch *amqp.Channel) error {
		q, err := ch.QueueDeclarePassive(l.queue, true, false, false, false, nil)
		if err != nil {
			return fmt.Errorf("looking at lane %d: %w", l.number, err)
		}
		n = q.Messages
		return nil
	})
	return n, err
}

func (b *rabbit) addLane(_ context.Context, l laneID) error {
	return b.do(func(ch *amqp.Channel) error { return b.declareLane(ch, laneNow{l, true}) })
}

func (b *rabbit) closeLane(_ context.Context, l laneID) error {
	if b.e.cfg.mode != modeConvoy {
		return nil // the publisher decides where orders go
	}
	return b.do(func(ch *amqp.Channel) error {
		if err := ch.QueueUnbind(l.queue, "1", b.exchange(), nil); err != nil {
			return fmt.Errorf("unbinding lane %d: %w", l.number, err)
		}
		return nil
	})
}

func (b *rabbit) deleteLane(_ context.Context, l laneID) error {
	return b.do(func(ch *amqp.Channel) error {
		if _, err := ch.QueueDelete(l.queue, false, false, false); err != nil {
			return fmt.Errorf("deleting lane %d: %w", l.number, err)
		}
		return nil
	})
}

// do works on the declaring channel.
func (b *rabbit) do(work func(*amqp.Channel) error) error {
	b.declaring.Lock() // replies on a channel are not told apart
	defer b.declaring.Unlock()
	b.mu.Lock()
	ch := b.ch
	b.mu.Unlock()
	if ch == nil {
		return errAway
	}
	err := work(ch)
	if ch.IsClosed() {
		b.cut()
	}
	return err
}

func (b *rabbit) refuses() (trouble lab.Trouble, yes bool) {
	b.mu.Lock()
	c := b.conn
	b.mu.Unlock()
	if c == nil {
		return trouble, false
	}
	now := c.Blocked()
	return lab.Trouble{Key: "convoy.trouble.blocked", Args: []any{c.Addr(), now.Reason}, Since: now.Since}, !now.Since.IsZero()
}

// addr is the broker's address for people.
func (b *rabbit) addr() string {
	u, err := amqp.ParseURI(b.opt.url)
	if err != nil {
		return b.opt.url
	}
	return fmt.Sprintf("%s:%d", u.Host, u.Port)
}
