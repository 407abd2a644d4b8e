package broker

// acknowledge settles deliveries that the client acknowledged.
func acknowledge(q *queue, ds []delivered) {
	q.mu.Lock()
	defer q.release()
	for i := range ds {
		q.settled(&ds[i])
		q.store.free(ds[i].entry)
	}
	q.store.counts.Acked += uint64(len(ds))
	q.ackWaits.notify(q.store.counts.Acked)
	q.dispatch()
}

// discard drops deliveries that the client rejected; they become dead letters.
func discard(q *queue, ds []delivered) {
	q.mu.Lock()
	defer q.release()
	for i := range ds {
		q.settled(&ds[i])
		q.addDeadLetter(ds[i].entry.msg, diedRejected)
		q.store.free(ds[i].entry)
	}
	q.dispatch()
}

// A returnReason is why a delivery returns to its queue.
type returnReason int

const (
	givenBack returnReason = iota // basic.nack or basic.recover
	rejected                      // basic.reject
	abandoned                     // the channel closed
)

func giveBack(q *queue, ds []delivered)   { takeBack(q, ds, givenBack) }
func rejectBack(q *queue, ds []delivered) { takeBack(q, ds, rejected) }
func abandon(q *queue, ds []delivered)    { takeBack(q, ds, abandoned) }

// takeBack returns deliveries to the ready list. Those that exceed the delivery
// limit become dead letters.
func takeBack(q *queue, ds []delivered, why returnReason) {
	q.mu.Lock()
	defer q.release()
	for i := range ds {
		q.settled(&ds[i])
		if q.deleted {
			q.store.free(ds[i].entry)
			continue
		}
		if !q.store.putBack(ds[i].entry, why) {
			q.addDeadLetter(ds[i].entry.msg, diedDeliveryLimit)
			q.store.free(ds[i].entry)
		}
	}
	q.dispatch()
	q.dropOverflow()
}

// settled accounts for a delivery that its consumer no longer holds.
func (q *queue) settled(d *delivered) {
	q.store.unacked--
	if c := d.consumer; c != nil {
		c.inFlight--
		q.consumers.wake(c)
	}
}

// wake retries a consumer that could not take a message before. With start it lets
// deliveries to a new consumer begin.
func (q *queue) wake(c *consumer, start bool) {
	q.mu.Lock()
	defer q.release()
	c.started = c.started || start
	if q.consumers.wake(c) {
		q.dispatch()
	}
}

// subscribe adds a consumer, which receives nothing before it is started.
func (q *queue) subscribe(c *consumer) error {
	q.mu.Lock()
	defer q.release()
	if q.deleted {
		return q.missing()
	}
	if others := q.consumers.all; len(others) > 0 && (c.exclusive || others[0].exclusive) || c.exclusive && q.limits.single {
		return Refuse(AccessRefused, "%s in exclusive use", q.resource)
	}
	q.idle.touch(&q.store)
	q.consumers.add(c)
	return nil
}

// unsubscribe removes a consumer. It reports whether the queue must be deleted
// because it was the last consumer of an auto-delete queue.
func (q *queue) unsubscribe(c *consumer) (orphaned bool) {
	q.mu.Lock()
	defer q.release()
	if c.gone {
		return false
	}
	q.consumers.remove(c)
	q.idle.touch(&q.store)
	q.dispatch()
	return q.autoDelete && len(q.consumers.all) == 0
}

// cancelConsumers removes all consumers and returns them.
func (q *queue) cancelConsumers() []*consumer {
	q.mu.Lock()
	defer q.release()
	return q.consumers.cancelAll()
}

// halt removes consumers and stops deliveries until resume is called.
func (q *queue) halt(gone []*consumer) {
	q.mu.Lock()
	defer q.release()
	q.halted++
	for _, c := range gone {
		if !c.gone {
			q.consumers.remove(c)
		}
	}
}

// resume undoes halt. It reports whether an auto-delete queue is left without
// consumers.
func (q *queue) resume() (orphaned bool) {
	q.mu.Lock()
	defer q.release()
	q.halted--
	q.idle.touch(&q.store)
	q.dispatch()
	return q.autoDelete && len(q.consumers.all) == 0
}
