package broker

import (
	"sync"
	"sync/atomic"
)

// A Peer carries what a channel has for its client. Its methods may be called
// from any goroutine, must not wait and must not call back.
type Peer interface {
	// Deliver sends a message to a consumer.
	Deliver(consumerTag string, deliveryTag uint64, redelivered bool, m *Message)
	// Cancelled says that the broker ended a subscription.
	Cancelled(consumerTag string)
	// Congested says that too much waits to be sent already. After it said so
	// the peer calls Channel.Resume as soon as that has changed.
	Congested() bool
	// Room returns a channel that is closed once the client has read most of
	// what waits for it; nil while that is little.
	Room() <-chan struct{}
}

// A Channel is where a client's methods are carried out. Its methods are for
// one goroutine, but for Resume.
type Channel struct {
	conn  *Connection
	vhost *vhost
	peer  Peer

	prefetch  int    // for consumers to come
	lastQueue string // the queue declared last, which "" means
	replyKey  string // where direct replies go; "" while none are awaited
	replyTag  string // the tag of their consumer
	mode      mode
	tx        transaction
	routing   routing
	settled   []delivered // scratch space of Ack and its like
	arriving  int64       // bytes of a message that is not complete

	// The prefetch limit for all consumers together; 0 is none.
	limit    atomic.Int64
	inFlight atomic.Int64
	starved  atomic.Bool // a consumer was refused a place

	mu        sync.Mutex
	consumers map[string]*consumer
	lastTag   uint64
	unacked   ledger
}

// A mode is what a channel was switched to; it cannot be switched back.
type mode int

const (
	plainMode mode = iota
	confirmMode
	txMode
)

// Close ends the channel: its consumers go, what they did not acknowledge
// returns to its queues, and an open transaction is forgotten.
func (c *Channel) Close() {
	c.forgetReplies()
	closeTogether(map[*Channel]struct{}{c: {}})
	delete(c.conn.channels, c)
}

// Arriving counts bytes of a message that is not complete yet as the broker's
// memory, until Arrived.
func (c *Channel) Arriving(bytes int) error {
	if err := c.vhost.broker.memory.take(int64(bytes)); err != nil {
		return err
	}
	c.arriving += int64(bytes)
	return nil
}

// Arrived says that the message is complete, or never will be.
func (c *Channel) Arrived() {
	if c.arriving > 0 {
		c.vhost.broker.memory.add(-c.arriving)
		c.arriving = 0
	}
}

// Confirming says whether publishings are numbered and confirmed.
func (c *Channel) Confirming() bool { return c.mode == confirmMode }

// SelectConfirm switches to publisher confirms.
func (c *Channel) SelectConfirm() error {
	if c.mode == txMode {
		return Refuse(PreconditionFailed, "cannot switch from tx to confirm mode")
	}
	c.mode = confirmMode
	return nil
}

// Qos limits the unacknowledged deliveries (0 is no limit) of every consumer to
// come, or with global of all the channel's consumers together. As in RabbitMQ
// the first lifts a limit of the second kind.
func (c *Channel) Qos(prefetchSize uint32, count int, global bool) error {
	if prefetchSize != 0 {
		return Refuse(NotImplemented, "prefetch_size!=0 (%d)", prefetchSize)
	}
	if global {
		c.limit.Store(int64(count))
	} else {
		c.prefetch = count
		c.limit.Store(0)
	}
	c.Resume()
	return nil
}

// reserve takes a place under the limit for all consumers.
func (c *Channel) reserve() bool {
	for {
		n, limit := c.inFlight.Load(), c.limit.Load()
		if limit > 0 && n >= limit {
			c.starved.Store(true)
			return false
		}
		if c.inFlight.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

// unreserve gives places back; consumers of any queue may use them.
func (c *Channel) unreserve(n int) {
	c.inFlight.Add(-int64(n))
	if c.starved.Swap(false) {
		c.Resume()
	}
}

func (c *Channel) congested() bool { return c.peer.Congested() }

// Resume offers messages to consumers that could not take any. It may be
// called from any goroutine.
func (c *Channel) Resume() {
	c.mu.Lock()
	waiting := make([]*consumer, 0, len(c.consumers))
	for _, s := range c.consumers {
		waiting = append(waiting, s)
	}
	c.mu.Unlock()
	for _, s := range waiting {
		s.queue.wake(s)
	}
}

// deliver hands an entry to the client. The queue's lock is held.
func (c *Channel) deliver(s *consumer, e entry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lastTag++
	if !s.noAck {
		c.unacked.add(delivered{tag: c.lastTag, entry: e, queue: s.queue, consumer: s})
	}
	c.peer.Deliver(s.tag, c.lastTag, e.redelivered, s.queue.outgoing(e, false))
}
