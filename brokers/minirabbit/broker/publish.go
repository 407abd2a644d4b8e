package broker

// An Outcome is what became of a publishing.
type Outcome struct {
	Unroutable bool // no queue took it; return it if it was mandatory
	Refused    bool // a queue is full: confirm it negatively
	// Wait is closed once the publisher may go on; nil if it may at once.
	Wait <-chan struct{}
	// Behind is closed once the consumers of a queue that took it have caught
	// up; nil if none lags. Waiting for it is polite, and keeps latency low.
	Behind <-chan struct{}
}

// Publish routes a message; in a transaction the queues that it goes to get it
// at the commit.
func (c *Channel) Publish(m *Message, mandatory bool) (Outcome, error) {
	v := c.vhost
	m, err := c.addressed(m)
	if err != nil {
		return Outcome{}, err
	}
	if known, wait := v.reply(m); known {
		return Outcome{Unroutable: true, Wait: wait}, nil // no queue took it, which is all that counts
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
		return Outcome{}, c.collect(m, mandatory, queues)
	}
	return c.enqueue(m, queues), nil
}

// MayPublish says whether clients may publish to an exchange: there must be one
// of that name, and it must not be internal.
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
		if w := q.memory.wait(); w != nil {
			out.Wait = w
		}
	}
	if w := c.vhost.broker.memory.wait(); w != nil {
		out.Wait = w
	}
	return out
}

// routeByName routes a message to the exchange it names, whatever that is;
// none is fine.
func (r *routing) routeByName(v *vhost, m *Message) []*queue {
	v.mu.RLock()
	defer v.mu.RUnlock()
	x := v.exchanges[m.Exchange]
	if x == nil {
		return nil
	}
	return r.route(v, x, m)
}
