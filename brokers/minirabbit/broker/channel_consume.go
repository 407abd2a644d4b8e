package broker

import "resilab/brokers/minirabbit/codec"

// A ConsumeSpec is what basic.consume asks for. An empty tag asks for one that
// the broker makes up.
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
	} else if c.consumer(s.Tag) != nil || (c.replyKey != "" && s.Tag == c.replyTag) {
		return "", Refuse(NotAllowed, "attempt to reuse consumer tag '%s'", s.Tag)
	}
	if s.Queue == replyTo {
		return c.awaitReplies(s)
	}
	q, err := c.findQueue(s.Queue)
	if err != nil {
		return "", err
	}
	priority, err := consumerPriority(q, s.Arguments)
	if err != nil {
		return "", err
	}
	if q.limits.kind == quorum && c.limit.Load() > 0 {
		return "", Refuse(NotImplemented, "%s does not support global qos", q.resource)
	}
	sub := &consumer{
		tag: s.Tag, channel: c, queue: q,
		noAck: s.NoAck, exclusive: s.Exclusive, priority: priority, prefetch: c.prefetch,
	}
	if err := q.subscribe(sub); err != nil {
		return "", err
	}
	c.mu.Lock()
	c.consumers[s.Tag] = sub
	c.mu.Unlock()
	return s.Tag, nil
}

// Start lets deliveries to a new consumer begin.
func (c *Channel) Start(tag string) {
	if s := c.consumer(tag); s != nil {
		s.queue.start(s)
	}
}

// Cancel ends a subscription; what was delivered stays to be acknowledged. A
// tag that does not exist is fine.
func (c *Channel) Cancel(tag string) {
	if c.replyKey != "" && tag == c.replyTag {
		c.forgetReplies()
		return
	}
	s := c.consumer(tag)
	if s == nil {
		return
	}
	c.forget(s)
	if s.queue.unsubscribe(s) {
		c.vhost.deleteOrphan(s.queue)
	}
}

func (c *Channel) consumer(tag string) *consumer {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.consumers[tag]
}

// forget removes a consumer that has ended.
func (c *Channel) forget(s *consumer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.consumers[s.tag] == s {
		delete(c.consumers, s.tag)
	}
}

// A Delivery is the answer to basic.get.
type Delivery struct {
	Tag         uint64
	Redelivered bool
	Message     *Message
	Left        int // messages that still wait
}

// Get takes one message off a queue; ok is false when it has none.
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
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lastTag++
	if !noAck {
		c.unacked.add(delivered{tag: c.lastTag, entry: e, queue: q})
	}
	return Delivery{c.lastTag, e.redelivered, q.outgoing(e, true), left}, true, nil
}
