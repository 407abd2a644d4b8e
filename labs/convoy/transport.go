package convoy

import (
	"context"
	"errors"
	"sync"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"resilab/labs/lab"
)

// errAway is what working with a broker says that is not connected.
var errAway = errors.New("the broker is away")

// errKeep is what giving an order back says where the broker takes none back:
// the consumer keeps it and tries again.
var errKeep = errors.New("the order stays with the consumer")

// confirmWindow bounds the orders that wait for their confirm.
const confirmWindow = 500

// transport is what the lab asks of a broker: RabbitMQ or Kafka. It tells the
// epoch what became of every order, and when the broker goes and comes.
type transport interface {
	// run keeps the topology alive until ctx ends, and removes it then.
	run(ctx context.Context)
	// awaitFirst waits for the outcome of the first attempt to connect,
	// awaitUp until the topology stands.
	awaitFirst(ctx context.Context) error
	awaitUp(ctx context.Context) error
	// publish hands an order over; epoch.settled hears of its fate. An error
	// means that it was not sent.
	publish(ctx context.Context, out outgoing) error
	// consume lets a worker serve until ctx ends, on one connection after another.
	consume(ctx context.Context, w *worker)
	// laneOf is the lane that a delivery came from.
	laneOf(w *worker, d *amqp.Delivery) *lane
	// name is what a lane is called in the broker.
	name(number int) string
	// waiting counts what a lane holds that is not acknowledged.
	waiting(ctx context.Context, l laneID) (int, error)
	// addLane, closeLane and deleteLane change the topology: a closed lane gets
	// no new orders.
	addLane(ctx context.Context, l laneID) error
	closeLane(ctx context.Context, l laneID) error
	deleteLane(ctx context.Context, l laneID) error
	// cut breaks the producer's connection.
	cut()
	// refuses tells whether the broker takes no orders at the moment.
	refuses() (trouble lab.Trouble, yes bool)
}

// gate is what everybody waits at while the broker is away.
type gate struct {
	lock  sync.Mutex
	up    chan struct{} // closed while the topology stands
	first chan error    // the outcome of the first attempt
}

func newGate() gate { return gate{up: make(chan struct{}), first: make(chan error, 1)} }

func (g *gate) open() {
	g.lock.Lock()
	defer g.lock.Unlock()
	close(g.up)
}

func (g *gate) shut() {
	g.lock.Lock()
	defer g.lock.Unlock()
	g.up = make(chan struct{})
}

func (g *gate) tellFirst(err error) {
	select {
	case g.first <- err:
	default:
	}
}

func (g *gate) awaitFirst(ctx context.Context) error {
	select {
	case err := <-g.first:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (g *gate) awaitUp(ctx context.Context) error {
	g.lock.Lock()
	up := g.up
	g.lock.Unlock()
	select {
	case <-up:
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
