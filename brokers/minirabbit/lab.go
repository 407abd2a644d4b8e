package minirabbit

import (
	"resilab/brokers/minirabbit/broker"
)

// What a lab does to a broker, beside what clients can do themselves.

// Cut breaks the connections whose client calls itself by that name (the client
// property connection_name), as a failing network would: without a word. It
// returns how many there were.
func (s *Server) Cut(name string) int {
	return s.cut(func(c *session) bool { return c.name() == name })
}

// CutAll breaks every connection.
func (s *Server) CutAll() int {
	return s.cut(func(*session) bool { return true })
}

func (s *Server) cut(match func(*session) bool) int {
	n := 0
	for _, c := range s.each() {
		if match(c) {
			c.cut()
			n++
		}
	}
	return n
}

// Kick closes the connections of that name politely, as an operator would: the
// client is told 320 CONNECTION_FORCED and the reason. It returns how many
// there were.
func (s *Server) Kick(name, reason string) int {
	n := 0
	for _, c := range s.each() {
		if c.name() == name {
			c.force(reason)
			n++
		}
	}
	return n
}

// CancelConsumers ends all subscriptions to a queue of the virtual host "/";
// their clients get a basic.cancel. It returns how many there were.
func (s *Server) CancelConsumers(queue string) int {
	return s.broker.CancelConsumers("/", queue)
}

// Block holds every publisher, as RabbitMQ does when it runs out of memory or
// disk. Clients that publish get connection.blocked with the reason.
func (s *Server) Block(reason string) {
	s.mu.Lock()
	if s.blocked != nil || s.closed {
		s.mu.Unlock()
		return
	}
	s.blocked = &blockade{reason, make(chan struct{})}
	s.mu.Unlock()
	for _, c := range s.each() {
		if c.publishes.Load() {
			c.notices.block(byServer, reason)
		}
	}
}

// Unblock lets publishers go on.
func (s *Server) Unblock() {
	s.mu.Lock()
	if s.blocked != nil {
		close(s.blocked.lifted)
		s.blocked = nil
	}
	s.mu.Unlock()
	for _, c := range s.each() {
		c.notices.unblock(byServer)
	}
}

func (s *Server) blockade() *blockade {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.blocked
}

func (s *Server) each() []*session {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]*session, 0, len(s.sessions))
	for c := range s.sessions {
		all = append(all, c)
	}
	return all
}

// A Snapshot is the state of a server at one moment.
type Snapshot struct {
	broker.Snapshot
	Connections []ConnectionState
}

// A ConnectionState describes a client's connection.
type ConnectionState struct {
	Name       string // what the client calls itself
	RemoteAddr string
	Blocked    bool // it is held back from publishing
}

// Snapshot describes exchanges, bindings, queues and connections. Taking one
// does not stop the server.
func (s *Server) Snapshot() Snapshot {
	out := Snapshot{Snapshot: s.broker.Snapshot()}
	for _, c := range s.each() {
		out.Connections = append(out.Connections, ConnectionState{
			Name: c.name(), RemoteAddr: c.conn.RemoteAddr().String(), Blocked: c.notices.active(),
		})
	}
	return out
}

// force tells the client that its connection is closed from outside; the
// session ends with its answer, or soon without one.
func (c *session) force(reason string) {
	c.part(broker.Refuse(broker.ConnectionForced, "%s", reason), 0, farewell)
}

// shutDown is force for a server that goes.
func (c *session) shutDown() {
	c.force("broker forced connection closure with reason 'shutdown'")
}
