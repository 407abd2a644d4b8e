package transport

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"resilab/brokers/nats"
	"resilab/brokers/rabbitmq"
)

const (
	natsRetry        = 500 * time.Millisecond // between two attempts to connect
	natsCloseTimeout = 3 * time.Second
)

// natsLanes keeps the lanes in a stream of NATS JetStream, each with a durable pull
// consumer. The producer has one connection, and each consumer its own, as separate
// programs would.
type natsLanes struct {
	*gate
	opt    Options
	events Events

	mu       sync.Mutex
	conn     *nats.Conn // nil while the broker is away
	stream   *nats.Stream
	pub      *nats.Publisher
	lanes    []Lane      // that have a consumer in the broker
	open     int         // lanes that orders are shared out among
	sharers  map[int]int // consumers, by the number of their lane
	declared bool        // the stream was there once
}

// NewNATS returns the transport over NATS JetStream.
func NewNATS(opt Options, events Events) Transport {
	n := &natsLanes{gate: newGate(), opt: opt, events: events, open: opt.Lanes, sharers: map[int]int{}}
	for i := range opt.Lanes {
		n.lanes = append(n.lanes, NATSLane(opt.Namespace, i+1))
	}
	return n
}

// NATSLane returns the lane with a number under a namespace.
func NATSLane(namespace string, number int) Lane {
	return Lane{number, fmt.Sprintf("%s.lane.%d", nats.StreamName(namespace), number-1)}
}

func (n *natsLanes) streamOn(c *nats.Conn) *nats.Stream {
	return c.Stream(nats.StreamName(n.opt.Namespace), n.opt.Keyed)
}

// unacked returns how many orders of a lane may be unacknowledged: the prefetch of its
// consumers together, but 1 where several take turns. The server has no other way to let
// only one of them work that does not depend on time.
func (n *natsLanes) unacked(l Lane) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	sharers := max(n.opt.Consumers/n.opt.Lanes, n.sharers[l.Number])
	switch {
	case n.opt.Sharing == Competing:
		return n.opt.Prefetch * sharers
	case sharers > 1:
		return 1
	}
	return n.opt.Prefetch
}

// Run implements Transport.
func (n *natsLanes) Run(ctx context.Context) {
	for ctx.Err() == nil {
		connected, err := n.session(ctx)
		if ctx.Err() != nil || err == nil {
			continue
		}
		n.setFirst(err)
		n.events.Down(nats.Addr(n.opt.URL), err)
		if connected {
			pause(ctx, redialAfter)
		} else {
			pause(ctx, natsRetry)
		}
	}
}

// session works on one connection until it breaks or ctx ends, and reports whether orders
// could be published.
func (n *natsLanes) session(ctx context.Context) (connected bool, err error) {
	lost := make(chan error, 1)
	conn, err := nats.Connect(ctx, nats.Options{URL: n.opt.URL, Name: n.opt.named("producer"), Lost: func(err error) { lost <- err }})
	if err != nil {
		return false, err
	}
	defer conn.Close()
	stream := n.streamOn(conn)
	if err := n.declare(ctx, conn, stream); err != nil {
		return false, err
	}
	pub, err := conn.NewPublisher(confirmWindow, n.settled)
	if err != nil {
		return false, err
	}
	n.set(conn, stream, pub)
	n.gate.open()
	n.events.Up(conn.Addr())
	n.setFirst(nil)
	select {
	case <-ctx.Done():
	case err = <-lost:
	}
	n.shut()
	n.set(nil, nil, nil)
	if ctx.Err() != nil {
		n.remove(ctx, stream)
	}
	conn.Close()
	pub.Close() // settles what the broker has not confirmed
	return true, err
}

// declare declares the stream and the consumers of the lanes, and removes what other
// programs have left.
func (n *natsLanes) declare(ctx context.Context, conn *nats.Conn, stream *nats.Stream) error {
	_ = conn.Sweep(ctx) // where the user may not do that, others will
	n.mu.Lock()
	lanes, open, before := slices.Clone(n.lanes), n.open, n.declared
	n.mu.Unlock()
	created, err := stream.Declare(ctx, open)
	if err != nil {
		return err
	}
	for _, l := range lanes {
		if created && before {
			n.events.LaneGone(l)
		}
		if _, err := stream.Consumer(ctx, l.Partition(), n.unacked(l)); err != nil {
			return err
		}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.declared = true
	return nil
}

// remove removes what was declared. If the broker is away, it does so later.
func (n *natsLanes) remove(ctx context.Context, stream *nats.Stream) {
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), natsCloseTimeout)
	defer cancel()
	_ = stream.Delete(last) // the run is over: no caller is left to report to
}

