package sshd

import (
	"context"
	"errors"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"resilab/labs/i18n"
	"resilab/tui/input"
)

// resizeInterval is the least time between two sizes that a program is sent:
// each makes it draw the whole screen.
const resizeInterval = 100 * time.Millisecond

// framesPerSecond bounds what is sent; a program that changes less sends less.
const framesPerSecond = 20

// run takes a session's place, runs the program and logs both ends.
func (s *session) run() {
	server := s.conn.server
	if !s.conn.place.takeSession() {
		s.conn.refuse(s.user, "full", "")
		s.leave(1, "sshd.refuse.full", server.MaxSessions)
		return
	}
	began := time.Now()
	server.Logger.Info("session began", "remote", s.conn.remote, "user", s.user, "key", s.login.key)
	var why ending
	var err error
	defer func() { // deferred first: the line appears when the place is free again
		server.Logger.Info("session ended", "remote", s.conn.remote, "user", s.user,
			"seconds", int(time.Since(began).Seconds()), "reason", string(why), "error", err)
	}()
	defer s.conn.place.giveSession()
	why, err = s.runProgram()
}

// runProgram makes the program, runs it and cleans up after it. The channel is
// closed before the cleaning, which may take a moment.
func (s *session) runProgram() (why ending, err error) {
	defer s.end(context.Canceled)
	model, cleanup, err := s.newProgram()
	if err != nil {
		s.leave(1, "sshd.end."+string(endNoStart))
		return endNoStart, err
	}
	defer s.conn.contain("cleanup", cleanup)
	server := s.conn.server
	g := newGuard(s.ctx, model, server.catalogue(s.env), server.timeLimits())
	err = s.runTea(g)
	why = s.ending(g, err)
	switch why {
	case "":
		s.leave(0, "")
	case endIdle:
		s.leave(0, "sshd.end.idle", i18n.FormatDuration(server.IdleTimeout))
	case endStay:
		s.leave(0, "sshd.end.stay", i18n.FormatDuration(server.MaxSession))
	case endShutdown:
		s.leave(0, "sshd.end.shutdown")
	default:
		s.leave(1, "sshd.end."+string(endPanic))
	}
	if why != endPanic {
		err = nil
	}
	return why, err
}

// ending returns why the program ended; it is empty if the visitor left.
func (s *session) ending(g *guard, err error) ending {
	if end, ok := errors.AsType[sessionEnd](context.Cause(s.ctx)); ok {
		return ending(end)
	}
	if g.why != "" {
		return g.why
	}
	if errors.Is(err, tea.ErrProgramPanic) || err != nil && s.ctx.Err() == nil {
		return endPanic
	}
	return ""
}

// crashed ends a session after a panic in a goroutine that its program started.
func (s *session) crashed(reason any, stack []byte) {
	s.conn.panicked("program", reason, stack)
	s.end(sessionEnd(endPanic))
}

var errPanic = errors.New("panic while the program was made")

// newProgram calls the server's NewProgram and recovers from its panics.
func (s *session) newProgram() (model tea.Model, cleanup func(), err error) {
	w := s.size()
	server := s.conn.server
	who := SessionInfo{User: s.user, Name: s.login.name, Key: s.login.key, Remote: s.conn.remote, Term: s.term, Environ: s.env,
		Lang: server.catalogue(s.env).Lang(), Width: w.width, Height: w.height, Crashed: s.crashed}
	if s.conn.contain("new program", func() { model, cleanup, err = server.NewProgram(s.ctx, who) }) {
		return nil, nil, errPanic
	}
	if cleanup == nil {
		cleanup = func() {}
	}
	return model, cleanup, err
}

// runTea runs the program until it ends, the visitor leaves or the server
// stops. If the program hangs, because its client does not read or by a
// defect, its connection is cut, which ends what it waits for.
func (s *session) runTea(g *guard) (err error) {
	keys := input.NewReader(s.ctx)
	if !s.conn.begin(func() { keys.Pump(s.channel) }) {
		return context.Canceled
	}
	p := tea.NewProgram(g, tea.WithContext(s.ctx), tea.WithInput(keys), tea.WithOutput(s.channel),
		tea.WithEnvironment([]string{"TERM=" + s.term}), tea.WithoutSignalHandler(),
		tea.WithAltScreen(), tea.WithFPS(framesPerSecond))
	done := make(chan struct{})
	feeders := s.feed(p, g, done)
	if s.conn.contain("program", func() { _, err = p.Run() }) {
		err = tea.ErrProgramPanic
	}
	p.Kill() // unblocks a feeder in p.Send
	close(done)
	<-feeders
	return err
}

// feed sends the window's size, and cuts the connection of a program that
// runs longer than it may. The returned channel is closed when both have ended.
func (s *session) feed(p *tea.Program, g *guard, done <-chan struct{}) <-chan struct{} {
	over := make(chan struct{})
	sizes := make(chan struct{})
	go func() {
		defer close(sizes)
		s.conn.contain("sizes", func() { s.sendSizes(p.Send, done) })
	}()
	go func() {
		defer close(over)
		s.conn.contain("deadline", func() { s.enforce(g, done) })
		<-sizes
	}()
	return over
}

// sendSizes sends the newest size, at most once a resizeInterval, until done.
func (s *session) sendSizes(send func(tea.Msg), done <-chan struct{}) {
	pause := time.NewTimer(0)
	defer pause.Stop()
	for {
		select {
		case <-pause.C:
		case <-done:
			return
		}
		w := s.size()
		send(tea.WindowSizeMsg{Width: w.width, Height: w.height})
		pause.Reset(resizeInterval)
		select {
		case <-s.resized:
		case <-done:
			return
		}
	}
}

// enforce cuts the connection when the program's time and the grace are over.
func (s *session) enforce(g *guard, done <-chan struct{}) {
	grace := s.conn.server.Grace
	for {
		left, _ := g.remaining()
		if left <= -grace {
			s.conn.cut()
			<-done
			return
		}
		timer := time.NewTimer(left + grace)
		select {
		case <-done:
			timer.Stop()
			return
		case <-timer.C:
		case <-s.ctx.Done():
			timer.Reset(grace)
			select {
			case <-done:
			case <-timer.C:
				s.conn.cut()
				<-done
			}
			return
		}
	}
}

func (o Options) timeLimits() timeLimits {
	return timeLimits{idle: o.IdleTimeout, stay: o.MaxSession, warn: o.Warning}
}
