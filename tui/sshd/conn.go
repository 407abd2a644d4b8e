package sshd

import (
	"context"
	"fmt"
	"net"
	"runtime/debug"
	"sync"
	"time"

	"charm.land/ssh"
	gossh "golang.org/x/crypto/ssh"
)

const (
	// maxPerConnection is how many sessions one connection may hold at once.
	maxPerConnection = 2
	// maxInAll is how many it may ever open: each costs the start of a program,
	// and only new connections are held to a pace.
	maxInAll = 20
)

// connection is one client, with up to maxPerConnection sessions.
type connection struct {
	server *server
	ctx    context.Context // ends with the server
	net    net.Conn
	place  *ticket
	remote string

	mu      sync.Mutex
	open    int         // channels
	opened  int         // channels so far
	running int         // of them, how many have a program or a refusal at work
	unused  *time.Timer // cuts the connection while nothing runs
	closing bool        // nothing begins any more
}

func newConnection(ctx context.Context, s *server, nc net.Conn, place *ticket) *connection {
	c := &connection{server: s, ctx: ctx, net: nc, place: place, remote: nc.RemoteAddr().String()}
	c.unused = time.AfterFunc(s.Unused, c.cut)
	return c
}

// serve returns when the connection has ended.
func (c *connection) serve() {
	defer c.place.leave()
	defer c.stopTimer()
	protocol := &ssh.Server{
		HostSigners:      []ssh.Signer{c.server.hostKey},
		Version:          "resilab",
		HandshakeTimeout: c.server.Handshake,
		// The library's own handler of sessions is not used: it grants agent
		// forwarding, remembers any amount of environment, and a client that
		// resizes before it asks for a shell blocks its connection for ever.
		ChannelHandlers: map[string]ssh.ChannelHandler{"session": c.openSession, "default": c.refuseChannel},
		RequestHandlers: map[string]ssh.RequestHandler{
			"tcpip-forward":                          c.refuseForward,
			"streamlocal-forward@openssh.com":        c.refuseForward,
			"cancel-tcpip-forward":                   c.ignore,
			"cancel-streamlocal-forward@openssh.com": c.ignore,
		},
		ConnectionFailedCallback: c.failed,
	}
	if !c.server.Open {
		protocol.PublicKeyHandler = c.allowed
	}
	protocol.HandleConn(c.net)
}

// allowed answers whether a key may open the door. A client may ask about
// keys that it does not hold, so nothing else follows from the question.
func (c *connection) allowed(_ ssh.Context, key ssh.PublicKey) bool {
	for _, k := range c.server.Keys {
		if ssh.KeysEqual(k, key) {
			return true
		}
	}
	return false
}

func (c *connection) failed(_ net.Conn, err error) {
	c.server.refused(c.remote, "", clean(fmt.Sprintf("no handshake: %v", err), 200))
}

func (c *connection) refuseChannel(_ *ssh.Server, conn *gossh.ServerConn, channel gossh.NewChannel, _ ssh.Context) {
	c.server.refused(c.remote, clean(conn.User(), maxName), "channel "+clean(channel.ChannelType(), maxName))
	_ = channel.Reject(gossh.Prohibited, "no forwarding here: only a terminal session")
}

func (c *connection) refuseForward(ctx ssh.Context, _ *ssh.Server, req *gossh.Request) (bool, []byte) {
	c.server.refused(c.remote, clean(ctx.User(), maxName), clean(req.Type, maxName))
	return false, nil
}

func (c *connection) ignore(ssh.Context, *ssh.Server, *gossh.Request) (bool, []byte) {
	return false, nil
}

// openSession serves one session channel until the client has closed it.
func (c *connection) openSession(_ *ssh.Server, conn *gossh.ServerConn, channel gossh.NewChannel, ctx ssh.Context) {
	user := clean(conn.User(), maxName)
	if !c.addSession() {
		c.server.refused(c.remote, user, "too many sessions on one connection")
		_ = channel.Reject(gossh.ResourceShortage, fmt.Sprintf("at most %d sessions a connection, and %d in all", maxPerConnection, maxInAll))
		return
	}
	defer c.dropSession()
	ch, requests, err := channel.Accept()
	if err != nil {
		return
	}
	// The key that authenticated this connection, not one that was only offered.
	key, _ := ctx.Value(ssh.ContextKeyPublicKey).(ssh.PublicKey)
	newSession(c, ch, user, key).serve(requests)
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

// begin runs a session's work in a goroutine of its own, unless the server
// is stopping.
func (c *connection) begin(work func()) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing || !c.server.begin(func() {
		defer c.workDone()
		c.contain("session", work)
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

// closeWhenUnused lets nothing begin any more.
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

// cut ends the connection at once; whatever blocks on it returns.
func (c *connection) cut() { _ = c.net.Close() }

// contain runs work and keeps a panic of it from the other visitors.
func (c *connection) contain(what string, work func()) (panicked bool) {
	defer func() {
		if r := recover(); r != nil {
			panicked = true
			c.panicked(what, r, debug.Stack())
		}
	}()
	work()
	return false
}

func (c *connection) panicked(what string, reason any, stack []byte) {
	c.server.Logger.Error("panic", "in", what, "remote", c.remote, "panic", reason, "stack", string(stack))
}
