package broker

// An Outcome is the result of a publish.
type Outcome struct {
	Unroutable bool // no queue accepted it; return it if it was mandatory
	Refused    bool // a queue is full: confirm it negatively
	// Wait is closed once the publisher may go on; nil if it may at once.
	Wait <-chan struct{}
	// Behind is closed once the consumers of a queue that accepted it have caught
	// up; nil if none is behind. Waiting for it is optional and keeps latency low.
	Behind <-chan struct{}
}

// Publish routes a message to its queues, in a transaction at the commit.
func (c *Channel) Publish(m *Message, mandatory bool) (Outcome, error) {
	v := c.vhost
	m, err := c.replies.address(m)
	if err != nil {
		return Outcome{}, err
	}
	if isReply(m) {
		return Outcome{Unroutable: v.broker.Version().returnsReplies, Wait: v.repliers.deliver(m)}, nil
	}
	v.mu.RLock()
	var queues []*queue
	x, err := v.publishable(m.Exchange)
	if err == nil {
		queues = c.routing.route(v, x, m)
	}
	v.mu.RUnlock()
	if err != nil {
		return Outcome{}, err
	}
	defer c.routing.forget()
	if c.mode == txMode {
		return Outcome{}, c.tx.publish(m, mandatory, queues)
	}
	return c.enqueue(m, queues), nil
}

// MayPublish returns an error if clients may not publish to an exchange, because it
// does not exist or is internal.
func (c *Channel) MayPublish(exchange string) error {
	c.vhost.mu.RLock()
	defer c.vhost.mu.RUnlock()
	_, err := c.vhost.publishable(exchange)
	return err
}

// publishable returns the exchange if clients may publish to it.
func (v *vhost) publishable(name string) (*exchange, error) {
	x := v.exchanges[name]
	if x == nil {
		return nil, v.exchangeNamed(name).missing()
	}
	if x.internal {
		return nil, Refuse(AccessRefused, "cannot publish to internal %s", x.resource)
	}
	return x, nil
}

// enqueue offers a message to the queues it was routed to.
func (c *Channel) enqueue(m *Message, queues []*queue) Outcome {
	out := Outcome{Unroutable: len(queues) == 0}
	m = m.WithoutBCC()
	for _, q := range queues {
		accept, behind := q.push(m)
		out.Refused = out.Refused || accept == refused
		if behind != nil {
			out.Behind = behind
		}
		if w := q.store.memory.wait(); w != nil {
			out.Wait = w
		}
	}
	if w := c.vhost.broker.memory.wait(); w != nil {
		out.Wait = w
	}
	return out
}

// routeByName routes a message to the exchange it names, which may be internal. It
// returns nil if there is none.
func (r *routing) routeByName(v *vhost, m *Message) []*queue {
	v.mu.RLock()
	defer v.mu.RUnlock()
	x := v.exchanges[m.Exchange]
	if x == nil {
		return nil
	}
	return r.route(v, x, m)
}
