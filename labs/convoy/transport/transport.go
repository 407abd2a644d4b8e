// Package transport carries orders to consumers over a broker: RabbitMQ, Kafka or
// NATS JetStream, behind one small interface.
//
// A Transport declares the lanes (queues or partitions), keeps them declared
// while the broker comes and goes, and removes them in the end. It reports what
// happens to Events and calls nothing else above it.
package transport

import (
	"context"
	"errors"
	"time"

	"resilab/brokers/nats"
	"resilab/brokers/rabbitmq"
	"resilab/labs/lab"
)

var (
	// ErrNotConnected is returned while the broker is disconnected.
	ErrNotConnected = errors.New("the broker is disconnected")
	// ErrLaneDown is returned for an order whose lane cannot take any at present.
	ErrLaneDown = errors.New("the lane is down")
	// ErrRequeueUnsupported is returned by Requeue where the broker cannot requeue:
	// the consumer keeps the order.
	ErrRequeueUnsupported = errors.New("the broker cannot requeue")
	// ErrDelayUnsupported is returned by Delay where the broker has no such thing.
	ErrDelayUnsupported = errors.New("the broker cannot delay an order")
	// ErrNoRemoval is returned where lanes cannot be removed.
	ErrNoRemoval error = &lab.Refusal{Key: "convoy.refusal.partition", Text: "a partition cannot be removed from a Kafka topic"}
	// ErrNotLast is returned where only the last lane can be removed.
	ErrNotLast error = &lab.Refusal{Key: "convoy.refusal.not_last", Text: "NATS counts its partitions from 0 to the last: only that one can be removed"}
	// ErrKilled is returned by a Serve function whose consumer is to end as by a
	// crash.
	ErrKilled = errors.New("the consumer was killed")
)

// confirmWindow bounds the orders that wait for their confirm.
const confirmWindow = 500

// AccessRefused reports whether a broker refused the user or a permission.
func AccessRefused(err error) bool { return rabbitmq.AccessRefused(err) || nats.AccessRefused(err) }

// Lane names a queue or a partition.
type Lane struct {
	Number int    // from 1; shown to people and part of the queue's name
	Queue  string // its name in the broker
}

// Fate is what became of a published order; see brokers/rabbitmq.
type Fate = rabbitmq.Fate

// The fates that matter to a producer; any other means that the broker refused.
const (
	Confirmed = rabbitmq.Confirmed
	Unknown   = rabbitmq.Unknown
)

// Delivery is an order that a consumer has received. It must be settled by one
// of Ack, Requeue, Delay and Discard.
type Delivery struct {
	Order
	Lane        Lane
	Redelivered bool // it was delivered before

	settler settler
	tag     uint64
}

// settler settles deliveries by their tag.
type settler interface {
	ack(tag uint64) error
	requeue(tag uint64, reject bool) error
	delay(ctx context.Context, d *Delivery, wait time.Duration) error
	discard(tag uint64) error
}

// Ack acknowledges the order as handled.
func (d *Delivery) Ack() error { return d.settler.ack(d.tag) }

// Requeue gives the order back to its lane, by basic.reject or by basic.nack.
// The error is ErrRequeueUnsupported where the broker has no such thing.
func (d *Delivery) Requeue(reject bool) error { return d.settler.requeue(d.tag, reject) }

// Delay gives the order back to the end of its lane after a wait in real time. A
// copy of it waits in the broker before the order is acknowledged, so that a crash
// in between makes a duplicate. The error is ErrDelayUnsupported where the broker
// has no such thing.
func (d *Delivery) Delay(ctx context.Context, wait time.Duration) error {
	return d.settler.delay(ctx, d, wait)
}

// Discard moves the order to the dead-letter queue.
func (d *Delivery) Discard() error { return d.settler.discard(d.tag) }

// Serve handles deliveries until in is closed or ctx ends. ErrKilled ends the
// consumer as a crash would; any other error ends its connection.
type Serve func(ctx context.Context, in <-chan Delivery) error

