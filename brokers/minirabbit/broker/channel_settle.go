package broker

// A settlement is what a client does with a delivery.
type settlement func(q *queue, ds []delivered)

// Ack acknowledges a delivery, or with multiple all up to it (tag 0: all).
func (c *Channel) Ack(tag uint64, multiple bool) error {
	return c.settle(tag, multiple, (*queue).ack)
}

// Nack rejects a delivery, or with multiple all up to it. They return to their
// places in the queues or are dropped, which makes dead letters of them where
// the queue says so.
func (c *Channel) Nack(tag uint64, multiple, requeue bool) error {
	if requeue {
		return c.settle(tag, multiple, (*queue).requeue)
	}
	return c.settle(tag, multiple, (*queue).discard)
}

// Recover returns everything unacknowledged to its queues.
func (c *Channel) Recover(requeue bool) error {
	if !requeue {
		return Refuse(NotImplemented, "requeue=false")
	}
	return c.settle(0, true, (*queue).requeue)
}

// settle takes deliveries out of the ledger and settles them, at once or when
// the transaction is committed.
func (c *Channel) settle(tag uint64, multiple bool, how settlement) error {
	ds, err := c.take(tag, multiple)
	if err != nil {
		return err
	}
	if c.mode == txMode {
		c.tx.settle(ds, how)
	} else {
		c.carryOut(ds, how)
	}
	clear(ds)
	return nil
}

// take returns scratch space of the channel.
func (c *Channel) take(tag uint64, multiple bool) ([]delivered, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	ds, ok := c.settled[:0], true
	switch {
	case multiple && tag == 0:
		ds = c.unacked.takeAll(ds)
	case multiple:
		ds, ok = c.unacked.takeThrough(tag, ds)
	default:
		var d delivered
		d, ok = c.unacked.take(tag)
		ds = append(ds, d)
	}
	if !ok {
		return nil, Refuse(PreconditionFailed, "unknown delivery tag %d", tag)
	}
	if cap(ds) <= maxScratch {
		c.settled = ds
	}
	return ds, nil
}

// maxScratch is the most entries of scratch space that a channel keeps.
const maxScratch = 1024

// carryOut settles deliveries with their queues.
func (c *Channel) carryOut(ds []delivered, how settlement) {
	consumed := 0
	for i := range ds {
		if ds[i].consumer != nil {
			consumed++
		}
	}
	byQueue(ds, how)
	c.unreserve(consumed)
}

// byQueue calls how once for each queue, with the queue's deliveries in order.
func byQueue(ds []delivered, how settlement) {
	if len(ds) == 0 {
		return
	}
	if first := ds[0].queue; !mixed(ds) {
		how(first, ds)
		return
	}
	groups := map[*queue][]delivered{}
	var order []*queue
	for _, d := range ds {
		if groups[d.queue] == nil {
			order = append(order, d.queue)
		}
		groups[d.queue] = append(groups[d.queue], d)
	}
	for _, q := range order {
		how(q, groups[q])
	}
}

func mixed(ds []delivered) bool {
	for i := range ds {
		if ds[i].queue != ds[0].queue {
			return true
		}
	}
	return false
}
