package sshd

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync/atomic"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"resilab/tui/stage"
	"resilab/tui/state"
)

// framesPerSecond limits what is sent; a program that changes less sends less.
const framesPerSecond = 20

// ctrlC is what that key sends.
const ctrlC = 0x03

// seat is a running program that a session is attached to. When the session's
// line drops, the program goes on for a while, and the person's next session is
// attached to it. A seat is the input and output of its program.
type seat struct {
	server  *server
	id      string // names the seat among those of all servers
	person  state.Person
	remote  string          // of the first session
	ctx     context.Context // ends with the server; the cause says why
	end     context.CancelCauseFunc
	guard   *guard
	program *tea.Program
	cleanup func()
	stage   *stage.Stage // the program's screen, for those who follow it
	follow  chan target  // holds one: what the session is to follow
	refuses atomic.Bool  // nobody may look at the screen

	typed
	outcome
	line line
}

// typed is what the program has not answered yet.
type typed struct {
	rest  []byte       // of a key sequence that was longer than the program's buffer
	keyAt atomic.Int64 // when the oldest key without an answer came, Unix ns; 0: there is none
	// interrupted is set when the program has read ctrl+c.
	interrupted atomic.Bool
}

// outcome is how a seat's program has ended.
type outcome struct {
	over    chan struct{} // closed when the program has ended; why and err are set before
	cleaned chan struct{} // closed after cleanup
	why     ending
	err     error
}

// newSeat returns a seat for a session's program. NewProgram is called with the
// seat's context, and run must be called.
func newSeat(s *session, person state.Person) *seat {
	st := &seat{server: s.conn.server, id: newID(), person: person, remote: s.conn.remote,
		outcome: outcome{over: make(chan struct{}), cleaned: make(chan struct{})}, cleanup: func() {},
		follow: make(chan target, 1), line: line{changed: make(chan struct{})}}
	st.ctx, st.end = context.WithCancelCause(s.conn.ctx)
	st.stage = stage.New(st.wake)
	return st
}

// host sets the program of a seat that is not running yet.
func (st *seat) host(s *session, model tea.Model) {
	st.guard = newGuard(st.ctx, model, s.catalogue(), st.server.timeLimits())
	st.guard.metrics = st.server.Metrics
	st.guard.shown.follow(st.stage, model)
	st.guard.shown.away = st.server.Orders.Away
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
	st.server.show.end(st.id)
	st.stage.Dismiss()
	if st.why = st.ending(st.err); st.why != endPanic {
		st.err = nil
	}
	close(st.over)
	st.end(context.Canceled)
	keepActive(st)
	st.server.contain("cleanup", st.remote, st.cleanup)
}

// keepActive adds what a person has worked since the program began to what is kept
// of the person.
func keepActive(st *seat) {
	if st.person.ID == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(st.ctx), classTimeout)
	defer cancel()
	if err := state.AddActive(ctx, st.server.State, st.person.ID, st.guard.worked()); err != nil {
		st.server.Logger.Error("keeping the time of a person", "person", st.person.ID, "error", err)
	}
}

// ending returns why the program ended; it is empty if the visitor left.
func (st *seat) ending(err error) ending {
	if end, ok := causeOf(st.ctx); ok {
		return end
	}
	if st.guard.why != "" {
		return st.guard.why
	}
	if errors.Is(err, tea.ErrProgramPanic) || err != nil && st.ctx.Err() == nil {
		return endPanic
	}
	return ""
}

// causeOf returns the ending that ended a context.
func causeOf(ctx context.Context) (why ending, ok bool) {
	end, ok := errors.AsType[sessionEnd](context.Cause(ctx))
	return ending(end), ok
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
	st.stage.Dismiss()
	st.end(sessionEnd(endShutdown))
	st.server.contain("cleanup", st.remote, st.cleanup)
	close(st.cleaned)
}

// tell shows a line of text until the next key.
func (st *seat) tell(key string, args ...any) { st.send(messageMsg{key, args}) }

// send sends a message to the program without waiting for it.
func (st *seat) send(msg tea.Msg) { st.line.feed(func() { st.program.Send(msg) }) }

// wake makes the program draw for its followers, whose number may have changed.
func (st *seat) wake() { st.send(followersMsg{}) }

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
		s, changed, closed := st.line.shown()
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
	if bytes.IndexByte(st.rest, ctrlC) >= 0 {
		st.interrupted.Store(true)
	}
	st.keyAt.CompareAndSwap(0, time.Now().UnixNano())
	n := copy(p, st.rest)
	st.rest = st.rest[n:]
	return n, nil
}

// Write implements io.Writer. What is written without a session is lost: the
// next session gets the whole screen.
func (st *seat) Write(p []byte) (int, error) {
	st.server.Metrics.Sent(st.line.write(p))
	if at := st.keyAt.Swap(0); at != 0 {
		st.server.Metrics.KeyToFrame(time.Since(time.Unix(0, at)))
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
	st.show(s, until, again)
	return before, true
}

// show sends the session's sizes to the program until a channel is closed. again
// makes the program draw the whole screen.
func (st *seat) show(s *session, until <-chan struct{}, again bool) {
	st.line.feed(func() {
		st.server.contain("sizes", st.remote, func() { s.sendSizes(st.program.Send, until) })
	})
	if again {
		st.send(tea.ClearScreen())
	}
}

// followOther shows another screen to the attached session until one of them
// ends or the visitor comes back. The program runs on meanwhile.
func (st *seat) followOther(s *session, t target) {
	if !st.line.lookAway(s) {
		return
	}
	st.guard.leave(true)
	st.wake()
	over := watcher{s}.followScreen(t)
	st.guard.touch()
	st.guard.leave(false)
	st.wake()
	if until, ok := st.line.lookBack(s); ok {
		st.show(s, until, true)
		if over {
			st.tell("sshd.watch.over", t.label)
		}
	}
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
