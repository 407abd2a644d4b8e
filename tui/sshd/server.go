package sshd

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/netip"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	gossh "golang.org/x/crypto/ssh"

	"resilab/labs/course"
	"resilab/labs/course/report"
	"resilab/labs/i18n"
	"resilab/tui/metrics"
	"resilab/tui/state"
)

// texts are shown to visitors, in each visitor's language.
//
//go:embed es.yaml en.yaml
var texts embed.FS

// Options of a server. NewProgram and State are required.
type Options struct {
	Addr        string // where to listen; a port alone (":2222") means everywhere
	HostKeyPath string // ed25519, mode 0600; made where it is missing
	Logins
	Limits

	State  state.Store // people and their progress
	Cards  []string    // the course's cards, for teachers' tables
	Bus    state.Bus   // to the other servers of the class; nil: there are none
	Lang   i18n.Lang   // for visitors whose terminal names no language
	Orders Orders
	Demos

	// Report returns the course report of a person, which the server signs with its
	// host key; nil: there are no signed reports.
	Report func(state.Person, course.Records) *report.Document

	// NewProgram makes one visitor's program. ctx ends with the program, which may
	// outlive its session. cleanup runs after the program has ended, and may be nil.
	NewProgram func(ctx context.Context, who SessionInfo) (model tea.Model, cleanup func(), err error)

	Metrics *metrics.Server                         // nil: nothing is counted
	Logger  *slog.Logger                            // starts, ends and refusals of sessions
	Ready   func(addr net.Addr, fingerprint string) // called when the server accepts connections; may be nil
}

// Demos are programs that play by themselves until a key is pressed.
type Demos struct {
	Demo  bool     // shows the demo of the whole to each visitor first
	Tours []string // the names of the demos
	// NewDemo makes a demo's program as NewProgram does. An empty name is that of the
	// whole. Required with Demo or Tours.
	NewDemo func(ctx context.Context, who SessionInfo, name string) (model tea.Model, cleanup func(), err error)
}

// Orders are what a teacher and the server can do with students' screens and
// programs. OpenCard, Hint and Away return the messages that make a program do so;
// nil: not offered.
type Orders struct {
	Private  bool                      // students may refuse that a teacher looks at their screens
	OpenCard func(card string) tea.Msg // opens a card of the course
	Hint     tea.Msg                   // shows the next hint of the open card
	Away     func(bool) tea.Msg        // says whether nobody sees the program
}

// Logins say who is admitted: all, else the owners of keys, and those who
// know the class code if it is not empty. Admins are teachers, who are always
// admitted.
type Logins struct {
	Open      bool
	Keys      *Keyring
	ClassCode string
	Admins    *Keyring
}

// Limits of a server. Zero means the default named here.
type Limits struct {
	MaxSessions   int            // sessions at once; 64
	MaxWatchers   int            // of those who only watch what is presented; 500
	MaxPerAddress int            // connections at once from one address; 40 (a campus may share one)
	Exempt        []netip.Prefix // addresses without that limit

	IdleTimeout time.Duration // without a key; 10 minutes
	MaxSession  time.Duration // in all; 3 hours
	Warning     time.Duration // how long before either end it is announced; 1 minute, or a fifth of IdleTimeout
	Handshake   time.Duration // until a client has authenticated; 10 seconds
	Unused      time.Duration // how long a connection may stay without a session; 30 seconds
	Grace       time.Duration // for a program to end when told to; 2 seconds
	Stop        time.Duration // for all sessions to end when the server stops; 8 seconds
	Keep        time.Duration // how long a program runs on after its line dropped; 0: not at all
}

