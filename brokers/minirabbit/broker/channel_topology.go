package broker

import "strings"

// withoutBreaks removes line breaks from a name. RabbitMQ does that where
// something is declared, bound or deleted, but not where it is used.
func withoutBreaks(name string) string {
	if !strings.ContainsAny(name, "\r\n") {
		return name
	}
	return strings.NewReplacer("\r", "", "\n", "").Replace(name)
}

// DeclareExchange makes an exchange or checks that it is as asked.
func (c *Channel) DeclareExchange(s ExchangeSpec) error {
	s.Name = withoutBreaks(s.Name)
	return c.vhost.declareExchange(s)
}

// FindExchange checks that an exchange exists: a passive declaration.
func (c *Channel) FindExchange(name string) error {
	return c.vhost.findExchange(withoutBreaks(name))
}

// DeleteExchange deletes an exchange, which need not exist.
func (c *Channel) DeleteExchange(name string, ifUnused bool) error {
	return c.vhost.deleteExchange(withoutBreaks(name), ifUnused)
}

// DeclareQueue makes a queue or checks that it is as asked.
func (c *Channel) DeclareQueue(s QueueSpec) (QueueInfo, error) {
	if isReplyTo(s.Name) {
		return c.vhost.replyQueue(s.Name)
	}
	s.Name = withoutBreaks(s.Name)
	info, err := c.vhost.declareQueue(s, c.conn)
	if err == nil {
		c.lastQueue = info.Name
	}
	return info, err
}

// FindQueue checks that a queue exists: a passive declaration.
func (c *Channel) FindQueue(name string) (QueueInfo, error) {
	if isReplyTo(name) {
		return c.vhost.replyQueue(name)
	}
	// An empty name means no queue here, not the one declared last.
	q, err := c.vhost.findQueue(withoutBreaks(name), c.conn)
	if err != nil {
		return QueueInfo{}, err
	}
	c.lastQueue = q.name
	return q.info(), nil
}

// DeleteQueue deletes a queue, which need not exist, and returns how many
// messages waited in it.
func (c *Channel) DeleteQueue(name string, ifUnused, ifEmpty bool) (int, error) {
	name, err := c.queueName(name)
	if err != nil {
		return 0, err
	}
	return c.vhost.deleteNamed(withoutBreaks(name), ifUnused, ifEmpty, c.conn)
}

// PurgeQueue drops the messages that wait and returns how many.
func (c *Channel) PurgeQueue(name string) (int, error) {
	q, err := c.findQueue(name)
	if err != nil {
		return 0, err
	}
	return q.purge(), nil
}

// Bind makes a binding; one that exists is fine.
func (c *Channel) Bind(s BindSpec) error {
	s, err := c.complete(s)
	if err != nil {
		return err
	}
	return c.vhost.bind(s, c.conn)
}

// Unbind removes a binding, which need not exist.
func (c *Channel) Unbind(s BindSpec) error {
	s, err := c.complete(s)
	if err != nil {
		return err
	}
	return c.vhost.unbind(s, c.conn)
}

// complete fills in the queue declared last where the name is empty, and as
// the key too where that is empty as well.
func (c *Channel) complete(s BindSpec) (BindSpec, error) {
	s.Source, s.Destination = withoutBreaks(s.Source), withoutBreaks(s.Destination)
	if s.ToExchange {
		return s, nil
	}
	name, err := c.queueName(s.Destination)
	if s.Destination == "" && s.Key == "" {
		s.Key = name
	}
	s.Destination = name
	return s, err
}

func (c *Channel) queueName(name string) (string, error) {
	if name != "" {
		return name, nil
	}
	if c.lastQueue == "" {
		return "", Refuse(NotFound, "no previously declared queue")
	}
	return c.lastQueue, nil
}

func (c *Channel) findQueue(name string) (*queue, error) {
	name, err := c.queueName(name)
	if err != nil {
		return nil, err
	}
	return c.vhost.findQueue(name, c.conn)
}
