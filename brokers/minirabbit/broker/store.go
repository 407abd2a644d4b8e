package broker

import "time"

// A store keeps a queue's messages and accounts for their memory. The queue's lock
// guards it.
type store struct {
	limits  queueLimits
	quorum  *quorumRules
	clock   Clock
	ready   readyList
	unacked int
	lastPos uint64
	memory  budget  // bytes of ready and unacknowledged messages
	total   *budget // of all queues
	counts  QueueCounts
}

func newStore(l queueLimits, b *Broker) store {
	return store{
		limits: l,
		quorum: &b.Version().quorum,
		clock:  b.options.Clock,
		ready:  newReadyList(l.priorities),
		memory: budget{limit: b.options.QueueLimitBytes},
		total:  &b.memory,
	}
}

// take accounts for a message that arrives and returns its entry, which is not
// ready yet.
func (s *store) take(m *Message) entry {
	s.counts.Published++
	s.hold(m.size())
	return entry{msg: m, pos: s.nextPos(), expires: s.expiresAt(m)}
}

func (s *store) nextPos() uint64 {
	s.lastPos++
	return s.lastPos
}

// delivered accounts for an entry that was taken from the ready list.
func (s *store) delivered(e entry, noAck bool) {
	s.counts.Delivered++
	if e.redelivered() {
		s.counts.Redelivered++
	}
	if noAck {
		s.free(e)
	} else {
		s.unacked++
	}
}

// putBack returns an entry to its original place in a classic queue. A quorum queue
// puts it before what was never delivered, or appends it if a client gives it back
// and there is no delivery limit. It does not take back an entry that exceeds the
// limit.
func (s *store) putBack(e entry, why returnReason) (ok bool) {
	e.returns++
	if why != givenBack {
		e.failures++
	}
	if s.limits.kind != quorum {
		s.ready.putBack(e)
		return true
	}
	count := e.returns
	if s.quorum.failures {
		count = e.failures
	}
	if exceeds(int64(count), s.limits.deliveryLimit) {
		return false
	}
	e.pos = s.nextPos()
	if s.limits.deliveryLimit == unlimited && s.quorum.appends(why) {
		s.ready.add(e)
	} else {
		s.ready.putFirst(e)
	}
	return true
}

// clear drops all ready messages and returns how many there were.
func (s *store) clear() int {
	n := s.ready.len()
	s.hold(-s.ready.size)
	s.ready = newReadyList(s.limits.priorities)
	return n
}

// keepPersistent drops the ready messages that do not survive a restart.
func (s *store) keepPersistent() {
	old := s.ready
	s.clear()
	for old.len() > 0 {
		if e := old.pop(); e.msg.persistent || s.limits.kind == quorum {
			s.hold(e.msg.size())
			e.pos = s.nextPos()
			s.ready.add(e)
		}
	}
}

// hold adds bytes to the memory that messages take; negative ones are given back.
func (s *store) hold(bytes int64) {
	s.memory.add(bytes)
	s.total.add(bytes)
}

// free gives back the memory of an entry that leaves the queue.
func (s *store) free(e entry) { s.hold(-e.msg.size()) }

// rejects reports whether a message would exceed the limits of a queue that
// rejects publishes instead of dropping its oldest messages.
func (s *store) rejects(m *Message) bool {
	if s.limits.overflow == dropHead {
		return false
	}
	return exceeds(int64(s.ready.len())+1, s.limits.maxLength) ||
		exceeds(s.ready.body+int64(len(m.Body)), s.limits.maxBytes)
}

// overflows reports whether the oldest message has to be dropped.
func (s *store) overflows() bool {
	return s.limits.overflow == dropHead && s.ready.len() > 0 &&
		(exceeds(int64(s.ready.len()), s.limits.maxLength) || exceeds(s.ready.body, s.limits.maxBytes))
}

func exceeds(n, limit int64) bool { return limit != unlimited && n > limit }

// expiresOnArrival is the expiry of a message with a time to live of 0, long ago:
// it can only be delivered at the moment it arrives.
const expiresOnArrival = 1

// expiresAt returns when a message that arrives now expires, in nanoseconds since
// 1970: the earlier of the message's and the queue's time to live. 0 is never.
func (s *store) expiresAt(m *Message) int64 {
	ttl := s.limits.ttl
	if m.expiration >= 0 && (ttl == unlimited || m.expiration < ttl) {
		ttl = m.expiration
	}
	switch ttl {
	case unlimited:
		return 0
	case 0:
		return expiresOnArrival
	}
	return s.now() + ttl*int64(time.Millisecond)
}

func (s *store) now() int64 { return s.clock.Now().UnixNano() }
