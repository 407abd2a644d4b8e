package broker

// A routing finds the queues of a message through exchanges that are bound to each
// other. It visits every exchange and returns every queue once. It is reused for
// other messages, so that it rarely allocates.
type routing struct {
	vhost   *vhost
	message *Message
	queues  []*queue
	found   []destination       // scratch space
	inside  map[*queue]struct{} // queues, once there are many of them
	passed  map[*exchange]struct{}
	pending []*exchange
}

// route returns the queues of a message that is published to an exchange. The caller
// holds at least the read lock of v.mu. The result is valid until the next call.
func (r *routing) route(v *vhost, x *exchange, m *Message) []*queue {
	r.forget()
	if x.name == "" && m.copies == nil {
		if q := v.queues[m.RoutingKey]; q != nil {
			r.queues = append(r.queues, q)
		}
		return r.queues
	}
	r.vhost, r.message = v, m
	r.through(x)
	for len(r.pending) > 0 {
		next := r.pending[0]
		r.pending = r.pending[1:]
		r.through(next)
	}
	return r.queues
}

// forget prepares the routing for another message and drops references to queues,
// which may be deleted.
func (r *routing) forget() {
	clear(r.queues)
	clear(r.found)
	*r = routing{queues: r.queues[:0], found: r.found[:0]}
}

func (r *routing) through(x *exchange) {
	to := r.found[:0]
	to = r.from(x, r.message.RoutingKey, to)
	if x.kind != consistentHash && x.kind != modulusHash { // they route once, whatever CC and BCC are
		for _, key := range r.message.copies {
			to = r.from(x, key, to)
		}
	}
	for _, d := range to {
		if d.queue != nil {
			r.addQueue(d.queue)
		} else {
			r.addExchange(x, d.exchange)
		}
	}
	r.found = to
	if alternate := r.vhost.exchanges[x.alternate]; len(to) == 0 && x.alternate != "" && alternate != nil {
		r.addExchange(x, alternate)
	}
}

func (r *routing) from(x *exchange, key string, to []destination) []destination {
	if x.name != "" {
		return x.router.route(key, r.message, to)
	}
	if q := r.vhost.queues[key]; q != nil {
		to = append(to, destination{queue: q})
	}
	return to
}

// manyQueues is the number of queues from which a set is faster than the list.
const manyQueues = 16

func (r *routing) addQueue(q *queue) {
	if r.inside == nil {
		for _, o := range r.queues {
			if o == q {
				return
			}
		}
		if len(r.queues) == manyQueues {
			r.inside = map[*queue]struct{}{}
			for _, o := range r.queues {
				r.inside[o] = struct{}{}
			}
		}
	}
	if r.inside != nil {
		if _, ok := r.inside[q]; ok {
			return
		}
		r.inside[q] = struct{}{}
	}
	r.queues = append(r.queues, q)
}

func (r *routing) addExchange(from, x *exchange) {
	if r.passed == nil {
		r.passed = map[*exchange]struct{}{}
	}
	r.passed[from] = struct{}{}
	if _, ok := r.passed[x]; !ok {
		r.passed[x] = struct{}{}
		r.pending = append(r.pending, x)
	}
}
