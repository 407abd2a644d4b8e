package broker

// A Peer sends to a channel's client. Its methods may be called by any goroutine,
// must not wait and must not call the broker.
type Peer interface {
	// Deliver sends a message to a consumer.
	Deliver(consumerTag string, deliveryTag uint64, redelivered bool, m *Message)
	// Cancelled sends that the broker ended a subscription.
	Cancelled(consumerTag string)
	// Congested reports whether too many bytes wait to be sent. If so, the peer
	// calls Channel.Resume when that has changed.
	Congested() bool
	// Room returns a channel that is closed once the client has read most of
	// what waits for it, or nil if little waits.
	Room() <-chan struct{}
}

// A Channel carries out a client's methods. Its methods must be called by one
// goroutine, except Resume.
type Channel struct {
	Topology
	peer Peer

	mode       mode
	prefetch   int // for consumers that are added later
	replies    replyConsumer
	tx         transaction
	routing    routing
	settling   []delivered // scratch space of settle
	arriving   int64       // bytes of a message that is not complete
	window     window
	deliveries deliveries
}

// A mode is what a channel was switched to; it cannot be switched back.
type mode int

const (
	plainMode mode = iota
	confirmMode
	txMode
)

func newChannel(c *Connection, p Peer) *Channel {
	return &Channel{
		Topology:   Topology{conn: c, vhost: c.vhost},
		peer:       p,
		replies:    replyConsumer{repliers: &c.vhost.repliers},
		tx:         transaction{memory: &c.vhost.broker.memory},
		deliveries: deliveries{peer: p, consumers: map[string]*consumer{}},
	}
}

// Close closes the channel: its consumers end, unacknowledged messages return to
// their queues, and an open transaction is rolled back.
func (c *Channel) Close() {
	c.replies.end()
	closeTogether(map[*Channel]struct{}{c: {}})
	delete(c.conn.channels, c)
}

// Arriving adds bytes of a message that is not complete to the broker's memory
// until Arrived is called. It refuses them if there is no memory left.
func (c *Channel) Arriving(bytes int) error {
	if err := c.vhost.broker.memory.take(int64(bytes)); err != nil {
		return err
	}
	c.arriving += int64(bytes)
	return nil
}

// Arrived gives the memory of Arriving back, because the message is complete or
// never will be.
func (c *Channel) Arrived() {
	if c.arriving > 0 {
		c.vhost.broker.memory.add(-c.arriving)
		c.arriving = 0
	}
}

// Confirming reports whether publishes are numbered and confirmed.
func (c *Channel) Confirming() bool { return c.mode == confirmMode }

// SelectConfirm switches to publisher confirms.
func (c *Channel) SelectConfirm() error {
	if c.mode == txMode {
		return Refuse(PreconditionFailed, "cannot switch from tx to confirm mode")
	}
	c.mode = confirmMode
	return nil
}

// Qos limits the unacknowledged deliveries of each consumer that is added later,
// or with global of all the channel's consumers together; 0 is no limit. As in
// RabbitMQ the first lifts a limit of the second kind, and a version without
// global limits ignores global.
func (c *Channel) Qos(prefetchSize uint32, count int, global bool) error {
	if prefetchSize != 0 {
		return Refuse(NotImplemented, "prefetch_size!=0 (%d)", prefetchSize)
	}
	if global && c.vhost.broker.Version().globalQos {
		c.window.limit.Store(int64(count))
	} else {
		c.prefetch = count
		c.window.limit.Store(0)
	}
	c.Resume()
	return nil
}

// Resume offers messages to consumers that could not take any. It may be called by
// any goroutine.
func (c *Channel) Resume() {
	for _, s := range c.deliveries.allConsumers() {
		s.queue.wake(s, false)
	}
}
