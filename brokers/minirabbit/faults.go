package minirabbit

// Cut breaks the connections of clients that gave that name (the client property
// connection_name), without connection.close, as a failing network would. It
// returns how many there were.
func (s *Server) Cut(name string) int {
	return s.cut(func(c *session) bool { return c.client.connectionName() == name })
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

// Kick closes the connections of that name as an operator would: the client
// receives 320 CONNECTION_FORCED and the reason. It returns how many there were.
func (s *Server) Kick(name, reason string) int {
	n := 0
	for _, c := range s.each() {
		if c.client.connectionName() == name {
			c.force(reason)
			n++
		}
	}
	return n
}

// CancelConsumers ends all subscriptions to a queue of the virtual host "/"; their
// clients receive basic.cancel. It returns how many there were.
func (s *Server) CancelConsumers(queue string) int {
	return s.broker.CancelConsumers("/", queue)
}

// A blockade holds every publisher until it is lifted.
type blockade struct {
	reason string
	lifted chan struct{}
}

// Block holds every publisher until Unblock, as RabbitMQ does when it runs out of
// memory or disk space. Clients that publish receive connection.blocked with the
// reason.
func (s *Server) Block(reason string) {
	s.mu.Lock()
	if s.blocked != nil || s.closed {
		s.mu.Unlock()
		return
	}
	s.blocked = &blockade{reason, make(chan struct{})}
	s.mu.Unlock()
	for _, c := range s.each() {
		if c.notices.publishes.Load() {
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
