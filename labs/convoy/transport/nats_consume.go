package transport

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"resilab/brokers/nats"
	"resilab/labs/kit"
)

const (
	natsFetchWait = 10 * time.Second // of one request for orders
	natsFetchBeat = time.Second      // the broker says so often that it has none
	natsFetchPoll = 100 * time.Millisecond
)

// Consume implements Transport.
func (n *natsLanes) Consume(ctx context.Context, consumer int, lanes []Lane, serve Serve) {
	from := lanes[0] // none stands by: a death is not noticed
	n.addSharer(from, 1)
	defer n.addSharer(from, -1)
	for n.AwaitUp(ctx) == nil {
		err := n.consumeOnce(ctx, consumer, from, serve)
		if ctx.Err() != nil {
			return
		}
		if errors.Is(err, ErrKilled) {
			_ = n.opt.Env.Clock.Sleep(ctx, n.opt.RestartAfter) // AwaitUp looks at ctx
			continue
		}
		n.events.ConsumerDown(consumer, cmp.Or(err, errLeft))
		pause(ctx, redialAfter)
	}
}

func (n *natsLanes) addSharer(l Lane, more int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.sharers[l.Number] += more
}

// consumeOnce serves on one connection and returns why it ended. When the connection
// breaks the consumer keeps what it has, and acknowledges it on the next one.
func (n *natsLanes) consumeOnce(ctx context.Context, consumer int, from Lane, serve Serve) error {
	ctx, end := context.WithCancel(ctx)
	conn, err := nats.Connect(ctx, nats.Options{
		URL: n.opt.URL, Name: n.opt.named(fmt.Sprintf("consumer-%d", consumer)), Again: true,
		Lost: func(err error) {
			defer n.opt.Env.Contain() // the client calls
			if ctx.Err() == nil {
				n.events.ConsumerDown(consumer, err)
			}
		},
		Back: func() {
			defer n.opt.Env.Contain()
			n.events.ConsumerUp(consumer)
		},
	})
	if err != nil {
		end()
		return err
	}
	stream := n.streamOn(conn)
	p := &natsPull{opt: n.opt, conn: conn, stream: stream, lane: from, open: map[uint64]natsOrder{}, slots: make(chan struct{}, n.opt.Prefetch),
		unacked: func() int { return n.unacked(from) }, deadLetter: func(m natsOrder) error { return n.deadLetter(ctx, stream, m) }}
	if err := p.declare(ctx); err != nil {
		end()
		conn.Close()
		return err
	}
	n.events.ConsumerUp(consumer)
	in, wait := p.start(ctx)
	defer func() { // also if serve panics
		end()
		wait()
		conn.Close()
	}()
	return serve(ctx, in)
}

// deadLetter copies an order to the dead letters, within the time that the broker waits for a
// sign of the consumer.
func (n *natsLanes) deadLetter(ctx context.Context, s *nats.Stream, m natsOrder) error {
	ctx, cancel := context.WithTimeout(ctx, nats.AckWait)
	defer cancel()
	if err := s.DeadLetter(ctx, m.order.UserName(), m.order.ID(), m.Data()); err != nil {
		return err
	}
	n.events.DeadLettered(m.order)
	return nil
}

// natsPull is one consumer's requests for orders of its lane. A request is for as many as
// the consumer has room for, so that no more than prefetch of them are unacknowledged.
type natsPull struct {
	opt        Options
	conn       *nats.Conn
	stream     *nats.Stream
	lane       Lane
	unacked    func() int            // how many orders of the lane may be
	deadLetter func(natsOrder) error // copies an order to the dead letters

	consumer jetstream.Consumer
	slots    chan struct{} // one is taken by each order that is not settled, or was asked for

	mu   sync.Mutex
	open map[uint64]natsOrder
	last uint64
}

// natsOrder is an order as it was delivered.
type natsOrder struct {
	jetstream.Msg
	order Order
}

