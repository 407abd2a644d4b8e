package broker

// closeTogether closes channels at once. A queue removes all their consumers before
// it takes back what they left unacknowledged, so that no remaining consumer
// receives a later message first.
func closeTogether(channels map[*Channel]struct{}) {
	leaving := map[*queue][]*consumer{}
	for c := range channels {
		for _, s := range c.deliveries.removeConsumers() {
			leaving[s.queue] = append(leaving[s.queue], s)
		}
	}
	for q, gone := range leaving {
		q.halt(gone)
	}
	for c := range channels {
		c.rollback()
		c.Arrived()
		byQueue(c.deliveries.takeAll(), abandon)
	}
	for q := range leaving {
		if q.resume() {
			q.vhost.deleteOrphan(q)
		}
	}
}