// SessionInfo describes a visitor and the terminal. Its texts are safe to show.
type SessionInfo struct {
	User          string // as the client calls itself: not authenticated
	Person        state.Person
	Key           string // fingerprint of the key that authenticated; empty without a key
	Admin         bool   // a teacher
	Remote        string
	Term          string
	Environ       map[string]string // LANG, LC_*, COLORTERM, NO_COLOR, TERM_PROGRAM, where sent
	Lang          i18n.Lang
	Width, Height int
	// Crashed must be called when a goroutine that the program started panics:
	// it logs the panic and ends this session alone. It may be called at any time.
	Crashed func(reason any, stack []byte)
	Class
}

// Class is what a visitor can do with others. A nil function is not offered. All
// return at once; what came of them is shown.
type Class struct {
	Present func() // begins or ends presenting the screen to all
	Watch   func() // shows the screen that is presented
	Refuse  func() // refuses that a teacher looks at the screen, or allows it again
}

// Getenv looks up a variable of the visitor's terminal, TERM included.
func (i SessionInfo) Getenv(name string) string {
	if name == "TERM" {
		return i.Term
	}
	return i.Environ[name]
}

func (o Options) withDefaults() Options {
	number := func(n *int, def int) {
		if *n <= 0 {
			*n = def
		}
	}
	duration := func(d *time.Duration, def time.Duration) {
		if *d <= 0 {
			*d = def
		}
	}
	number(&o.MaxSessions, 64)
	number(&o.MaxWatchers, 500)
	number(&o.MaxPerAddress, 40)
	duration(&o.IdleTimeout, 10*time.Minute)
	duration(&o.MaxSession, 3*time.Hour)
	duration(&o.Warning, min(time.Minute, o.IdleTimeout/5))
	duration(&o.Handshake, 10*time.Second)
	duration(&o.Unused, 30*time.Second)
	duration(&o.Grace, 2*time.Second)
	duration(&o.Stop, 8*time.Second)
	if o.Lang == "" {
		o.Lang = i18n.Spanish
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

func (o Options) check() error {
	switch {
	case o.NewProgram == nil:
		return errors.New("nothing to serve")
	case o.NewDemo == nil && (o.Demo || len(o.Tours) > 0):
		return errors.New("no program for the demos")
	case o.State == nil:
		return errors.New("no state to keep people in")
	case o.Open && o.ClassCode != "":
		return errors.New("an open server asks for no class code")
	case !o.Open && o.Keys == nil && o.ClassCode == "":
		return errors.New("no one could log in: name the allowed keys, or open the server to all")
	case o.Warning >= o.IdleTimeout:
		return errors.New("the warning must be shorter than the idle limit")
	}
	return nil
}

// server is a running Serve.
type server struct {
	Options
	hostKey    gossh.Signer
	gate       *gate
	seats      seats
	class      *classroom
	show       show
	refusals   *refusalLog
	catalogues map[i18n.Lang]*i18n.Catalogue

	mu       sync.Mutex
	open     map[*connection]struct{}
	stopping bool
	work     sync.WaitGroup // connections and what their sessions run
}

// Serve serves until ctx ends, then ends every session with a line that says
// so, waits for all of them, at most Options.Stop, and returns nil. It returns an error if it cannot
// listen or accept.
func Serve(ctx context.Context, opt Options) error {
	s := &server{Options: opt.withDefaults(), open: map[*connection]struct{}{}, catalogues: map[i18n.Lang]*i18n.Catalogue{}}
	if err := s.check(); err != nil {
		return fmt.Errorf("serving over SSH: %w", err)
	}
	if err := s.load(); err != nil {
		return fmt.Errorf("serving over SSH: %w", err)
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", s.Addr)
	if err != nil {
		return fmt.Errorf("serving over SSH: %w", err)
	}
	if s.Ready != nil {
		s.Ready(l.Addr(), gossh.FingerprintSHA256(s.hostKey.PublicKey()))
	}
	return s.serve(ctx, l)
}

func (s *server) load() (err error) {
	for _, lang := range i18n.Langs() {
		if s.catalogues[lang], err = i18n.Load(lang, texts); err != nil {
			return err
		}
	}
	s.gate = newGate(s.Limits)
	s.class = newClassroom(s, s.Bus)
	s.seats.maxKept = max(1, s.MaxSessions/4)
	s.refusals = newRefusalLog(s.Logger, s.Metrics)
	s.hostKey, err = loadHostKey(s.HostKeyPath)
	return err
}

// serve accepts until ctx ends.
func (s *server) serve(ctx context.Context, l net.Listener) error {
	stopAccepting := context.AfterFunc(ctx, func() { l.Close() })
	defer stopAccepting()
	sessions, endSessions := context.WithCancelCause(context.WithoutCancel(ctx))
	logging, stopLogging := context.WithCancel(context.WithoutCancel(ctx))
	var logged sync.WaitGroup
	logged.Go(func() { s.refusals.run(logging) })
	joined, leaveClass := context.WithCancel(context.WithoutCancel(ctx))
	logged.Go(func() { s.class.run(joined) })
	err := s.accept(ctx, sessions, l)
	endSessions(sessionEnd(endShutdown))
	s.drain()
	leaveClass()
	stopLogging()
	logged.Wait()
	if ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("serving over SSH: %w", errors.Join(err, l.Close()))
}

// accept returns the error that ended it. After any other error, such as too
// many open files, it tries again: running sessions are not affected.
func (s *server) accept(ctx, sessions context.Context, l net.Listener) error {
	for {
		nc, err := l.Accept()
		switch {
		case err == nil:
			s.admit(sessions, nc)
			continue
		case ctx.Err() != nil || errors.Is(err, net.ErrClosed):
			return err
		}
		s.Logger.Warn("accepting", "error", err)
		select {
		case <-ctx.Done():
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// admit starts serving a connection, or closes it before the handshake.
func (s *server) admit(sessions context.Context, nc net.Conn) {
	c := newConnection(sessions, s, nc)
	if reason := c.enter(); reason != "" {
		c.refuse("", reason, "")
		c.cut()
		return
	}
	s.mu.Lock()
	s.open[c] = struct{}{}
	s.mu.Unlock()
	s.work.Go(func() {
		c.serve()
		s.mu.Lock()
		delete(s.open, c)
		s.mu.Unlock()
	})
}

// begin runs work of a connection in a new goroutine that drain waits for,
// unless the server is stopping.
func (s *server) begin(work func()) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopping {
		return false
	}
	s.work.Go(work)
	return true
}

// drain waits for all connections and cuts those that do not end by themselves.
// Work that hangs is left behind when its time is over, and logged.
func (s *server) drain() {
	cut := time.AfterFunc(2*s.Grace, s.cutAll)
	defer cut.Stop()
	for _, c := range s.stop() {
		c.closeWhenUnused()
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.work.Wait()
	}()
	late := time.NewTimer(s.Stop)
	defer late.Stop()
	select {
	case <-done:
	case <-late.C:
		s.Logger.Error("stopped before every session was cleaned up after", "waited", s.Stop)
	}
}

// stop prevents new work and returns the open connections.
func (s *server) stop() []*connection {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopping = true
	return slices.Collect(maps.Keys(s.open))
}

func (s *server) cutAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.open {
		c.cut()
	}
}

// contain runs work and recovers from its panic, which would end the server.
func (s *server) contain(what, remote string, work func()) (panicked bool) {
	defer func() {
		if r := recover(); r != nil {
			panicked = true
			s.panicked(what, remote, r, debug.Stack())
		}
	}()
	work()
	return false
}

func (s *server) panicked(what, remote string, reason any, stack []byte) {
	s.Logger.Error("panic", "in", what, "remote", remote, "panic", reason, "stack", string(stack))
}

// catalogue returns the texts in a visitor's language.
func (s *server) catalogue(env map[string]string) *i18n.Catalogue {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if v := env[name]; v != "" && v != "C" && v != "POSIX" && v != "C.UTF-8" {
			return s.catalogues[i18n.Detect(v)]
		}
	}
	return s.catalogues[s.Lang]
}
