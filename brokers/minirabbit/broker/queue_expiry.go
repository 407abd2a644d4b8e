package broker

import "time"

// An expiryTimer fires when the first message of a queue expires.
type expiryTimer struct {
	timer *timer
	at    int64 // nanoseconds since 1970; 0 while the timer is not set
}

// An idleTimer fires when a queue may not have been used for its x-expires.
type idleTimer struct {
	timer    *timer
	lastUsed int64 // nanoseconds since 1970
}

// dropOverflow drops the oldest messages while there are too many.
func (q *queue) dropOverflow() {
	for q.store.overflows() {
		e := q.store.ready.pop()
		q.addDeadLetter(e.msg, diedMaxLength)
		q.store.free(e)
	}
}

// dropExpired drops expired messages at the front. Like RabbitMQ it does not look
// behind the first one that has not expired, whatever its priority.
func (q *queue) dropExpired() {
	for e := q.store.ready.peek(); e != nil && e.expires != 0; e = q.store.ready.peek() {
		if q.store.now() < e.expires {
			return
		}
		expired := q.store.ready.pop()
		q.store.counts.Expired++
		q.addDeadLetter(expired.msg, diedExpired)
		q.store.free(expired)
	}
}

// arm sets the timer for the message at the front of the queue, whose lock is held.
func (t *expiryTimer) arm(q *queue) {
	first := q.store.ready.peek()
	if first == nil || first.expires == 0 || (t.at != 0 && t.at <= first.expires) {
		return // a timer that fires too early is set again
	}
	t.timer.cancel()
	t.at = first.expires
	t.timer = q.broker.timers.after(time.Duration(t.at-q.store.now()), q.onExpiry)
}

func (q *queue) onExpiry() {
	q.mu.Lock()
	defer q.release()
	q.expiry.at = 0
	q.dropExpired()
	q.expiry.arm(q)
}

// touch records that the queue is used, if it has x-expires.
func (t *idleTimer) touch(s *store) {
	if s.limits.expires != unlimited {
		t.lastUsed = s.now()
	}
}

// onIdle deletes the queue if it was not used for x-expires, and otherwise sets
// the timer again.
func (q *queue) onIdle() {
	q.mu.Lock()
	left := q.idleLimit() - time.Duration(q.store.now()-q.idle.lastUsed)
	if len(q.consumers.all) > 0 {
		left = q.idleLimit()
	}
	expired := left <= 0
	if !expired && !q.deleted {
		q.idle.timer = q.broker.timers.after(left, q.onIdle)
	}
	q.release()
	if expired {
		_, _ = q.vhost.deleteQueue(q, nil) // without a condition it does not fail
	}
}
