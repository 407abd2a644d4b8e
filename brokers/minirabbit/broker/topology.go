package broker

import "strings"

// A Topology declares, binds and deletes for one channel. Its methods must be called
// by one goroutine.
type Topology struct {
	conn      *Connection
	vhost     *vhost
	lastQueue string // the queue declared last, which "" stands for
}

// withoutBreaks removes line breaks from a name. RabbitMQ does that where
// something is declared, bound or deleted, but not where it is used.
func withoutBreaks(name string) string {
	if !strings.ContainsAny(name, "\r\n") {
		return name
	}
	return strings.NewReplacer("\r", "", "\n", "").Replace(name)
}

// DeclareExchange makes an exchange, or checks that the existing one is the same.
func (t *Topology) DeclareExchange(s ExchangeSpec) error {
	s.Name = withoutBreaks(s.Name)
	return t.vhost.declareExchange(s)
}

// FindExchange is a passive declaration: it checks that an exchange exists.
func (t *Topology) FindExchange(name string) error {
	return t.vhost.findExchange(withoutBreaks(name))
}

// DeleteExchange deletes an exchange. It does nothing if there is none.
func (t *Topology) DeleteExchange(name string, ifUnused bool) error {
	return t.vhost.deleteExchange(withoutBreaks(name), ifUnused)
}

// DeclareQueue makes a queue, or checks that the existing one is the same.
func (t *Topology) DeclareQueue(s QueueSpec) (QueueInfo, error) {
	if isReplyTo(s.Name) {
		return t.vhost.repliers.queue(t.vhost, s.Name)
	}
	s.Name = withoutBreaks(s.Name)
	info, err := t.vhost.declareQueue(s, t.conn)
	if err == nil {
		t.lastQueue = info.Name
	}
	return info, err
}

// FindQueue is a passive declaration: it checks that a queue exists.
func (t *Topology) FindQueue(name string) (QueueInfo, error) {
	if isReplyTo(name) {
		return t.vhost.repliers.queue(t.vhost, name)
	}
	// Here an empty name does not stand for the queue declared last.
	q, err := t.vhost.findQueue(withoutBreaks(name), t.conn)
	if err != nil {
		return QueueInfo{}, err
	}
	t.lastQueue = q.name
	return q.info(), nil
}

// DeleteQueue deletes a queue and returns how many messages were ready in it. It
// does nothing if there is no such queue.
func (t *Topology) DeleteQueue(name string, ifUnused, ifEmpty bool) (int, error) {
	name, err := t.queueName(name)
	if err != nil {
		return 0, err
	}
	return t.vhost.deleteNamed(withoutBreaks(name), ifUnused, ifEmpty, t.conn)
}

// PurgeQueue drops the ready messages of a queue and returns how many there were.
func (t *Topology) PurgeQueue(name string) (int, error) {
	q, err := t.findQueue(name)
	if err != nil {
		return 0, err
	}
	return q.purge(), nil
}

// Bind makes a binding. It does nothing if the binding exists.
func (t *Topology) Bind(s BindSpec) error {
	s, err := t.complete(s)
	if err != nil {
		return err
	}
	return t.vhost.bind(s, t.conn)
}

// Unbind removes a binding. It does nothing if there is none.
func (t *Topology) Unbind(s BindSpec) error {
	s, err := t.complete(s)
	if err != nil {
		return err
	}
	return t.vhost.unbind(s, t.conn)
}

// complete replaces an empty queue name by the queue declared last, and an empty
// key beside it too.
func (t *Topology) complete(s BindSpec) (BindSpec, error) {
	s.Source, s.Destination = withoutBreaks(s.Source), withoutBreaks(s.Destination)
	if s.ToExchange {
		return s, nil
	}
	name, err := t.queueName(s.Destination)
	if s.Destination == "" && s.Key == "" {
		s.Key = name
	}
	s.Destination = name
	return s, err
}

func (t *Topology) queueName(name string) (string, error) {
	if name != "" {
		return name, nil
	}
	if t.lastQueue == "" {
		return "", Refuse(NotFound, "no previously declared queue")
	}
	return t.lastQueue, nil
}

func (t *Topology) findQueue(name string) (*queue, error) {
	name, err := t.queueName(name)
	if err != nil {
		return nil, err
	}
	return t.vhost.findQueue(name, t.conn)
}
