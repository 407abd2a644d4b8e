package sshd

import (
	"context"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"charm.land/ssh"
	gossh "golang.org/x/crypto/ssh"
)

const (
	// maxPerConnection is how many sessions one connection may hold at once.
	maxPerConnection = 2
	// maxInAll is how many it may ever open: each starts a program, and only
	// the rate of new connections is limited.
	maxInAll = 20
	// maxRefusals is how many requests of one connection are refused before it
	// is cut.
	maxRefusals = 100
)

// connection is one client, with up to maxPerConnection sessions.
type connection struct {
	server *server
	ctx    context.Context // ends with the server
	net    net.Conn
	place  *ticket
	remote string

	displaced atomic.Bool // cut to make room for another connection

	mu      sync.Mutex
	open    int         // channels
	opened  int         // channels so far
	running int         // of them, how many run a program or a refusal
	refused int         // requests
	unused  *time.Timer // cuts the connection while nothing runs
	closing bool        // nothing begins any more
}

func newConnection(ctx context.Context, s *server, nc net.Conn) *connection {
	return &connection{server: s, ctx: ctx, net: nc, remote: nc.RemoteAddr().String()}
}

// enter takes a place at the gate; refusal says why there is none.
func (c *connection) enter() (refusal string) {
	c.place, refusal = c.server.gate.enter(c.net.RemoteAddr(), func() {
		c.displaced.Store(true)
		c.cut()
	})
	return refusal
}

// serve returns when the connection has ended.
func (c *connection) serve() {
	defer c.place.leave()
	defer c.stopTimer()
	handshake := c.server.Handshake
	if c.server.ClassCode != "" {
		c.expectSession(handshake) // until the question
		handshake += answerTime
	} else {
		c.expectSession(c.server.Unused)
	}
	protocol := &ssh.Server{
		HostSigners:          []ssh.Signer{c.server.hostKey},
		Version:              "resilab",
		HandshakeTimeout:     handshake,
		ServerConfigCallback: c.config,
		// The library's own session handler is not used: it grants agent
		// forwarding, stores any amount of environment, and a client that resizes
		// before it asks for a shell blocks its connection for ever.
		ChannelHandlers: map[string]ssh.ChannelHandler{"session": c.openSession, "default": c.refuseChannel},
		RequestHandlers: map[string]ssh.RequestHandler{
			"tcpip-forward":                          c.refuseForward,
			"streamlocal-forward@openssh.com":        c.refuseForward,
			"cancel-tcpip-forward":                   c.ignore,
			"cancel-streamlocal-forward@openssh.com": c.ignore,
		},
		ConnectionFailedCallback: c.failed,
	}
	protocol.HandleConn(newBrake(c.ctx, c.net))
}

func (c *connection) failed(_ net.Conn, err error) {
	if c.displaced.Load() {
		c.refuse("", "made room for another connection", "")
		return
	}
	c.refuse("", "no handshake", err.Error())
}

// refuse logs a refusal and cuts the connection after too many.
func (c *connection) refuse(user, reason, detail string) {
	c.server.refusals.add(refusal{Remote: c.remote, User: clean(user, maxName), Reason: reason, Detail: clean(detail, maxDetail)})
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.refused++; c.refused == maxRefusals {
		c.server.refusals.add(refusal{Remote: c.remote, User: clean(user, maxName), Reason: "connection cut: too many refusals"})
		c.cut()
	}
}

func (c *connection) refuseChannel(_ *ssh.Server, conn *gossh.ServerConn, channel gossh.NewChannel, _ ssh.Context) {
	c.refuse(conn.User(), "channel", channel.ChannelType())
	_ = channel.Reject(gossh.Prohibited, "no forwarding here: only a terminal session")
}

func (c *connection) refuseForward(ctx ssh.Context, _ *ssh.Server, req *gossh.Request) (bool, []byte) {
	c.refuse(ctx.User(), "forwarding", req.Type)
	return false, nil
}

func (c *connection) ignore(ssh.Context, *ssh.Server, *gossh.Request) (bool, []byte) {
	return false, nil
}

// openSession serves one session channel until the client has closed it.
func (c *connection) openSession(_ *ssh.Server, conn *gossh.ServerConn, channel gossh.NewChannel, _ ssh.Context) {
	if !c.addSession() {
		c.refuse(conn.User(), "too many sessions on one connection", "")
		_ = channel.Reject(gossh.ResourceShortage, fmt.Sprintf("at most %d sessions a connection, and %d in all", maxPerConnection, maxInAll))
		return
	}
	defer c.dropSession()
	ch, requests, err := channel.Accept()
	if err != nil {
		return
	}
	newSession(c, ch, clean(conn.User(), maxName), loginOf(conn)).serve(requests)
}

func (c *connection) addSession() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing || c.open >= maxPerConnection || c.opened >= maxInAll {
		return false
	}
	c.open++
	c.opened++
	return true
}

func (c *connection) dropSession() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open--
}

// begin runs a session's work in a new goroutine, unless the server is
// stopping.
func (c *connection) begin(work func()) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing || !c.server.begin(func() {
		defer c.workDone()
		c.server.contain("session", c.remote, work)
	}) {
		return false
	}
	c.running++
	c.unused.Stop()
	return true
}

func (c *connection) workDone() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.running--
	switch {
	case c.running > 0:
	case c.closing:
		c.unused.Reset(c.server.Grace) // the client has a moment to leave by itself
	default:
		c.unused.Reset(c.server.Unused)
	}
}

// closeWhenUnused closes the connection once nothing runs; nothing new begins.
func (c *connection) closeWhenUnused() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closing = true
	if c.running == 0 {
		c.cut()
	}
}

func (c *connection) stopTimer() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closing = true
	c.unused.Stop()
}

// expectSession cuts the connection unless a session begins in time. It replaces
// an earlier limit.
func (c *connection) expectSession(within time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.unused == nil:
		c.unused = time.AfterFunc(within, c.cut)
	case c.running == 0 && !c.closing:
		c.unused.Reset(within)
	}
}

// cut ends the connection at once; whatever blocks on it returns.
func (c *connection) cut() { _ = c.net.Close() }