// Events are what a Transport reports. The methods return soon; they may be
// called from any goroutine.
type Events interface {
	// Up is called when the lanes are declared and orders can be published.
	Up(addr string)
	// Down is called when the broker cannot be used, with the reason.
	Down(addr string, err error)
	// Settled is called once for each order that Publish accepted.
	Settled(n uint64, fate Fate)
	// DeadLettered is called when an order has arrived in the dead-letter queue.
	DeadLettered(o Order)
	// Archived is called when the broker does not deliver an order again that a
	// consumer had when it ended: its deliveries are used up.
	Archived(o Order)
	// LaneGone is called when the broker no longer has a lane's queue: it is
	// declared again, without what was in it.
	LaneGone(l Lane)
	// LanesDown is called when other lanes than before are out of reach while the
	// broker answers, as when the node that holds their queues is down.
	LanesDown(down []Lane)
	// ConsumerDown is called when a consumer has lost its lane, with the reason,
	// and ConsumerUp when it has it.
	ConsumerDown(consumer int, err error)
	ConsumerUp(consumer int)
}

// Transport is a broker with the lanes of one run.
type Transport interface {
	// Run keeps the lanes declared until ctx ends, and removes them then.
	Run(ctx context.Context)
	// AwaitFirst waits for the outcome of the first attempt to connect, AwaitUp
	// until orders can be published.
	AwaitFirst(ctx context.Context) error
	AwaitUp(ctx context.Context) error
	// Publish sends an order to its lane. The outcome is reported to Events.
	// After an error the order has not been sent.
	Publish(ctx context.Context, o Order, to Lane) error
	// Consume serves lanes until ctx ends, on one connection after another. The first
	// one is the consumer's; for the others it stands by: it is given what is in one
	// of them when the consumer of that lane has ended. In Kafka the group decides
	// which lanes a consumer serves.
	Consume(ctx context.Context, consumer int, from []Lane, serve Serve)
	// Waiting counts what a lane holds that no consumer has acknowledged, in Kafka and
	// NATS, or received, in RabbitMQ.
	Waiting(ctx context.Context, l Lane) (int, error)
	// AddLane declares a lane with the next number, CloseLane stops new orders from
	// being routed to one, DeleteLane removes it.
	AddLane(ctx context.Context, l Lane) error
	CloseLane(ctx context.Context, l Lane) error
	DeleteLane(ctx context.Context, l Lane) error
	// Cut breaks the producer's connection.
	Cut()
	// Blocked returns since when the broker takes no orders, and its reason. The
	// time is zero while it takes them.
	Blocked() (since time.Time, reason string)
}

// Sharing is how the consumers share the lanes.
type Sharing int

// The kinds of sharing.
const (
	Exclusive Sharing = iota // one consumer a lane at a time
	Competing                // several consumers a lane
	Shared                   // the same in Kafka: its consumers are a share group
)

// Options describe the lanes of a run. All but DeliveryLimit are required.
type Options struct {
	URL       string
	Namespace string // prefix of every name in the broker
	Lanes     int    // at first
	Consumers int    // at first
	Users     int    // orders of other users are none of this run
	Prefetch  int    // deliveries of a lane that a consumer has not settled
	// RestartAfter is how long a consumer that was killed stays away, in the lab's time.
	RestartAfter time.Duration
	// Keyed makes the broker choose the lane by the user's name; otherwise the
	// producer names it.
	Keyed   bool
	Sharing Sharing
	// Quorum makes the queues of RabbitMQ quorum queues, which several nodes of a
	// cluster hold. DeliveryLimit is how often one of them delivers an order again
	// before it moves the order to the dead-letter queue; 0 leaves that to the
	// broker, which has no limit before RabbitMQ 4.0 and one of 20 since.
	Quorum        bool
	DeliveryLimit int
	Env           lab.Env
}