func (n *natsLanes) set(c *nats.Conn, s *nats.Stream, p *nats.Publisher) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.conn, n.stream, n.pub = c, s, p
}

// settled passes outcomes on. The client calls it, so panics are contained.
func (n *natsLanes) settled(token uint64, err error) {
	defer n.opt.Env.Contain()
	switch {
	case err == nil:
		n.events.Settled(token, Confirmed)
	case nats.Refused(err):
		n.events.Settled(token, rabbitmq.Refused)
	default:
		n.events.Settled(token, Unknown)
	}
}

// Publish implements Transport. The id lets the broker drop an order that is published
// again although it was stored.
func (n *natsLanes) Publish(ctx context.Context, o Order, to Lane) error {
	n.mu.Lock()
	stream, pub := n.stream, n.pub
	n.mu.Unlock()
	if pub == nil {
		return ErrNotConnected
	}
	subject := stream.LaneSubject(to.Partition(), o.UserName())
	if n.opt.Keyed {
		subject = stream.KeySubject(o.UserName())
	}
	return pub.Publish(ctx, subject, o.N, o.ID(), encode(o))
}

// onStream does something with the stream of the producer's connection.
func (n *natsLanes) onStream(work func(*nats.Stream) error) error {
	n.mu.Lock()
	stream := n.stream
	n.mu.Unlock()
	if stream == nil {
		return ErrNotConnected
	}
	return work(stream)
}

// Waiting implements Transport.
func (n *natsLanes) Waiting(ctx context.Context, l Lane) (count int, err error) {
	err = n.onStream(func(s *nats.Stream) error {
		count, err = s.Unacked(ctx, l.Partition())
		return err
	})
	return count, err
}

// AddLane implements Transport. The consumer comes first: an order must not find its lane
// missing.
func (n *natsLanes) AddLane(ctx context.Context, l Lane) error {
	return n.onStream(func(s *nats.Stream) error {
		if _, err := s.Consumer(ctx, l.Partition(), n.unacked(l)); err != nil {
			return err
		}
		if err := n.share(ctx, s, 1); err != nil {
			return err
		}
		n.mu.Lock()
		defer n.mu.Unlock()
		n.lanes = append(n.lanes, l)
		return nil
	})
}

// CloseLane implements Transport. Where the broker shares the orders out, only the last
// lane can be closed.
func (n *natsLanes) CloseLane(ctx context.Context, l Lane) error {
	n.mu.Lock()
	open := n.open
	n.mu.Unlock()
	if n.opt.Keyed && l.Number != open {
		return ErrNotLast
	}
	return n.onStream(func(s *nats.Stream) error { return n.share(ctx, s, -1) })
}

// share lets the broker share the orders out among more lanes or fewer.
func (n *natsLanes) share(ctx context.Context, s *nats.Stream, more int) error {
	n.mu.Lock()
	open := n.open + more
	n.mu.Unlock()
	if n.opt.Keyed {
		if err := s.SetLanes(ctx, open); err != nil {
			return err
		}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.open = open
	return nil
}

// DeleteLane implements Transport.
func (n *natsLanes) DeleteLane(ctx context.Context, l Lane) error {
	n.mu.Lock()
	n.lanes = slices.DeleteFunc(n.lanes, func(other Lane) bool { return other == l })
	n.mu.Unlock()
	return n.onStream(func(s *nats.Stream) error { return s.RemoveConsumer(ctx, l.Partition()) })
}

// Cut implements Transport.
func (n *natsLanes) Cut() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.conn != nil {
		n.conn.Cut()
	}
}

// Blocked implements Transport.
func (n *natsLanes) Blocked() (since time.Time, reason string) { return since, "" }

// errLeft is why a consumer is without its lane where the client gave no reason.
var errLeft = errors.New("the connection of the consumer was closed")
