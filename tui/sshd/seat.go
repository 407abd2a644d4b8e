package sshd

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"resilab/tui/state"
)

// framesPerSecond limits what is sent; a program that changes less sends less.
const framesPerSecond = 20

// seat is a running program that a session is attached to. When the session's
// line drops, the program goes on for a while, and the person's next session is
// attached to it. A seat is the input and output of its program.
type seat struct {
	server  *server
	person  state.Person
	remote  string // of the first session
	began   time.Time
	ctx     context.Context // ends with the server; the cause says why
	end     context.CancelCauseFunc
	guard   *guard
	program *tea.Program
	cleanup func()
	over    chan struct{} // closed when the program has ended; why and err are set before
	cleaned chan struct{} // closed after cleanup
	why     ending
	err     error
	rest    []byte // of a key sequence that was longer than the program's buffer

	line line
}

// line is the session that a seat is attached to.
type line struct {
	mu      sync.Mutex
	session *session
	until   chan struct{} // closed when the session is detached
	changed chan struct{} // closed at the next change of session
	keep    *time.Timer   // ends a seat without a session
	closed  bool          // the program has ended
	feeders sync.WaitGroup
}

// newSeat returns a seat for a session's program. NewProgram is called with the
// seat's context, and run must be called.
func newSeat(s *session, person state.Person) *seat {
	st := &seat{server: s.conn.server, person: person, remote: s.conn.remote, began: time.Now(),
		over: make(chan struct{}), cleaned: make(chan struct{}), cleanup: func() {},
		line: line{changed: make(chan struct{})}}
	st.ctx, st.end = context.WithCancelCause(s.conn.ctx)
	return st
}

// host sets the program of a seat that is not running yet.
func (st *seat) host(s *session, model tea.Model) {
	st.guard = newGuard(st.ctx, model, s.catalogue(), st.server.timeLimits())
	st.program = tea.NewProgram(st.guard, tea.WithContext(st.ctx), tea.WithInput(st), tea.WithOutput(st),
		tea.WithEnvironment([]string{"TERM=" + s.term}), tea.WithoutSignalHandler(),
		tea.WithAltScreen(), tea.WithFPS(framesPerSecond))
}

// run runs the program until it ends, its time is over or the server stops. If
// the program hangs, because its client does not read or by a defect, its
// connection is cut, which ends what it waits for.
func (st *seat) run() {
	defer close(st.cleaned)
	deadline, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(deadline)
		st.server.contain("deadline", st.remote, func() { st.enforce(done) })
	}()
	if st.server.contain("program", st.remote, func() { _, st.err = st.program.Run() }) {
		st.err = tea.ErrProgramPanic
	}
	st.program.Kill() // unblocks a feeder in Send
	close(done)
	<-deadline
	st.line.close()
	st.server.seats.remove(st)
	if st.why = st.ending(st.err); st.why != endPanic {
		st.err = nil
	}
	close(st.over)
	st.end(context.Canceled)
	st.server.contain("cleanup", st.remote, st.cleanup)
}

// ending returns why the program ended; it is empty if the visitor left.
func (st *seat) ending(err error) ending {
	if end, ok := errors.AsType[sessionEnd](context.Cause(st.ctx)); ok {
		return ending(end)
	}
	if st.guard.why != "" {
		return st.guard.why
	}
	if errors.Is(err, tea.ErrProgramPanic) || err != nil && st.ctx.Err() == nil {
		return endPanic
	}
	return ""
}

// enforce cuts the connection when the program's time and the grace are over.
func (st *seat) enforce(done <-chan struct{}) {
	grace := st.server.Grace
	for {
		left, _ := st.guard.remaining()
		wait := left + grace
		ended := st.ctx.Done()
		if st.ctx.Err() != nil {
			wait, ended = grace, nil
		} else if wait <= 0 {
			st.hangUp()
			<-done
			return
		}
		timer := time.NewTimer(wait)
		select {
		case <-done:
			timer.Stop()
			return
		case <-ended:
			timer.Stop()
		case <-timer.C:
			if ended == nil {
				st.hangUp()
				<-done
				return
			}
		}
	}
}

// hangUp ends a program that does not end by itself.
func (st *seat) hangUp() {
	if s := st.line.current(); s != nil {
		s.conn.cut()
	}
	st.end(context.Canceled)
}

// abandon ends a seat whose program was never run, because the server stops.
func (st *seat) abandon() {
	st.server.seats.remove(st)
	st.end(sessionEnd(endShutdown))
	st.server.contain("cleanup", st.remote, st.cleanup)
	close(st.cleaned)
}