// declare makes sure that the broker has the lane's consumer, with the bound that fits
// the consumers that share it now.
func (p *natsPull) declare(ctx context.Context) error {
	c, err := p.stream.Consumer(ctx, p.lane.Partition(), p.unacked())
	if err == nil {
		p.consumer = c
	}
	return err
}

// start lets orders come until ctx ends or the connection closes. wait returns when the
// goroutines have ended.
func (p *natsPull) start(ctx context.Context) (in <-chan Delivery, wait func()) {
	out := make(chan Delivery, feedBuffer)
	var tasks sync.WaitGroup
	tasks.Go(p.opt.Env.Guarded(func() { kit.Every(ctx, nats.Heartbeat, p.beat) }))
	tasks.Go(p.opt.Env.Guarded(func() {
		defer close(out)
		p.feed(ctx, out)
	}))
	return out, tasks.Wait
}

// beat reports that the consumer works on what it has, or hangs with it, but lives:
// otherwise the broker gives it to others after nats.AckWait.
func (p *natsPull) beat() {
	p.mu.Lock()
	held := slices.Collect(maps.Values(p.open))
	p.mu.Unlock()
	for _, m := range held {
		_ = m.InProgress() // it fails where the order was settled meanwhile
	}
}

// feed asks for orders again and again. While the broker is away it waits: the broker
// keeps what the consumer has for nats.AckWait.
func (p *natsPull) feed(ctx context.Context, out chan<- Delivery) {
	for ctx.Err() == nil {
		connected, closed := p.conn.Connected()
		if closed {
			return
		}
		if !connected {
			pause(ctx, natsFetchPoll)
			continue
		}
		if err := p.fetch(ctx, out); err != nil && ctx.Err() == nil {
			pause(ctx, natsFetchPoll)
			_ = p.declare(ctx) // the broker may have lost the consumer; if it fails, so does the next request
		}
	}
}

// fetch asks for as many orders as there is room for, and passes on what comes.
func (p *natsPull) fetch(ctx context.Context, out chan<- Delivery) error {
	room := p.claim(ctx)
	if room == 0 {
		return ctx.Err()
	}
	wait, cancel := context.WithTimeout(ctx, natsFetchWait)
	defer cancel()
	batch, err := p.consumer.Fetch(room, jetstream.FetchContext(wait), jetstream.FetchHeartbeat(natsFetchBeat))
	if err != nil {
		p.release(room)
		return fmt.Errorf("asking for orders of lane %d: %w", p.lane.Number, err)
	}
	for m := range batch.Messages() {
		room--
		if d, ok := p.take(m); ok {
			select {
			case out <- d:
			case <-ctx.Done():
			}
		}
	}
	p.release(room)
	if err := batch.Error(); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("waiting for orders of lane %d: %w", p.lane.Number, err)
	}
	return nil
}

// claim takes the free slots, waiting for the first one, and returns how many; 0 when ctx
// has ended.
func (p *natsPull) claim(ctx context.Context) (n int) {
	select {
	case p.slots <- struct{}{}:
	case <-ctx.Done():
		return 0
	}
	for n = 1; ; n++ {
		select {
		case p.slots <- struct{}{}:
		default:
			return n
		}
	}
}

func (p *natsPull) release(n int) {
	for range n {
		<-p.slots
	}
}

// take returns a message as a delivery, which has one of the slots. What is no order of
// this run is taken out of the lane.
func (p *natsPull) take(m jetstream.Msg) (d Delivery, ok bool) {
	o, err := decode(m.Data())
	if err != nil || o.User >= p.opt.Users {
		_ = m.Term() // if it fails, it comes again
		p.release(1)
		return d, false
	}
	about, err := m.Metadata()
	again := err == nil && about.NumDelivered > 1
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last++
	p.open[p.last] = natsOrder{m, o}
	return Delivery{Order: o, Lane: p.lane, Redelivered: again, settler: p, tag: p.last}, true
}
