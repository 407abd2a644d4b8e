package sshd

import (
	"context"
	"errors"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"golang.org/x/time/rate"

	"resilab/labs/i18n"
	"resilab/tui/input"
	"resilab/tui/state"
)

// A program is sent a size at most once a resizeInterval, for the second or two that
// a person drags a window, and then once a resizePause: each makes it draw the whole
// screen.
const (
	resizeInterval = 100 * time.Millisecond
	resizePause    = time.Second
	resizeBurst    = 15
)

// resizes limits how often the size of one screen changes.
type resizes struct{ *rate.Limiter }

func newResizes() resizes { return resizes{rate.NewLimiter(rate.Every(resizePause), resizeBurst)} }

// pause counts a size, and returns how long the next one has to wait.
func (r resizes) pause() time.Duration { return max(resizeInterval, r.Reserve().Delay()) }

// run takes a session's place, finds out who the visitor is, runs the program
// and logs both ends.
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
	var person state.Person
	defer server.Metrics.Began("session")()
	defer func() { // deferred first: the line appears when the place is free again
		server.Logger.Info("session ended", "remote", s.conn.remote, "user", s.user, "person", person.ID,
			"seconds", int(time.Since(began).Seconds()), "reason", string(why), "error", err)
	}()
	defer s.conn.place.giveSession()
	if !s.readKeys() {
		return
	}
	var st *seat
	if server.Demo {
		if why, err = (demoPlayer{s}).play(""); why != "" {
			s.sayWhy(why)
			return
		}
	}
	if person, why, err = s.enter(); why == "" && person.ID != "" {
		st, why, err = s.takeSeat(person)
	}
	s.sayWhy(why)
	if st != nil && why != endTaken && why != endLost {
		<-st.cleaned
	}
}

// readKeys begins to read the channel into keys.
func (s *session) readKeys() bool {
	reader := input.NewReader(s.ctx)
	return s.conn.begin(func() { reader.Pump(s.channel) }) && s.conn.begin(func() { passKeys(s.ctx, reader, s.keys) })
}

// passKeys sends what is typed to the program that reads it at the moment.
func passKeys(ctx context.Context, from *input.Reader, to chan<- []byte) {
	buffer := make([]byte, 256)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		select {
		case to <- append([]byte(nil), buffer[:n]...):
		case <-ctx.Done():
			return
		}
	}
}

// takeSeat attaches the session to the person's running program or to a new
// one, and returns when the session is no longer attached.
func (s *session) takeSeat(person state.Person) (st *seat, why ending, err error) {
	kept, taken := s.conn.server.seats.of(person.ID)
	if kept == nil && taken != nil {
		answer, why, err := s.askTakeOver()
		switch {
		case why != "" || answer == answerLeave:
			return nil, why, err
		case answer == answerTake:
			kept = taken
		}
	}
	if kept != nil {
		if why, ok := s.sit(kept, true); ok {
			return kept, why, kept.result()
		}
	}
	st = newSeat(s, person)
	if err := s.prepare(st, s.conn.server.NewProgram); err != nil {
		st.end(err)
		s.conn.server.Metrics.BrokerError("starting")
		return nil, endNoStart, err
	}
	s.conn.server.seats.add(st)
	if !s.conn.server.begin(st.run) {
		st.abandon()
		return nil, endShutdown, nil
	}
	why, _ = s.sit(st, false)
	return st, why, st.result()
}

// sit attaches the session to a seat and waits until the program has ended, the
// line has dropped or another session has taken the seat. It reports false if
// the program had ended before.
func (s *session) sit(st *seat, again bool) (why ending, ok bool) {
	s.conn.server.seats.take(st)
	before, ok := st.attach(s, again)
	if !ok {
		<-st.over
		return st.why, !again
	}
	if again {
		s.conn.server.Logger.Info("session reattached", "remote", s.conn.remote, "user", s.user, "person", st.person.ID)
	}
	if before != nil {
		close(before.taken)
	}
	for {
		select {
		case <-st.over:
			return st.why, true
		case <-s.taken:
			_, _ = s.channel.Write([]byte(leaveScreen))
			return endTaken, true
		case <-s.gone:
			if st.detach(s) {
				return endLost, true
			}
			<-st.over
			return st.why, true
		case t := <-st.follow:
			st.followOther(s, t)
		}
	}
}

// ask runs a model that asks the visitor something.
func (s *session) ask(model tea.Model) (why ending, err error) {
	return s.runOn(newSeat(s, state.Person{}), model)
}

// runOn runs a model on a seat that is not kept.
func (s *session) runOn(st *seat, model tea.Model) (why ending, err error) {
	st.host(s, model)
	return st.runFor(s)
}

// runFor runs a seat that has a program for a session, and does not keep it. With
// ctrl+c the visitor leaves altogether: a program that is just ending for another
// reason, to make room for the next one, may have read that key and dropped it.
func (st *seat) runFor(s *session) (why ending, err error) {
	if !s.conn.server.begin(st.run) {
		st.end(sessionEnd(endShutdown))
		return endShutdown, nil
	}
	why, _ = s.sit(st, false)
	if why == "" && st.interrupted.Load() {
		why = endLeft
	}
	return why, st.result()
}

// sayWhy writes the line that says why the program ended, and closes the channel.
func (s *session) sayWhy(why ending) {
	server := s.conn.server
	switch why {
	case "", endLeft, endLost:
		s.leave(0, "")
	case endIdle:
		s.leave(0, "sshd.end.idle", i18n.FormatDuration(server.IdleTimeout))
	case endStay:
		s.leave(0, "sshd.end.stay", i18n.FormatDuration(server.MaxSession))
	case endShutdown, endTaken, endTeacher:
		s.leave(0, "sshd.end."+string(why))
	default:
		s.leave(1, "sshd.end."+string(why))
	}
}

var errPanic = errors.New("panic while the program was made")

// newProgram makes a visitor's program, as Options.NewProgram does.
type newProgram func(ctx context.Context, who SessionInfo) (tea.Model, func(), error)

// prepare calls a function that makes a program, recovers from its panics and
// gives the program to the seat.
func (s *session) prepare(st *seat, create newProgram) (err error) {
	w := s.size()
	server := s.conn.server
	who := SessionInfo{User: s.user, Person: st.person, Key: s.login.key, Admin: s.login.admin, Remote: s.conn.remote, Term: s.term, Environ: s.env,
		Lang: s.catalogue().Lang(), Width: w.width, Height: w.height, Crashed: st.crashed, Class: st.class(s.login.admin)}
	var model tea.Model
	var cleanup func()
	if server.contain("new program", s.conn.remote, func() { model, cleanup, err = create(st.ctx, who) }) {
		return errPanic
	}
	if err != nil {
		return err
	}
	if cleanup != nil {
		st.cleanup = cleanup
	}
	st.host(s, model)
	return nil
}

// class returns what the seat's person can do with others.
func (st *seat) class(admin bool) Class {
	c := Class{Watch: st.followPresented}
	if admin {
		c.Present = st.togglePresenting
	} else if st.server.Orders.Private {
		c.Refuse = st.toggleRefusing
	}
	return c
}

// sendSizes sends the newest size, not too often, until done.
func (s *session) sendSizes(send func(tea.Msg), done <-chan struct{}) {
	sizes := newResizes()
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
		pause.Reset(sizes.pause())
		select {
		case <-s.resized:
		case <-done:
			return
		}
	}
}

func (o Limits) timeLimits() timeLimits {
	return timeLimits{idle: o.IdleTimeout, stay: o.MaxSession, warn: o.Warning}
}
