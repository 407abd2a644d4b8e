package broker

import (
	"crypto/rand"
	"encoding/base64"

	"resilab/brokers/minirabbit/codec"
)

// A QueueSpec holds the arguments of queue.declare. For an empty name the broker
// generates one.
type QueueSpec struct {
	Name                           string
	Durable, Exclusive, AutoDelete bool
	Arguments                      codec.Table
}

// A QueueInfo is the answer to a declaration.
type QueueInfo struct {
	Name      string
	Messages  int // ready for delivery
	Consumers int
}

// declareQueue makes a queue, or checks that the existing one is the same.
func (v *vhost) declareQueue(s QueueSpec, c *Connection) (QueueInfo, error) {
	s.Durable = s.Durable && !s.Exclusive // an exclusive queue is deleted with its connection
	if s.Name == "" {
		s.Name = "amq.gen-" + unique()
	} else if err := checkName("queue", s.Name); err != nil {
		return QueueInfo{}, err
	}
	q, err := v.obtainQueue(s, c)
	if err != nil {
		return QueueInfo{}, err
	}
	return q.info(), nil
}

func (v *vhost) obtainQueue(s QueueSpec, c *Connection) (*queue, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if q := v.queues[s.Name]; q != nil {
		return q, q.same(s, c)
	}
	version := v.broker.Version()
	limits, err := parseArguments(version, v.queueNamed(s.Name), s.Arguments)
	if err == nil {
		err = checkDeprecated(&version.queues, limits.kind, s)
	}
	if err == nil && limits.kind == quorum {
		err = checkQuorum(v.queueNamed(s.Name), s)
	}
	if err != nil {
		return nil, err
	}
	q := newQueue(v, definition{
		resource:   v.queueNamed(s.Name),
		durable:    s.Durable,
		autoDelete: s.AutoDelete,
		owner:      s.owner(c),
		args:       s.Arguments,
		limits:     limits,
		version:    version,
	})
	v.queues[s.Name] = q
	if q.owner != nil {
		q.owner.own(q)
	}
	return q, nil
}

// owner returns the connection to which the queue is exclusive, or nil.
func (s QueueSpec) owner(c *Connection) *Connection {
	if s.Exclusive {
		return c
	}
	return nil
}

// checkDeprecated refuses queues that need a deprecated feature.
func checkDeprecated(rules *queueRules, kind string, s QueueSpec) error {
	if !rules.transient && !s.Durable && !s.Exclusive {
		return notPermitted("transient_nonexcl_queues")
	}
	if _, ok := s.Arguments.Get("x-queue-master-locator"); ok && kind == classic && !rules.masterLocator {
		return notPermitted("queue_master_locator")
	}
	return nil
}

func checkQuorum(r resource, s QueueSpec) error {
	switch {
	case s.AutoDelete:
		return Refuse(PreconditionFailed, "invalid property 'auto-delete' for %s", r)
	case s.Exclusive:
		return Refuse(PreconditionFailed, "invalid property 'exclusive-owner' for %s", r)
	case !s.Durable:
		return Refuse(PreconditionFailed, "invalid property 'non-durable' for %s", r)
	}
	return nil
}

// unique returns 22 random characters.
func unique() string {
	var b [16]byte
	rand.Read(b[:]) //nolint:errcheck // never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// findQueue returns a queue that the connection may use.
func (v *vhost) findQueue(name string, c *Connection) (*queue, error) {
	q := v.queue(name)
	if q == nil {
		return nil, v.queueNamed(name).missing()
	}
	return q, q.accessibleTo(c)
}

// deleteNamed deletes a queue if its state allows it, and returns how many messages
// were ready in it. It does nothing if there is no such queue.
func (v *vhost) deleteNamed(name string, ifUnused, ifEmpty bool, c *Connection) (int, error) {
	q := v.queue(name)
	if q == nil {
		return 0, nil
	}
	if err := q.accessibleTo(c); err != nil {
		return 0, err
	}
	return v.deleteQueue(q, func() error {
		switch {
		case q.limits.kind == quorum && (ifUnused || ifEmpty):
			return Refuse(NotImplemented, "cannot delete %s. queue.delete operations with %s flag set are not supported by quorum queues", q.resource, flagName(ifUnused))
		case ifEmpty && q.store.ready.len() > 0:
			return Refuse(PreconditionFailed, "%s not empty", q.resource)
		case ifUnused && len(q.consumers.all) > 0:
			return Refuse(PreconditionFailed, "%s in use", q.resource)
		}
		return nil
	})
}

func flagName(ifUnused bool) string {
	if ifUnused {
		return "if-unused"
	}
	return "if-empty"
}

// deleteOrphan deletes an auto-delete queue unless it has a consumer again.
func (v *vhost) deleteOrphan(q *queue) {
	_, _ = v.deleteQueue(q, func() error {
		if len(q.consumers.all) > 0 {
			return q.missing() // any error keeps it
		}
		return nil
	})
}

// deleteQueue deletes a queue and cancels its consumers, unless allowed returns an
// error. allowed is called with the queue's lock held and may be nil.
func (v *vhost) deleteQueue(q *queue, allowed func() error) (int, error) {
	v.mu.Lock()
	n, gone, err := v.tryDelete(q, allowed)
	v.mu.Unlock()
	notifyCancelled(gone)
	return n, err
}

func (v *vhost) tryDelete(q *queue, allowed func() error) (n int, gone []*consumer, err error) {
	q.mu.Lock()
	if allowed != nil && !q.deleted {
		err = allowed()
	}
	q.mu.Unlock()
	if err != nil {
		return 0, nil, err
	}
	n, gone = v.removeQueue(q)
	return n, gone, nil
}

// removeQueue removes a queue with its bindings and messages. v.mu is held.
func (v *vhost) removeQueue(q *queue) (messages int, gone []*consumer) {
	for b := range q.bindings {
		v.unlink(b)
	}
	if v.queues[q.name] == q {
		delete(v.queues, q.name)
	}
	if q.owner != nil {
		q.owner.disown(q)
	}
	return q.remove()
}
