package broker

// A transaction collects what a channel in tx mode does until it is committed.
type transaction struct {
	publishings []publishing
	settlements []heldSettlement
	memory      *budget // the broker's, which counts the messages
	size        int64   // bytes of the messages
}

type publishing struct {
	message   *Message
	mandatory bool
	queues    []string // names: until the commit a queue may be deleted and declared again
}

// A heldSettlement is removed from the unacknowledged deliveries but not yet settled
// with its queues.
type heldSettlement struct {
	deliveries []delivered
	how        settlement
}

// publish keeps a message for the commit.
func (t *transaction) publish(m *Message, mandatory bool, queues []*queue) error {
	if err := t.memory.take(m.size()); err != nil {
		return err
	}
	t.size += m.size()
	p := publishing{message: m, mandatory: mandatory}
	for _, q := range queues {
		p.queues = append(p.queues, q.name)
	}
	t.publishings = append(t.publishings, p)
	return nil
}

// settle keeps deliveries for the commit.
func (t *transaction) settle(ds []delivered, how settlement) {
	t.settlements = append(t.settlements, heldSettlement{append([]delivered(nil), ds...), how})
}

// end begins the next transaction and returns the previous one.
func (t *transaction) end() transaction {
	previous := *t
	*t = transaction{memory: t.memory}
	t.memory.add(-previous.size)
	return previous
}

// SelectTx switches to transactions.
func (c *Channel) SelectTx() error {
	if c.mode == confirmMode {
		return Refuse(PreconditionFailed, "cannot switch from confirm to tx mode")
	}
	c.mode = txMode
	return nil
}

// Commit carries out the transaction. It calls unroutable for each mandatory message
// that no queue accepted. If a full queue refuses a message, Commit does the rest
// and returns an error.
func (c *Channel) Commit(unroutable func(*Message)) (Outcome, error) {
	if err := c.inTx(); err != nil {
		return Outcome{}, err
	}
	t := c.tx.end()
	var all Outcome
	for _, p := range t.publishings {
		out := c.enqueue(p.message, c.vhost.queuesNamed(p.queues))
		if out.Unroutable && p.mandatory {
			unroutable(p.message)
		}
		all.Refused = all.Refused || out.Refused
		if out.Wait != nil {
			all.Wait = out.Wait
		}
	}
	for _, s := range t.settlements {
		c.carryOut(s.deliveries, s.how)
	}
	if all.Refused {
		return all, Refuse(PreconditionFailed, "partial tx completion")
	}
	return all, nil
}

// Rollback drops the messages and makes the settled deliveries unacknowledged again.
func (c *Channel) Rollback() error {
	if err := c.inTx(); err != nil {
		return err
	}
	c.rollback()
	return nil
}

func (c *Channel) rollback() {
	for _, s := range c.tx.end().settlements {
		c.deliveries.putBack(s.deliveries)
	}
}

func (c *Channel) inTx() error {
	if c.mode != txMode {
		return Refuse(PreconditionFailed, "channel is not transactional")
	}
	return nil
}
