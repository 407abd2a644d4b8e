package broker

import "resilab/brokers/minirabbit/codec"

// A ConsumeSpec holds the arguments of basic.consume. For an empty tag the broker
// generates one.
type ConsumeSpec struct {
	Queue, Tag       string
	NoAck, Exclusive bool
	Arguments        codec.Table
}

// Consume subscribes to a queue and returns the consumer's tag. Nothing is
// delivered before Start is called with it.
func (c *Channel) Consume(s ConsumeSpec) (tag string, err error) {
	if s.Tag == "" {
		s.Tag = "amq.ctag-" + unique()
	} else if c.deliveries.consumer(s.Tag) != nil || c.replies.has(s.Tag) {
		return "", Refuse(NotAllowed, "attempt to reuse consumer tag '%s'", s.Tag)
	}
	if s.Queue == replyTo {
		return c.replies.begin(c, s)
	}
	q, err := c.findQueue(s.Queue)
	if err != nil {
		return "", err
	}
	priority, err := consumerPriority(q, s.Arguments)
	if err != nil {
		return "", err
	}
	if q.limits.kind == quorum && c.window.limit.Load() > 0 {
		return "", Refuse(NotImplemented, "%s does not support global qos", q.resource)
	}
	sub := &consumer{
		tag: s.Tag, channel: c, queue: q,
		noAck: s.NoAck, exclusive: s.Exclusive, priority: priority, prefetch: c.prefetch,
	}
	if err := q.subscribe(sub); err != nil {
		return "", err
	}
	c.deliveries.addConsumer(sub)
	return s.Tag, nil
}

// Start lets deliveries to a new consumer begin.
func (c *Channel) Start(tag string) {
	if s := c.deliveries.consumer(tag); s != nil {
		s.queue.wake(s, true)
	}
}

// Cancel ends a subscription. Deliveries to it can still be acknowledged. It does
// nothing if the tag does not exist.
func (c *Channel) Cancel(tag string) {
	if c.replies.has(tag) {
		c.replies.end()
		return
	}
	s := c.deliveries.consumer(tag)
	if s == nil {
		return
	}
	c.deliveries.removeConsumer(s)
	if s.queue.unsubscribe(s) {
		c.vhost.deleteOrphan(s.queue)
	}
}

// A Delivery is the answer to basic.get.
type Delivery struct {
	Tag         uint64
	Redelivered bool
	Message     *Message
	Left        int // messages that are still ready
}

// Get takes one message from a queue. ok is false if there is none.
func (c *Channel) Get(queueName string, noAck bool) (d Delivery, ok bool, err error) {
	q, err := c.findQueue(queueName)
	if err != nil {
		return d, false, err
	}
	if q.limits.kind == quorum && q.limits.single {
		return d, false, Refuse(ResourceLocked, "cannot obtain access to locked %s. basic.get operations are not supported by quorum queues with single active consumer", q.resource)
	}
	e, left, ok := q.get(noAck)
	if !ok {
		return d, false, nil
	}
	deliveryTag := c.deliveries.fetched(q, e, noAck)
	return Delivery{deliveryTag, e.redelivered(), q.outgoing(e, true), left}, true, nil
}
