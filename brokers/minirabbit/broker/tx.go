package broker

// A transaction collects what a channel in tx mode does until it is committed.
type transaction struct {
	publishings []publishing
	settlements []settled
	size        int64 // bytes of the messages, which count as the broker's
}

type publishing struct {
	message   *Message
	mandatory bool
	queues    []string // by their names: one may go, and another one come, before the commit
}

// A settled group of deliveries is out of the ledger, but its queues do not
// know yet.
type settled struct {
	deliveries []delivered
	how        settlement
}

// collect keeps a publishing for the commit.
func (c *Channel) collect(m *Message, mandatory bool, queues []*queue) error {
	if err := c.vhost.broker.memory.take(m.size()); err != nil {
		return err
	}
	c.tx.size += m.size()
	p := publishing{message: m, mandatory: mandatory}
	for _, q := range queues {
		p.queues = append(p.queues, q.name)
	}
	c.tx.publishings = append(c.tx.publishings, p)
	return nil
}

// endTx begins the next transaction and returns the one before.
func (c *Channel) endTx() transaction {
	t := c.tx
	c.tx = transaction{}
	c.vhost.broker.memory.add(-t.size)
	return t
}

func (t *transaction) settle(ds []delivered, how settlement) {
	t.settlements = append(t.settlements, settled{append([]delivered(nil), ds...), how})
}

// SelectTx switches to transactions.
func (c *Channel) SelectTx() error {
	if c.mode == confirmMode {
		return Refuse(PreconditionFailed, "cannot switch from confirm to tx mode")
	}
	c.mode = txMode
	return nil
}

// Commit carries out what was collected. For every mandatory publishing
// that no queue took it calls unroutable. If a full queue refused a message it
// fails, and yet the rest is done.
func (c *Channel) Commit(unroutable func(*Message)) (Outcome, error) {
	if err := c.inTx(); err != nil {
		return Outcome{}, err
	}
	t := c.endTx()
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

// Rollback forgets the publishings; what was settled is unsettled again.
func (c *Channel) Rollback() error {
	if err := c.inTx(); err != nil {
		return err
	}
	c.rollback()
	return nil
}

func (c *Channel) rollback() {
	t := c.endTx()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range t.settlements {
		c.unacked.putBack(s.deliveries)
	}
}

func (c *Channel) inTx() error {
	if c.mode != txMode {
		return Refuse(PreconditionFailed, "channel is not transactional")
	}
	return nil
}
