package transport

import (
	"context"
	"sync"

	amqp "github.com/rabbitmq/amqp091-go"

	"resilab/brokers/rabbitmq"
)

// feedBuffer is how many orders may be on their way from the connection to the
// consumer.
const feedBuffer = 16

// intake passes what lanes deliver on one connection to a consumer. The lanes after
// the first one have consumers already: RabbitMQ delivers from them when those have
// ended, because their queues have a single active consumer.
type intake struct {
	*rabbit
	conn *rabbitmq.Conn
	// lanes are where orders of the lanes wait; of the goroutine that settles.
	lanes  []*delayQueue
	out    chan Delivery // closes when the first lane delivers no more
	cancel context.CancelFunc
	done   chan struct{}
}

// receive begins to pass on what k delivers of the first lane, and what the others
// do. The caller must call stop, and close when no delivery is left to settle.
func (b *rabbit) receive(ctx context.Context, c *rabbitmq.Conn, k *rabbitmq.Consumer, from []Lane) *intake {
	in := &intake{rabbit: b, conn: c, out: make(chan Delivery, feedBuffer), done: make(chan struct{})}
	for _, l := range from {
		in.lanes = append(in.lanes, &delayQueue{conn: c, lane: l, opt: b.opt})
	}
	ctx, in.cancel = context.WithCancel(ctx)
	go b.opt.Env.Guarded(func() {
		defer close(in.done)
		in.run(ctx, k.Deliveries)
	})()
	return in
}

// run passes orders on until first closes or ctx ends.
func (in *intake) run(ctx context.Context, first <-chan amqp.Delivery) {
	ctx, cancel := context.WithCancel(ctx)
	var others sync.WaitGroup
	defer close(in.out)
	defer others.Wait()
	defer cancel()
	for _, l := range in.lanes[1:] {
		others.Go(in.opt.Env.Guarded(func() { in.standBy(ctx, l) }))
	}
	in.pass(ctx, in.lanes[0], first)
}

// stop lets nothing more pass.
func (in *intake) stop() {
	in.cancel()
	<-in.done
}

func (in *intake) close() {
	for _, l := range in.lanes {
		l.close()
	}
}

// standBy consumes from a lane behind its consumer, as long as the connection lives.
func (in *intake) standBy(ctx context.Context, l *delayQueue) {
	for in.attendance.await(ctx, l.lane) == nil {
		k, err := in.conn.Consume(rabbitmq.ConsumeOptions{Queue: l.lane.Queue, Prefetch: in.opt.Prefetch})
		if err == nil {
			in.pass(ctx, l, k.Deliveries)
		}
		pause(ctx, downPoll) // its queue is down, or was deleted
	}
}

// pass passes the orders of a lane on until deliveries closes or ctx ends.
func (in *intake) pass(ctx context.Context, from *delayQueue, deliveries <-chan amqp.Delivery) {
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
			if err != nil || o.User >= in.opt.Users {
				_ = d.Reject(false) // none of ours; a failure ends the channel
				continue
			}
			if channel == nil {
				channel = amqpSettler{d.Acknowledger, from}
			}
			select {
			case in.out <- Delivery{Order: o, Lane: from.lane, Redelivered: d.Redelivered, settler: channel, tag: d.DeliveryTag}:
			case <-ctx.Done():
				return
			}
		}
	}
}

// attendance knows the lanes whose consumers are there. Who stands by for a lane waits
// for its consumer first: the one that comes first is the one that is active.
type attendance struct {
	mu    sync.Mutex
	there map[Lane]chan struct{} // closed while the consumer is there
}

func newAttendance() *attendance { return &attendance{there: map[Lane]chan struct{}{}} }

// of returns what is closed while a lane's consumer is there. a.mu is held.
func (a *attendance) of(l Lane) chan struct{} {
	if a.there[l] == nil {
		a.there[l] = make(chan struct{})
	}
	return a.there[l]
}

// arrived records that a lane's consumer is there. It is there until left, also while
// it is dead and about to be started again: what is in its lane is for others then.
func (a *attendance) arrived(l Lane) {
	a.mu.Lock()
	defer a.mu.Unlock()
	select {
	case <-a.of(l):
	default:
		close(a.of(l))
	}
}

// left records that a lane's consumer has lost its connection, as all do with their
// broker: it shall be the first again.
func (a *attendance) left(l Lane) {
	a.mu.Lock()
	defer a.mu.Unlock()
	select {
	case <-a.of(l):
		delete(a.there, l)
	default: // others may be waiting for it
	}
}

// await waits until a lane's consumer is there.
func (a *attendance) await(ctx context.Context, l Lane) error {
	a.mu.Lock()
	there := a.of(l)
	a.mu.Unlock()
	select {
	case <-there:
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}
