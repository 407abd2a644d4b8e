package broker

// A settlement is how a client settles deliveries of a queue.
type settlement func(q *queue, ds []delivered)

// Ack acknowledges a delivery, or with multiple all up to it (tag 0: all).
func (c *Channel) Ack(tag uint64, multiple bool) error {
	return c.settle(tag, multiple, acknowledge)
}

// Nack rejects a delivery, or with multiple all up to it. With requeue they return
// to their queues; otherwise they are dropped or dead-lettered.
func (c *Channel) Nack(tag uint64, multiple, requeue bool) error {
	if requeue {
		return c.settle(tag, multiple, giveBack)
	}
	return c.settle(tag, multiple, discard)
}

// Reject rejects a delivery like Nack. Versions differ in whether the delivery limit
// of a quorum queue counts both.
func (c *Channel) Reject(tag uint64, requeue bool) error {
	if requeue {
		return c.settle(tag, false, rejectBack)
	}
	return c.settle(tag, false, discard)
}

// Recover returns all unacknowledged messages to their queues.
func (c *Channel) Recover(requeue bool) error {
	if !requeue {
		return Refuse(NotImplemented, "requeue=false")
	}
	return c.settle(0, true, giveBack)
}

// settle removes deliveries from the unacknowledged ones and settles them with
// their queues, at once or when the transaction is committed.
func (c *Channel) settle(tag uint64, multiple bool, how settlement) error {
	ds, err := c.deliveries.take(tag, multiple, c.settling[:0])
	if err != nil {
		return err
	}
	if cap(ds) <= maxScratch {
		c.settling = ds
	}
	if c.mode == txMode {
		c.tx.settle(ds, how)
	} else {
		c.carryOut(ds, how)
	}
	clear(ds)
	return nil
}

// maxScratch is the largest capacity of scratch space that a channel keeps.
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
	if c.window.release(consumed) {
		c.Resume()
	}
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
