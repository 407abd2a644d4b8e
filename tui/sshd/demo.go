package sshd

import (
	"context"

	tea "github.com/charmbracelet/bubbletea"

	"resilab/tui/state"
)

// startDemo starts the command that plays a demo.
func (s *session) startDemo(name string) bool {
	switch {
	case s.conn.server.NewDemo == nil:
		return s.refuse("command", "command")
	case !s.hasPTY:
		return s.refuse("nopty", "no terminal")
	}
	return s.start(func() { s.runDemo(name) })
}

// runDemo takes a session's place and plays a demo until a key is pressed.
func (s *session) runDemo(name string) {
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
	why, err := s.playDemo(name)
	s.sayWhy(why)
	server.Logger.Info("demo ended", "remote", s.conn.remote, "user", s.user, "reason", string(why), "error", err)
}

// playDemo runs a demo's program until the visitor presses a key. It needs no
// other: only the longest stay ends it.
func (s *session) playDemo(name string) (why ending, err error) {
	st := newSeat(s, state.Person{})
	err = s.prepare(st, func(ctx context.Context, who SessionInfo) (tea.Model, func(), error) {
		return s.conn.server.NewDemo(ctx, who, name)
	})
	if err != nil {
		st.end(err)
		return endNoStart, err
	}
	st.guard.away.Store(true)
	why, err = s.runSeat(st)
	<-st.cleaned
	return why, err
}
