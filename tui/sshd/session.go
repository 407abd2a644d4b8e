package sshd

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/charmbracelet/x/ansi"
	gossh "golang.org/x/crypto/ssh"

	"resilab/labs/i18n"
	"resilab/tui/state"
)

// session is one channel: first its client asks for a terminal and a shell,
// then the program runs.
type session struct {
	conn    *connection
	channel gossh.Channel
	ctx     context.Context // ends with the channel or the server; the cause says which
	end     context.CancelCauseFunc
	user    string // as the client calls itself
	login   login

	requested

	mu      sync.Mutex
	window  window
	resized chan struct{} // holds one: the window has changed

	keys  chan []byte   // what is typed, for the program that runs
	gone  chan struct{} // closed when the client has closed the channel
	taken chan struct{} // closed when another session took the seat
}

// requested is what the client has asked for. It is set by requests and read by
// the program, which starts after them.
type requested struct {
	env     map[string]string
	term    string
	hasPTY  bool
	started bool
	work    func() // begins when the request is answered
}

func newSession(c *connection, channel gossh.Channel, user string, l login) *session {
	s := &session{conn: c, channel: channel, user: user, login: l, requested: requested{env: map[string]string{}}, resized: make(chan struct{}, 1),
		keys: make(chan []byte), gone: make(chan struct{}), taken: make(chan struct{})}
	s.ctx, s.end = context.WithCancelCause(c.ctx)
	return s
}

// sessionEnd is the cause of a session's end that its visitor is shown.
type sessionEnd ending

func (e sessionEnd) Error() string { return string(e) }

// serve answers requests until the client closes the channel. Answering never
// waits for the program: a blocked answer would block the whole connection.
func (s *session) serve(requests <-chan *gossh.Request) {
	defer s.end(context.Canceled)
	defer close(s.gone)
	for req := range requests {
		ok := s.answer(req)
		if req.WantReply {
			_ = req.Reply(ok, nil)
		}
		s.startWork()
	}
}

// startWork begins what the last request asked for. It is called after the
// answer is sent: quick work would close the channel before it.
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
		return showOn(s, s.run)
	case "exec":
		return s.command(parseExec(req.Payload))
	case "subsystem":
		return s.refuse("subsystem", "subsystem")
	case "auth-agent-req@openssh.com":
		s.conn.refuse(s.user, "agent forwarding", "")
	case "x11-req":
		s.conn.refuse(s.user, "X11 forwarding", "")
	}
	return false
}

// command starts one of the commands, most of which are the teachers', or refuses
// it.
func (s *session) command(words []string) bool {
	line := strings.Join(words, " ")
	person, wantsSigned := strings.CutPrefix(line, "report signed ")
	switch line {
	case "watch", "teacher", "report", "report csv", "report json":
	case "report mine":
		return signedReport{session: s}.start()
	case "demo":
		return demoPlayer{s}.start("")
	default:
		if name, isDemo := strings.CutPrefix(line, "demo "); isDemo && slices.Contains(s.conn.server.Tours, name) {
			return demoPlayer{s}.start(name)
		}
		if wantsSigned && state.CheckID(person) == nil {
			return signedReport{session: s, id: person}.start()
		}
		return s.refuse("command", "command")
	}
	switch {
	case line == "watch":
		return showOn(s, watcher{s}.run)
	case !s.login.admin:
		return s.refuse("teacher", "teachers' command")
	case line == "report json":
		return s.start(s.reportTo(writeJSON))
	case line != "teacher":
		return s.start(s.reportTo(writeCSV))
	default:
		return showOn(s, s.runConsole)
	}
}

// showOn starts work that draws a screen, or refuses it where the session has no
// terminal that could show one.
func showOn(s *session, work func()) bool {
	switch {
	case !s.hasPTY:
		return s.refuse("nopty", "no terminal")
	case s.term == "dumb":
		return s.refuse("dumb", "dumb terminal")
	}
	return s.start(work)
}

func (s *session) takePTY(payload []byte) bool {
	term, w, ok := parsePty(payload)
	if !ok || s.hasPTY || s.started || s.login.noPTY {
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
	default: // the waiting one will take the newest size
	}
	return true
}

func (s *session) size() window {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.window
}

// start schedules the one thing that a session does.
func (s *session) start(work func()) bool {
	if s.started {
		return false
	}
	s.started, s.work = true, work
	return true
}

// refuse ends the session with a line that says why.
func (s *session) refuse(key, reason string) bool {
	s.conn.refuse(s.user, reason, "")
	return s.start(func() { s.leave(1, "sshd.refuse."+key) })
}

// leave writes a last line and closes the channel. The connection of a client
// that does not read it is cut.
func (s *session) leave(status uint32, key string, args ...any) {
	impatience := time.AfterFunc(s.conn.server.Grace, s.conn.cut)
	defer impatience.Stop()
	if key != "" {
		line := s.catalogue().T(key, args...)
		if s.hasPTY {
			line = wrap(line, s.size().width)
		}
		_, _ = s.channel.Stderr().Write([]byte(line + "\r\n"))
	}
	_, _ = s.channel.SendRequest("exit-status", false, gossh.Marshal(struct{ Status uint32 }{status}))
	_ = s.channel.Close()
}

// catalogue returns the texts in the visitor's language.
func (s *session) catalogue() *i18n.Catalogue { return s.conn.server.catalogue(s.env) }

// wrap breaks a line between words, so that the terminal does not break it
// inside one.
func wrap(line string, width int) string {
	return strings.ReplaceAll(ansi.Wordwrap(line, width, ""), "\n", "\r\n")
}
