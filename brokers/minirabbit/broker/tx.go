package broker

// A transaction collects what a channel in tx mode does until it is committed.
type transaction struct {
	publishings []publishing
	settlements []settled
}

type publishing struct {
	message   *Message
	mandatory bool
}

// A settled group of deliveries is out of the ledger, but its queues do not
// know yet.
type settled struct {
	deliveries []delivered
	how        settlement
}

func (t *transaction) publish(m *Message, mandatory bool) {
	t.publishings = append(t.publishings, publishing{m, mandatory})
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
// that no queue took it calls unroutable.
func (c *Channel) Commit(unroutable func(*Message)) (Outcome, error) {
	if err := c.inTx(); err != nil {
		return Outcome{}, err
	}
	t := c.tx
	c.tx = transaction{}
	var all Outcome
	for _, p := range t.publishings {
		out := c.enqueue(p.message, c.routing.routeByName(c.vhost, p.message))
		if out.Unroutable && p.mandatory {
			unroutable(p.message)
		}
		if out.Wait != nil {
			all.Wait = out.Wait
		}
	}
	for _, s := range t.settlements {
		c.carryOut(s.deliveries, s.how)
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
	t := c.tx
	c.tx = transaction{}
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
