package broker

// settle is called for deliveries of this queue that the client acknowledged.
func (q *queue) ack(ds []delivered) {
	q.mu.Lock()
	defer q.release()
	for i := range ds {
		q.returned(&ds[i])
		q.free(ds[i].entry)
	}
	q.counts.Acked += uint64(len(ds))
	q.dispatch()
}

// discard drops deliveries that the client rejected; they become dead letters.
func (q *queue) discard(ds []delivered) {
	q.mu.Lock()
	defer q.release()
	for i := range ds {
		q.returned(&ds[i])
		q.bury(ds[i].entry, diedRejected)
		q.free(ds[i].entry)
	}
	q.dispatch()
}

// requeue puts deliveries back to their original places. With a delivery limit
// a quorum queue buries those that came back too often; without one it appends
// them, as RabbitMQ 3 does.
func (q *queue) requeue(ds []delivered) {
	q.mu.Lock()
	defer q.release()
	for i := range ds {
		q.returned(&ds[i])
		if q.deleted {
			q.free(ds[i].entry)
			continue
		}
		q.putBack(ds[i].entry)
	}
	q.dispatch()
	q.dropOverflow()
}

func (q *queue) putBack(e entry) {
	e.redelivered = true
	e.returns++
	if q.limits.kind != quorum {
		q.ready.putBack(e)
		return
	}
	switch limit := q.limits.deliveryLimit; {
	case limit == unlimited:
		q.lastPos++
		e.pos = q.lastPos
		q.ready.add(e)
	case int64(e.returns) > limit:
		q.bury(e, diedDeliveryLimit)
		q.free(e)
	default:
		q.ready.putBack(e)
	}
}

// returned notes that a delivery is with its consumer no more.
func (q *queue) returned(d *delivered) {
	q.unacked--
	if c := d.consumer; c != nil {
		c.inFlight--
		q.consumers.wake(c)
	}
}

// wake lets a consumer try again that could not take a message before.
func (q *queue) wake(c *consumer) {
	q.mu.Lock()
	defer q.release()
	if q.consumers.wake(c) {
		q.dispatch()
	}
}

// subscribe adds a consumer; it gets nothing before start.
func (q *queue) subscribe(c *consumer) error {
	q.mu.Lock()
	defer q.release()
	if q.deleted {
		return q.missing()
	}
	if held := q.consumers.all; len(held) > 0 && (c.exclusive || held[0].exclusive) || c.exclusive && q.limits.single {
		return Refuse(AccessRefused, "%s in exclusive use", q.resource)
	}
	q.touch()
	q.consumers.add(c)
	return nil
}

// start lets deliveries to a new consumer begin.
func (q *queue) start(c *consumer) {
	q.mu.Lock()
	defer q.release()
	c.started = true
	if q.consumers.wake(c) {
		q.dispatch()
	}
}

// unsubscribe removes a consumer. It reports whether the queue should now be
// deleted because it was the last one of an auto-delete queue.
func (q *queue) unsubscribe(c *consumer) (orphaned bool) {
	q.mu.Lock()
	defer q.release()
	if c.gone {
		return false
	}
	q.consumers.remove(c)
	q.touch()
	q.dispatch()
	return q.autoDelete && len(q.consumers.all) == 0
}

// cancelAll takes the consumers away, for a queue that is deleted or a server
// that wants them gone.
func (q *queue) cancelAll() []*consumer {
	all := q.consumers.all
	for _, c := range all {
		c.gone = true
	}
	q.consumers = consumers{sac: q.limits.single}
	return all
}
