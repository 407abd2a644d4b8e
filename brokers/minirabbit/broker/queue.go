package broker

import "sync"

// A queue holds messages until consumers settle them. Its exported behaviour is in
// methods that lock it and end with release, which forwards dead letters.
type queue struct {
	definition
	broker *Broker
	vhost  *vhost

	bindings map[*binding]struct{} // guarded by vhost.mu

	mu        sync.Mutex
	deleted   bool
	store     store
	consumers consumers
	halted    int    // no deliveries while positive
	backlog   budget // ready messages after the last dispatch
	dead      deadLetters
	expiry    expiryTimer
	idle      idleTimer
	rates     rateMeter
	ackWaits  ackWaits
}

func newQueue(v *vhost, d definition) *queue {
	q := &queue{
		definition: d,
		broker:     v.broker,
		vhost:      v,
		bindings:   map[*binding]struct{}{},
		store:      newStore(d.limits, v.broker),
		consumers:  consumers{sac: d.limits.single},
		backlog:    budget{limit: backlogLimit},
		rates:      newRateMeter(v.broker.options.Clock.Now()),
	}
	if d.limits.expires != unlimited {
		q.idle.touch(&q.store)
		q.idle.timer = q.broker.timers.after(d.idleLimit(), q.onIdle)
	}
	return q
}

// backlogLimit is the number of ready messages above which the consumers of a
// queue count as behind.
const backlogLimit = 100

// accept is what a queue did with a message.
type accept int

const (
	accepted accept = iota
	refused         // the queue is full and rejects publishes
	dropped         // the queue is deleted
)

// push appends a message and delivers what can be delivered. If the queue's
// consumers are behind, the channel is closed once they have caught up.
func (q *queue) push(m *Message) (a accept, behind <-chan struct{}) {
	q.mu.Lock()
	defer q.release()
	return q.pushLocked(m)
}

// pushLocked is push with q.mu held.
func (q *queue) pushLocked(m *Message) (a accept, behind <-chan struct{}) {
	if q.deleted {
		return dropped, nil
	}
	if q.store.rejects(m) {
		if q.limits.overflow == rejectPublishDLX {
			q.addDeadLetter(m, diedMaxLength)
		}
		return refused, nil
	}
	e := q.store.take(m)
	if e.expires == expiresOnArrival && q.store.ready.len() == 0 && q.halted == 0 {
		if c := q.consumers.next(); c != nil {
			q.deliver(c, e)
			return accepted, nil
		}
	}
	q.store.ready.add(e)
	q.dispatch()
	q.dropOverflow()
	if len(q.consumers.all) > 0 {
		behind = q.backlog.wait()
	}
	return accepted, behind
}

// dispatch delivers ready messages while a consumer can take one. q.mu is held.
func (q *queue) dispatch() {
	for {
		q.dropExpired()
		if q.store.ready.len() == 0 || q.deleted || q.halted > 0 {
			break
		}
		c := q.consumers.next()
		if c == nil {
			break
		}
		q.deliver(c, q.store.ready.pop())
	}
	q.backlog.set(int64(q.store.ready.len()))
	q.expiry.arm(q)
}

func (q *queue) deliver(c *consumer, e entry) {
	q.store.delivered(e, c.noAck)
	if !c.noAck {
		c.inFlight++
	}
	c.channel.deliveries.deliver(c, e)
}

// get takes one message for basic.get. left is the number of messages that are
// still ready.
func (q *queue) get(noAck bool) (e entry, left int, ok bool) {
	q.mu.Lock()
	defer q.release()
	q.idle.touch(&q.store)
	q.dropExpired()
	if q.deleted || q.store.ready.len() == 0 {
		return entry{}, 0, false
	}
	e = q.store.ready.pop()
	q.store.delivered(e, noAck)
	q.dropExpired()
	q.expiry.arm(q)
	return e, q.store.ready.len(), true
}

// purge drops all ready messages and returns how many there were.
func (q *queue) purge() int {
	q.mu.Lock()
	defer q.release()
	return q.store.clear()
}

// release unlocks the queue and then forwards the dead letters that were added
// under the lock. Only one goroutine at a time forwards those of a queue, so that
// they keep their order.
func (q *queue) release() {
	claimed := q.dead.claim()
	q.mu.Unlock()
	if claimed {
		forwardAll(q)
	}
}

// info returns the answer to a declaration.
func (q *queue) info() QueueInfo {
	q.mu.Lock()
	defer q.release()
	q.idle.touch(&q.store)
	q.dropExpired()
	return QueueInfo{Name: q.name, Messages: q.store.ready.len(), Consumers: len(q.consumers.all)}
}

// keepPersistent drops the messages that do not survive a restart.
func (q *queue) keepPersistent() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.store.keepPersistent()
	q.expiry.arm(q)
}

// remove marks the queue as deleted and drops its ready messages and consumers,
// which it returns. Nothing is dead-lettered.
func (q *queue) remove() (messages int, cancelled []*consumer) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.deleted {
		return 0, nil
	}
	q.deleted = true
	messages = q.store.clear()
	q.expiry.timer.cancel()
	q.idle.timer.cancel()
	q.store.memory.release()
	q.backlog.release()
	return messages, q.consumers.cancelAll()
}
