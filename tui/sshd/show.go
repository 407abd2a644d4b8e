package sshd

import (
	"crypto/rand"
	"sync"

	"resilab/tui/stage"
)

// newID returns a name for a seat that no other server gives.
func newID() string { return rand.Text() }

// target is a screen that can be followed.
type target struct {
	id    string // of its seat
	label string // of its person
	stage *stage.Stage
}

// show is what is presented to the class: one screen at a time. It is safe for
// concurrent use.
type show struct {
	mu      sync.Mutex
	now     target // without a stage: nothing
	changed chan struct{}
}

// begin presents a screen in place of the one before.
func (s *show) begin(t target) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.change(t)
}

// end stops presenting a seat's screen and reports whether it was presented.
func (s *show) end(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.now.stage == nil || s.now.id != id {
		return false
	}
	s.change(target{})
	return true
}

// current returns what is presented; changed is closed when that changes.
func (s *show) current() (t target, changed <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.changed == nil {
		s.changed = make(chan struct{})
	}
	return s.now, s.changed
}

// change replaces what is presented. s.mu is held.
func (s *show) change(t target) {
	s.now = t
	if s.changed != nil {
		close(s.changed)
		s.changed = nil
	}
}

// togglePresenting presents the seat's screen to the class, or stops that.
func (st *seat) togglePresenting() {
	kind := orderPresent
	if st.guard.shown.presents.Load() {
		kind = orderUnpresent
	}
	st.server.Logger.Info(kind, "person", st.person.ID)
	st.server.begin(func() { // the other servers may be far
		if err := st.server.class.order(st.ctx, order{Kind: kind, Seat: st.id, Label: st.person.Label()}); err != nil {
			st.server.Logger.Error(kind, "person", st.person.ID, "error", err)
		}
	})
}

// obeyPresent presents a screen in place of the one before, which may be another
// server's, and invites everybody here.
func (s *server) obeyPresent(o order) {
	t := target{id: o.Seat, label: clean(o.Label, maxName)}
	for _, st := range s.seats.list() {
		st.guard.shown.presents.Store(st.id == o.Seat)
		if st.id == o.Seat {
			t.stage = st.stage
			st.tell("sshd.present.begin")
		} else {
			st.tell("sshd.present.invite", t.label)
		}
	}
	if t.stage == nil && s.class.bus != nil {
		t = s.class.remote(t.id, t.label)
	}
	if t.stage != nil {
		s.show.begin(t)
	}
}

// obeyUnpresent ends presenting a screen.
func (s *server) obeyUnpresent(id string) {
	s.show.end(id)
	if st := s.seats.find(id); st != nil {
		st.guard.shown.presents.Store(false)
		st.stage.Dismiss()
		st.tell("sshd.present.end")
	}
}

// followPresented shows what is presented to the seat's session.
func (st *seat) followPresented() {
	switch t, _ := st.server.show.current(); {
	case t.stage == nil:
		st.tell("sshd.watch.nothing")
	case t.id != st.id:
		st.look(t)
	}
}

// look makes the attached session follow a screen.
func (st *seat) look(t target) {
	select {
	case st.follow <- t:
	default: // it is about to follow another
	}
}

// visible reports whether others may see a seat's screen now.
func visible(st *seat) bool { return !st.refuses.Load() || st.guard.shown.presents.Load() }

// toggleRefusing ends looking at the seat's screen and refuses it from now on,
// or allows it again.
func (st *seat) toggleRefusing() {
	refuses := !st.refuses.Load()
	st.refuses.Store(refuses)
	if !refuses {
		st.tell("sshd.look.allowed")
		return
	}
	if t, _ := st.server.show.current(); t.id != st.id {
		st.stage.Dismiss()
	}
	st.tell("sshd.look.refused")
}
