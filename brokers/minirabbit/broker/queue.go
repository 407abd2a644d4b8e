package broker

import (
	"sync"

	"resilab/brokers/minirabbit/codec"
)

// A queue holds messages until consumers settle them. Its methods lock it and
// end with release, which also sends away what became a dead letter.
type queue struct {
	resource
	broker     *Broker
	vhost      *vhost
	durable    bool
	autoDelete bool
	owner      *Connection // exclusive to it; nil when it is not
	args       codec.Table
	limits     queueLimits

	bindings map[*binding]struct{} // guarded by vhost.mu

	mu        sync.Mutex
	deleted   bool
	ready     readyList
	unacked   int
	lastPos   uint64
	consumers consumers
	halted    int    // while positive nothing is delivered
	memory    budget // bytes of ready and unacknowledged messages
	line      budget // messages that are ready, after the last dispatch
	dead      deque[deadLetter]
	draining  bool   // somebody forwards the dead letters
	expiry    *timer // for the first message's time to live
	expiryAt  int64
	idle      *timer // for x-expires
	lastUsed  int64
	counts    QueueCounts
	rates     rateMeter
}

func newQueue(v *vhost, spec QueueSpec, l queueLimits, owner *Connection) *queue {
	q := &queue{
		resource:   resource{"queue", spec.Name, v.name},
		broker:     v.broker,
		vhost:      v,
		durable:    spec.Durable,
		autoDelete: spec.AutoDelete,
		owner:      owner,
		args:       spec.Arguments,
		limits:     l,
		bindings:   map[*binding]struct{}{},
		ready:      newReadyList(l.priorities),
		consumers:  consumers{sac: l.single},
		memory:     budget{limit: v.broker.options.QueueLimitBytes},
		line:       budget{limit: lagging},
		rates:      newRateMeter(v.broker.options.Clock.Now()),
	}
	q.touch()
	return q
}

// accept is what became of a message offered to a queue.
type accept int

const (
	accepted accept = iota
	refused         // the queue is full and says so to the publisher
	dropped         // the queue is gone
)

// push appends a message and delivers what can be delivered. If there are
// consumers and they lag, behind is closed once they have caught up.
func (q *queue) push(m *Message) (a accept, behind <-chan struct{}) {
	q.mu.Lock()
	defer q.release()
	return q.insert(m)
}

// insert is push for who holds the lock.
func (q *queue) insert(m *Message) (a accept, behind <-chan struct{}) {
	if q.deleted {
		return dropped, nil
	}
	if q.mustRefuse(m) {
		if q.limits.overflow == rejectPublishDLX {
			q.bury(entry{msg: m}, diedMaxLength)
		}
		return refused, nil
	}
	q.counts.Published++
	q.hold(m.size())
	q.lastPos++
	e := entry{msg: m, pos: q.lastPos, expires: q.expiresAt(m)}
	if e.expires == nowOrNever && q.ready.len() == 0 && q.halted == 0 {
		if c := q.consumers.next(); c != nil {
			q.deliver(c, e)
			return accepted, nil
		}
	}
	q.ready.add(e)
	q.dispatch()
	q.dropOverflow()
	if len(q.consumers.all) > 0 {
		behind = q.line.wait()
	}
	return accepted, behind
}

// dispatch gives messages to consumers while there are both.
func (q *queue) dispatch() {
	for {
		q.dropExpired()
		if q.ready.len() == 0 || q.deleted || q.halted > 0 {
			break
		}
		c := q.consumers.next()
		if c == nil {
			break
		}
		q.deliver(c, q.ready.pop())
	}
	q.line.set(int64(q.ready.len()))
	q.armExpiry()
}

// lagging is how many messages wait in a queue whose consumers are behind.
const lagging = 100

func (q *queue) deliver(c *consumer, e entry) {
	q.countDelivery(e, c.noAck)
	if !c.noAck {
		c.inFlight++
	}
	c.channel.deliver(c, e)
}

// outgoing is an entry's message as clients get it: a quorum queue tells how
// often it was delivered before. That it was not is told only where it is fetched.
func (q *queue) outgoing(e entry, fetched bool) *Message {
	if q.limits.kind != quorum || e.returns == 0 && !fetched {
		return e.msg
	}
	p, headers := e.msg.decode()
	p.Present |= codec.HasHeaders
	p.Headers = headers.With("x-delivery-count", int64(e.returns)).Encode()
	return e.msg.rewrite(e.msg.Exchange, e.msg.RoutingKey, &p)
}

// countDelivery notes that an entry leaves the ready list.
func (q *queue) countDelivery(e entry, noAck bool) {
	q.counts.Delivered++
	if e.redelivered {
		q.counts.Redelivered++
	}
	if noAck {
		q.free(e)
	} else {
		q.unacked++
	}
}

// get takes one message for basic.get; left is how many wait after it.
func (q *queue) get(noAck bool) (e entry, left int, ok bool) {
	q.mu.Lock()
	defer q.release()
	q.touch()
	q.dropExpired()
	if q.deleted || q.ready.len() == 0 {
		return entry{}, 0, false
	}
	e = q.ready.pop()
	q.countDelivery(e, noAck)
	q.dropExpired()
	q.armExpiry()
	return e, q.ready.len(), true
}

// purge drops every message that waits.
func (q *queue) purge() int {
	q.mu.Lock()
	defer q.release()
	n := q.ready.len()
	q.drain()
	return n
}

// drain empties the ready list without dead-lettering.
func (q *queue) drain() {
	freed := q.ready.size
	q.ready = newReadyList(q.limits.priorities)
	q.hold(-freed)
}

// hold counts memory taken (or given back) by messages.
func (q *queue) hold(bytes int64) {
	q.memory.add(bytes)
	q.broker.memory.add(bytes)
}

// free gives back what a message took that leaves the broker.
func (q *queue) free(e entry) { q.hold(-e.msg.size()) }

// release unlocks the queue and then forwards the dead letters that were
// collected under the lock. One goroutine at a time forwards those of a queue, so
// they keep their order; whoever comes meanwhile leaves its own to that one.
func (q *queue) release() {
	mine := q.claimDead()
	q.mu.Unlock()
	if mine {
		q.vhost.forwardAll(q)
	}
}

// depth returns how many messages wait and how many consumers there are.
func (q *queue) depth() (ready, consumers int) {
	q.mu.Lock()
	defer q.release()
	q.touch()
	q.dropExpired()
	return q.ready.len(), len(q.consumers.all)
}
