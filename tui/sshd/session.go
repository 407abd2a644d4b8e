package sshd

import (
	"context"
	"sync"
	"time"

	"charm.land/ssh"
	gossh "golang.org/x/crypto/ssh"
)

// session is one channel: first its client asks for a terminal and a shell,
// then the program runs.
type session struct {
	conn    *connection
	channel gossh.Channel
	ctx     context.Context // ends with the channel or the server; the cause tells which
	end     context.CancelCauseFunc
	user    string
	key     string

	// Of the requests; no one else reads them before the program starts.
	env     map[string]string
	term    string
	hasPTY  bool
	started bool
	work    func() // to begin when the request is answered

	mu      sync.Mutex
	window  window
	resized chan struct{} // holds one: the window has changed
}

func newSession(c *connection, channel gossh.Channel, user string, key ssh.PublicKey) *session {
	s := &session{conn: c, channel: channel, user: user, env: map[string]string{}, resized: make(chan struct{}, 1)}
	if key != nil {
		s.key = gossh.FingerprintSHA256(key)
	}
	s.ctx, s.end = context.WithCancelCause(c.ctx)
	return s
}

// sessionEnd is a cause of a session's end that its visitor is told.
type sessionEnd ending

func (e sessionEnd) Error() string { return string(e) }

// serve answers requests until the client closes the channel. Answering never
// waits for the program: a blocked answer would block the whole connection.
func (s *session) serve(requests <-chan *gossh.Request) {
	defer s.end(context.Canceled)
	for req := range requests {
		ok := s.answer(req)
		if req.WantReply {
			_ = req.Reply(ok, nil)
		}
		s.startWork()
	}
}

// startWork begins what the last request led to. It waits for the answer to
// be sent: what is done quickly would close the channel before it.
func (s *session) startWork() {
	work := s.work
	s.work = nil
	if work != nil && !s.conn.begin(work) {
		_ = s.channel.Close() // the server is stopping
	}
}

func (s *session) answer(req *gossh.Request) bool {
	switch req.Type {
	case "pty-req":
		return s.takePTY(req.Payload)
	case "window-change":
		return s.resize(req.Payload)
	case "env":
		return s.takeEnv(req.Payload)
	case "shell":
		if !s.hasPTY {
			return s.refuse("nopty", "no terminal")
		}
		return s.start(s.run)
	case "exec":
		return s.refuse("command", "command")
	case "subsystem":
		return s.refuse("subsystem", "subsystem")
	case "auth-agent-req@openssh.com", "x11-req":
		s.conn.server.refused(s.conn.remote, s.user, clean(req.Type, maxName))
	}
	return false
}

func (s *session) takePTY(payload []byte) bool {
	term, w, ok := parsePty(payload)
	if !ok || s.hasPTY || s.started {
		return false
	}
	s.hasPTY, s.term, s.window = true, term, w
	return true
}

func (s *session) takeEnv(payload []byte) bool {
	name, value, ok := parseEnv(payload)
	if !ok || s.started || len(s.env) >= maxEnv {
		return false
	}
	s.env[name] = value
	return true
}

func (s *session) resize(payload []byte) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	w, ok := parseWindow(payload, s.window)
	if !ok || !s.hasPTY {
		return false
	}
	s.window = w
	select {
	case s.resized <- struct{}{}:
	default: // the one that waits will take the newest size
	}
	return true
}

func (s *session) size() window {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.window
}

// start asks for the one thing that a session does.
func (s *session) start(work func()) bool {
	if s.started {
		return false
	}
	s.started, s.work = true, work
	return true
}

// refuse tells the client why not and ends the session.
func (s *session) refuse(key, reason string) bool {
	s.conn.server.refused(s.conn.remote, s.user, reason)
	return s.start(func() { s.leave(1, "sshd.refuse."+key) })
}

// leave writes a last line and closes the channel. A client that does not
// take it is cut off.
func (s *session) leave(status uint32, key string, args ...any) {
	impatience := time.AfterFunc(s.conn.server.Grace, s.conn.cut)
	defer impatience.Stop()
	if key != "" {
		line := s.conn.server.catalogue(s.env).T(key, args...)
		_, _ = s.channel.Stderr().Write([]byte(line + "\r\n"))
	}
	_, _ = s.channel.SendRequest("exit-status", false, gossh.Marshal(struct{ Status uint32 }{status}))
	_ = s.channel.Close()
}
