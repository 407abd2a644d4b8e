package broker

import "sync"

// A Connection is one client's login to a virtual host: it owns channels and
// exclusive queues. Its channels are used by one goroutine.
type Connection struct {
	vhost *vhost
	user  string

	channels map[*Channel]struct{}

	mu        sync.Mutex
	exclusive map[*queue]struct{} // queues that go with the connection
}

// User is who logged in.
func (c *Connection) User() string { return c.user }

// VHost is the name of the virtual host.
func (c *Connection) VHost() string { return c.vhost.name }

// OpenChannel opens a channel whose deliveries the peer carries.
func (c *Connection) OpenChannel(p Peer) *Channel {
	ch := &Channel{conn: c, vhost: c.vhost, peer: p, consumers: map[string]*consumer{}}
	if c.channels == nil {
		c.channels = map[*Channel]struct{}{}
	}
	c.channels[ch] = struct{}{}
	return ch
}

// Close ends the connection: its exclusive queues go, and what its consumers
// did not acknowledge returns to the queues. No consumer of this connection is
// offered any of that.
func (c *Connection) Close() {
	for _, q := range c.owned() {
		c.vhost.mu.Lock()
		c.vhost.removeQueue(q) // its consumers are this client's own, which needs not be told
		c.vhost.mu.Unlock()
	}
	for ch := range c.channels {
		ch.forgetReplies()
	}
	closeTogether(c.channels)
	clear(c.channels)
}

func (c *Connection) own(q *queue) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.exclusive == nil {
		c.exclusive = map[*queue]struct{}{}
	}
	c.exclusive[q] = struct{}{}
}

func (c *Connection) disown(q *queue) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.exclusive, q)
}

func (c *Connection) owned() []*queue {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := make([]*queue, 0, len(c.exclusive))
	for q := range c.exclusive {
		all = append(all, q)
	}
	return all
}
