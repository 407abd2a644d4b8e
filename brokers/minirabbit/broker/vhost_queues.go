package broker

import (
	"crypto/rand"
	"encoding/base64"

	"resilab/brokers/minirabbit/codec"
)

// A QueueSpec is what queue.declare asks for. An empty name asks for one that
// the broker makes up.
type QueueSpec struct {
	Name                           string
	Durable, Exclusive, AutoDelete bool
	Arguments                      codec.Table
}

// A QueueInfo is the answer to a declaration.
type QueueInfo struct {
	Name      string
	Messages  int // that wait for a consumer
	Consumers int
}

// declareQueue makes a queue, or checks that the one there is the same.
func (v *vhost) declareQueue(s QueueSpec, c *Connection) (QueueInfo, error) {
	s.Durable = s.Durable && !s.Exclusive // an exclusive queue goes with its connection
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
	limits, err := parseArguments(v.queueNamed(s.Name), s.Arguments)
	if err == nil && limits.kind == quorum {
		err = checkQuorum(v.queueNamed(s.Name), s)
	}
	if err != nil {
		return nil, err
	}
	var owner *Connection
	if s.Exclusive {
		owner = c
	}
	q := newQueue(v, s, limits, owner)
	v.queues[s.Name] = q
	if owner != nil {
		owner.own(q)
	}
	return q, nil
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

// unique returns 22 characters nobody used before.
func unique() string {
	var b [16]byte
	rand.Read(b[:]) //nolint:errcheck // never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// same checks a re-declaration.
func (q *queue) same(s QueueSpec, c *Connection) error {
	var owner *Connection
	if s.Exclusive {
		owner = c
	}
	if q.owner != owner {
		return q.locked()
	}
	if err := q.sameField("durable", q.durable, s.Durable); err != nil {
		return err
	}
	if err := q.sameField("auto_delete", q.autoDelete, s.AutoDelete); err != nil {
		return err
	}
	for _, name := range queueArguments[q.limits.kind] {
		if name == "x-queue-type" && kindOf(q.args) == kindOf(s.Arguments) {
			continue // whether it was said or not
		}
		if err := q.sameArgument(name, q.args, s.Arguments); err != nil {
			return err
		}
	}
	return nil
}

func (q *queue) info() QueueInfo {
	ready, consumers := q.depth()
	return QueueInfo{q.name, ready, consumers}
}

// accessibleTo refuses queues that are exclusive to another connection.
func (q *queue) accessibleTo(c *Connection) error {
	if q.owner != nil && q.owner != c {
		return q.locked()
	}
	return nil
}

// findQueue returns a queue that the connection may use.
func (v *vhost) findQueue(name string, c *Connection) (*queue, error) {
	q := v.queue(name)
	if q == nil {
		return nil, v.queueNamed(name).missing()
	}
	return q, q.accessibleTo(c)
}

// deleteNamed deletes a queue if its state allows it; one that does not exist
// is fine. It returns how many messages went with it.
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
		case ifEmpty && q.ready.len() > 0:
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

// deleteOrphan deletes an auto-delete queue unless a consumer came meanwhile.
func (v *vhost) deleteOrphan(q *queue) {
	_, _ = v.deleteQueue(q, func() error {
		if len(q.consumers.all) > 0 {
			return q.missing() // any error keeps it
		}
		return nil
	})
}

// deleteQueue deletes a queue unless allowed, which is asked under the queue's
// lock and may be nil, gives a reason not to. Its consumers are told.
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

// removeQueue takes a queue out, with its bindings and messages; nothing is
// dead-lettered. The caller holds the lock of the virtual host.
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
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.deleted {
		return 0, nil
	}
	q.deleted = true
	messages = q.ready.len()
	q.drain()
	q.expiry.cancel()
	q.idle.cancel()
	q.memory.release()
	q.line.release()
	return messages, q.cancelAll()
}
