package broker

// closeTogether ends channels as one. A queue learns at one moment that their
// consumers are gone and what they leave unacknowledged, so nobody who stays
// is served a later message before that.
func closeTogether(channels map[*Channel]struct{}) {
	leaving := map[*queue][]*consumer{}
	for c := range channels {
		for _, s := range c.dropConsumers() {
			leaving[s.queue] = append(leaving[s.queue], s)
		}
	}
	for q, gone := range leaving {
		q.detach(gone)
	}
	for c := range channels {
		c.rollback()
		c.Arrived()
		c.mu.Lock()
		left := c.unacked.takeAll(nil)
		c.mu.Unlock()
		byQueue(left, (*queue).requeue)
	}
	for q := range leaving {
		if q.detached() {
			q.vhost.deleteOrphan(q)
		}
	}
}

func (c *Channel) dropConsumers() []*consumer {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := make([]*consumer, 0, len(c.consumers))
	for _, s := range c.consumers {
		all = append(all, s)
	}
	clear(c.consumers)
	return all
}

// detach removes consumers and stops deliveries until detached is called.
func (q *queue) detach(gone []*consumer) {
	q.mu.Lock()
	defer q.release()
	q.halted++
	for _, c := range gone {
		if !c.gone {
			q.consumers.remove(c)
		}
	}
}

// detached lets deliveries go on. It reports whether an auto-delete queue is
// left without consumers.
func (q *queue) detached() (orphaned bool) {
	q.mu.Lock()
	defer q.release()
	q.halted--
	q.touch()
	q.dispatch()
	return q.autoDelete && len(q.consumers.all) == 0
}
