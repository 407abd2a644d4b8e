package embedded

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/alicebob/miniredis/v2"
	redisserver "github.com/alicebob/miniredis/v2/server"
)

// databases is how many numbered databases there are, as in Redis by default.
const databases = 16

// Server is a running server. Its methods are safe for concurrent use.
type Server struct {
	m        *miniredis.Miniredis
	core     *redisserver.Server // executes the commands of m
	listener net.Listener
	ttls     *ttls
	settings settings
	stats    stats
	tracking tracking

	mu       sync.Mutex
	sessions map[int64]*session
	closed   bool

	nextID atomic.Int64
	tasks  sync.WaitGroup
}

// Start listens on addr ("127.0.0.1:6379"); an empty addr means a free port on
// loopback. The caller must call Close.
func Start(addr string) (*Server, error) {
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listening for Redis clients: %w", err)
	}
	s := &Server{m: miniredis.NewMiniRedis(), listener: listener, sessions: map[int64]*session{}}
	unused, err := s.m.Dial() // starts miniredis without a listener
	if err != nil {
		return nil, errors.Join(fmt.Errorf("starting miniredis: %w", err), listener.Close())
	}
	_ = unused.Close()
	s.core = s.m.Server()
	s.stats.started = time.Now()
	s.ttls = startTTLs(s.m, s.announceExpired)
	s.tasks.Go(s.accept)
	return s, nil
}

// Addr returns where the server listens, host and port.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// URL returns the address as clients take it.
func (s *Server) URL() string { return "redis://" + s.Addr() + "/0" }

// Close ends the server and its connections, and waits for them. A second call
// does nothing.
func (s *Server) Close() error {
	s.mu.Lock()
	closed := s.closed
	s.closed = true
	for _, c := range s.sessions {
		_ = c.conn.Close()
	}
	s.mu.Unlock()
	if closed {
		return nil
	}
	_ = s.listener.Close() // it can only have been closed before
	s.m.Close()            // wakes blocked commands
	s.tasks.Wait()
	s.ttls.stop()
	return nil
}

func (s *Server) accept() {
	for {
		conn, err := s.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // such as too many open files: they will be fewer
			time.Sleep(10 * time.Millisecond)
			continue
		}
		c := s.newSession(conn)
		if c == nil {
			_ = conn.Close()
			return
		}
		s.tasks.Go(c.serve)
	}
}

// newSession registers a connection; nil after Close.
func (s *Server) newSession(conn net.Conn) *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.stats.connections.Add(1)
	c := &session{server: s, conn: conn, id: s.nextID.Add(1), began: time.Now(), inbox: newInbox(),
		peer: redisserver.NewPeer(bufio.NewWriter(conn))}
	c.source, c.arrived = countArrivals(conn)
	c.in = bufio.NewReader(&c.arrival)
	c.peer.Ctx = s.newState()
	c.proto.Store(2)
	s.sessions[c.id] = c
	return c
}

// newState returns the state of a connection inside miniredis, which the peers that
// collect replies share with the connection's. A command that changes nothing makes
// it.
func (s *Server) newState() any {
	collect := redisserver.NewPeer(bufio.NewWriter(new(bytes.Buffer)))
	s.dispatch(collect, []string{"PING"})
	return collect.Ctx
}

// wakeBlocked makes blocked commands look whether their client is gone.
func (s *Server) wakeBlocked() {
	s.dispatch(redisserver.NewPeer(bufio.NewWriter(new(bytes.Buffer))), []string{"DBSIZE"})
}

func (s *Server) remove(c *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sessions, c.id)
}

// connected returns the sessions in the order in which they began.
func (s *Server) connected() []*session {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]*session, 0, len(s.sessions))
	for id := int64(1); id <= s.nextID.Load(); id++ {
		if c := s.sessions[id]; c != nil {
			all = append(all, c)
		}
	}
	return all
}
