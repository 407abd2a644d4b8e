package minirabbit

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"slices"
	"sync"

	"resilab/brokers/loopback"
	"resilab/brokers/minirabbit/broker"
)

// A Server is a running AMQP server. Its methods may be called from any
// goroutine.
type Server struct {
	options Options
	broker  *broker.Broker
	addr    string // where it listens, also after a restart

	mu       sync.Mutex
	listener net.Listener
	sessions map[*session]struct{}
	closed   bool
	blocked  *blockade // nil while publishers may publish

	failures  failures
	closeOnce sync.Once
	running   sync.WaitGroup
}

// Run starts a server, which listens when Run returns. The caller must call Close.
// The error says that the options name an unknown version or that the server cannot
// listen.
func Run(o Options) (*Server, error) {
	v, err := broker.FindVersion(o.Version)
	if err != nil {
		return nil, fmt.Errorf("reading Options.Version: %w", err)
	}
	s := newServer(o, v)
	if err := s.listen(); err != nil {
		s.broker.Close()
		return nil, err
	}
	return s, nil
}

// newServer returns a server that does not listen yet.
func newServer(o Options, v broker.Version) *Server {
	o = o.withDefaults(&v)
	return &Server{
		options:  o,
		addr:     o.Addr,
		sessions: map[*session]struct{}{},
		broker: broker.New(broker.Options{
			Clock:            o.Clock,
			QueueLimitBytes:  o.QueueLimitBytes,
			MemoryLimitBytes: o.MemoryLimitBytes,
			VHosts:           o.VHosts,
			Version:          v,
		}),
	}
}

func (s *Server) listen() error {
	l, err := openListener(s.addr)
	if err != nil {
		return fmt.Errorf("listening for AMQP: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errors.Join(net.ErrClosed, l.Close())
	}
	s.listener, s.addr = l, l.Addr().String()
	s.running.Go(func() { s.accept(l) })
	return nil
}

func openListener(addr string) (net.Listener, error) {
	if addr == "" {
		return loopback.Listen(context.Background())
	}
	return net.Listen("tcp", addr)
}

// accept starts a session for each connection until the listener is closed.
func (s *Server) accept(l net.Listener) {
	for {
		conn, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			s.options.Logger.Warn("accepting a connection", "error", err)
			continue
		}
		s.start(conn, l)
	}
}

// start starts a session unless its listener was closed.
func (s *Server) start(conn net.Conn, l net.Listener) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.listener != l {
		conn.Close()
		return
	}
	c := newSession(s, conn)
	s.sessions[c] = struct{}{}
	s.running.Go(func() {
		c.serve()
		s.mu.Lock()
		delete(s.sessions, c)
		s.mu.Unlock()
	})
}

// Addr returns the host and port that the server listens on.
func (s *Server) Addr() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addr
}

// URL returns the address that a client dials, with one of the users. It names no
// virtual host: some clients read a final slash as the virtual host "".
func (s *Server) URL() string {
	u := url.URL{Scheme: "amqp", Host: s.Addr()}
	for name, password := range s.options.Users {
		u.User = url.UserPassword(name, password)
		if name == "guest" {
			break
		}
	}
	return u.String()
}

// Close closes all connections with connection.close and waits until all goroutines
// of the server have ended. Closing again does nothing.
func (s *Server) Close() error {
	s.closeOnce.Do(func() {
		s.mu.Lock()
		s.closed = true
		s.mu.Unlock()
		s.broker.Stop()
		s.stop()
		s.broker.Close()
	})
	return nil
}

// stop closes the listener and all connections and waits until they have ended.
func (s *Server) stop() {
	s.mu.Lock()
	if s.listener != nil {
		s.listener.Close()
		s.listener = nil
	}
	for c := range s.sessions {
		c.shutDown()
	}
	s.mu.Unlock()
	s.running.Wait()
}

// Restart does what restarting RabbitMQ does, on the same address: it closes every
// connection and keeps only durable exchanges and queues with their persistent
// messages.
func (s *Server) Restart() error {
	s.stop()
	s.broker.Restart()
	return s.listen()
}

// each returns the present sessions.
func (s *Server) each() []*session {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Collect(maps.Keys(s.sessions))
}
