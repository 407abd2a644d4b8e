package sshd

import (
	"context"

	tea "github.com/charmbracelet/bubbletea"

	"resilab/tui/state"
)

// demoPlayer is a session that plays a demo.
type demoPlayer struct{ *session }

// start starts the command that plays a demo.
func (s demoPlayer) start(name string) bool {
	if s.conn.server.NewDemo == nil {
		return s.refuse("command", "command")
	}
	return showOn(s.session, func() { s.run(name) })
}

// run takes a session's place and plays a demo until a key is pressed.
func (s demoPlayer) run(name string) {
	server := s.conn.server
	if !s.conn.place.takeSession() {
		s.conn.refuse(s.user, "full", "")
		s.leave(1, "sshd.refuse.full", server.MaxSessions)
		return
	}
	defer s.conn.place.giveSession()
	defer server.Metrics.Began("demo")()
	if !s.readKeys() {
		return
	}
	server.Logger.Info("demo began", "remote", s.conn.remote, "user", s.user, "demo", name)
	why, err := s.play(name)
	s.sayWhy(why)
	server.Logger.Info("demo ended", "remote", s.conn.remote, "user", s.user, "reason", string(why), "error", err)
}

// play runs a demo's program until the visitor presses a key. It needs no
// other: only the longest stay ends it.
func (s demoPlayer) play(name string) (why ending, err error) {
	st := newSeat(s.session, state.Person{})
	err = s.prepare(st, func(ctx context.Context, who SessionInfo) (tea.Model, func(), error) {
		return s.conn.server.NewDemo(ctx, who, name)
	})
	if err != nil {
		st.end(err)
		return endNoStart, err
	}
	st.guard.away.Store(true)
	why, err = st.runFor(s.session)
	<-st.cleaned
	return why, err
}
