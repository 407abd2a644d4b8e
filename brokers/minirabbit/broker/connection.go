package broker

import "sync"

// A Connection is one client's login to a virtual host. It owns channels and
// exclusive queues. Its channels must be used by one goroutine.
type Connection struct {
	vhost *vhost
	user  string

	channels map[*Channel]struct{}

	mu        sync.Mutex
	exclusive map[*queue]struct{} // queues that are deleted with the connection
}

// User returns the name of the user who logged in.
func (c *Connection) User() string { return c.user }

// VHost returns the name of the virtual host.
func (c *Connection) VHost() string { return c.vhost.name }

// OpenChannel opens a channel whose deliveries the peer sends.
func (c *Connection) OpenChannel(p Peer) *Channel {
	ch := newChannel(c, p)
	if c.channels == nil {
		c.channels = map[*Channel]struct{}{}
	}
	c.channels[ch] = struct{}{}
	return ch
}

// Close closes the connection: its exclusive queues are deleted and unacknowledged
// messages return to the other queues. No consumer of this connection receives any
// of them.
func (c *Connection) Close() {
	for _, q := range c.owned() {
		c.vhost.mu.Lock()
		c.vhost.removeQueue(q) // only this client can consume from it
		c.vhost.mu.Unlock()
	}
	for ch := range c.channels {
		ch.replies.end()
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