// tell shows a teacher's line of text until the next key.
func (st *seat) tell(text string) {
	st.line.feed(func() { st.program.Send(messageMsg(text)) })
}

// idle returns the time since the last key.
func (st *seat) idle() time.Duration {
	return time.Since(time.Unix(0, st.guard.lastKey.Load()))
}

// result returns the error of a program that has ended, nil while it runs.
func (st *seat) result() error {
	select {
	case <-st.over:
		return st.err
	default:
		return nil
	}
}

// crashed ends a seat after a panic in a goroutine that its program started.
func (st *seat) crashed(reason any, stack []byte) {
	st.server.panicked("program", st.remote, reason, stack)
	st.end(sessionEnd(endPanic))
}

// Read implements io.Reader: the keys of the session that is attached.
func (st *seat) Read(p []byte) (int, error) {
	for len(st.rest) == 0 {
		s, changed, closed := st.line.state()
		if closed {
			return 0, io.EOF
		}
		var keys <-chan []byte // nil without a session: nothing arrives
		if s != nil {
			keys = s.keys
		}
		select {
		case st.rest = <-keys:
		case <-changed:
		case <-st.ctx.Done():
			return 0, io.EOF
		}
	}
	n := copy(p, st.rest)
	st.rest = st.rest[n:]
	return n, nil
}

// Write implements io.Writer. What is written without a session is lost: the
// next session gets the whole screen.
func (st *seat) Write(p []byte) (int, error) {
	if s := st.line.current(); s != nil {
		_, _ = s.channel.Write(p) // a broken line is not the program's end
	}
	return len(p), nil
}

// attach connects a session to the seat and returns the session that was
// attached before. It reports false if the program has ended.
func (st *seat) attach(s *session, again bool) (before *session, ok bool) {
	if again { // the program enters the alternate screen only once
		_, _ = s.channel.Write([]byte(enterScreen))
	}
	before, until, ok := st.line.set(s)
	if !ok {
		return nil, false
	}
	st.line.feed(func() {
		st.server.contain("sizes", st.remote, func() { s.sendSizes(st.program.Send, until) })
	})
	if again {
		st.line.feed(func() { st.program.Send(tea.ClearScreen()) })
	}
	return before, true
}

// What Bubble Tea writes when it enters and leaves the alternate screen, and
// the ends of the modes that a program may have set.
const (
	enterScreen = "\x1b[?1049h\x1b[2J\x1b[H\x1b[?25l\x1b[?2004h"
	leaveScreen = "\x1b[?2004l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?1049l\x1b[?25h"
)

// detach disconnects a session whose line has dropped. It reports whether the
// program runs on; it then ends unless another session is attached in time.
func (st *seat) detach(s *session) (kept bool) {
	keep := st.server.Keep
	if st.person.ID == "" || keep <= 0 {
		st.end(context.Canceled)
		return false
	}
	if !st.line.drop(s, keep, func() { st.end(sessionEnd(endLost)) }) {
		return st.ctx.Err() == nil // another session has taken the seat
	}
	st.server.Logger.Info("line lost", "remote", s.conn.remote, "user", s.user, "person", st.person.ID, "kept", keep)
	st.server.seats.keep(st)
	return true
}

// set attaches a session; until is closed when it is detached.
func (l *line) set(s *session) (before *session, until chan struct{}, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil, nil, false
	}
	if l.keep != nil {
		l.keep.Stop()
	}
	before = l.session
	l.change(s)
	l.until = make(chan struct{})
	return before, l.until, true
}

// drop detaches a session if it is the attached one, and calls end unless
// another is attached within keep.
func (l *line) drop(s *session, keep time.Duration, end func()) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || l.session != s {
		return false
	}
	l.change(nil)
	l.keep = time.AfterFunc(keep, end)
	return true
}

// change replaces the session. l.mu is held.
func (l *line) change(s *session) {
	if l.until != nil {
		close(l.until)
		l.until = nil
	}
	l.session = s
	close(l.changed)
	l.changed = make(chan struct{})
}

// close detaches the session for good and waits for what was sent to the
// program.
func (l *line) close() {
	l.mu.Lock()
	l.closed = true
	if l.keep != nil {
		l.keep.Stop()
	}
	l.change(nil)
	l.mu.Unlock()
	l.feeders.Wait()
}

// feed runs a send to the program aside, because it waits for the program. It
// does nothing after the program has ended.
func (l *line) feed(send func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.closed {
		l.feeders.Go(send)
	}
}

func (l *line) current() *session {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.session
}

func (l *line) state() (s *session, changed <-chan struct{}, closed bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.session, l.changed, l.closed
}
