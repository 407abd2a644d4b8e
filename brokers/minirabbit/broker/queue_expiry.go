package broker

import "time"

// mustRefuse says whether a message would exceed the limits of a queue that
// refuses instead of dropping.
func (q *queue) mustRefuse(m *Message) bool {
	if q.limits.overflow == dropHead {
		return false
	}
	return exceeds(int64(q.ready.len())+1, q.limits.maxLength) ||
		exceeds(q.ready.body+int64(len(m.Body)), q.limits.maxBytes)
}

func exceeds(n, limit int64) bool { return limit != unlimited && n > limit }

// dropOverflow drops the oldest messages while there are too many.
func (q *queue) dropOverflow() {
	if q.limits.overflow != dropHead {
		return
	}
	for q.ready.len() > 0 &&
		(exceeds(int64(q.ready.len()), q.limits.maxLength) || exceeds(q.ready.body, q.limits.maxBytes)) {
		e := q.ready.pop()
		q.bury(e, diedMaxLength)
		q.free(e)
	}
}

// nowOrNever is when a message ends whose time to live is 0: long ago. It can
// only be delivered at the moment it arrives.
const nowOrNever = 1

// expiresAt is when a message that arrives now ends: the sooner of its own and
// the queue's time to live.
func (q *queue) expiresAt(m *Message) int64 {
	ttl := q.limits.ttl
	if m.expiration >= 0 && (ttl == unlimited || m.expiration < ttl) {
		ttl = m.expiration
	}
	switch ttl {
	case unlimited:
		return 0
	case 0:
		return nowOrNever
	}
	return q.now() + ttl*int64(time.Millisecond)
}

func (q *queue) now() int64 { return q.broker.options.Clock.Now().UnixNano() }

// dropExpired drops messages at the front whose time is over; like RabbitMQ
// it does not look behind the first that still lives, whatever its priority.
func (q *queue) dropExpired() {
	for e := q.ready.peek(); e != nil && e.expires != 0; e = q.ready.peek() {
		if q.now() < e.expires {
			return
		}
		expired := q.ready.pop()
		q.counts.Expired++
		q.bury(expired, diedExpired)
		q.free(expired)
	}
}

// armExpiry sets the timer for the message in front.
func (q *queue) armExpiry() {
	var first int64
	if e := q.ready.peek(); e != nil {
		first = e.expires
	}
	if first == 0 || q.deleted || (q.expiryAt != 0 && q.expiryAt <= first) {
		return // a timer that is too early just looks again
	}
	q.expiry.cancel()
	q.expiryAt = first
	q.expiry = q.broker.timers.after(time.Duration(first-q.now()), q.onExpiry)
}

func (q *queue) onExpiry() {
	q.mu.Lock()
	defer q.release()
	q.expiryAt = 0
	q.dropExpired()
	q.armExpiry()
}

// touch notes that the queue was used, which starts x-expires anew.
func (q *queue) touch() {
	if q.limits.expires == unlimited || q.deleted {
		return
	}
	q.lastUsed = q.now()
	if q.idle == nil {
		q.idle = q.broker.timers.after(q.expiresAfter(), q.onIdle)
	}
}

func (q *queue) expiresAfter() time.Duration {
	return time.Duration(q.limits.expires) * time.Millisecond
}

// onIdle deletes the queue when nobody used it for x-expires, else it looks
// again later.
func (q *queue) onIdle() {
	q.mu.Lock()
	left := q.expiresAfter() - time.Duration(q.now()-q.lastUsed)
	if len(q.consumers.all) > 0 {
		left = q.expiresAfter()
	}
	expired := left <= 0
	if !expired && !q.deleted {
		q.idle = q.broker.timers.after(left, q.onIdle)
	}
	q.release()
	if expired {
		q.vhost.deleteQueue(q, nil)
	}
}
