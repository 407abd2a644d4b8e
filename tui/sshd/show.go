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
	log, class := st.server.Logger, st.server.seats.list()
	if st.server.show.end(st.id) {
		log.Info("presenting ended", "person", st.person.ID)
		st.guard.shown.presents.Store(false)
		st.stage.Dismiss()
		st.tell("sshd.present.end")
		return
	}
	for _, other := range class {
		other.guard.shown.presents.Store(other == st)
	}
	st.server.show.begin(target{st.id, st.person.Label(), st.stage})
	log.Info("presenting", "person", st.person.ID)
	st.tell("sshd.present.begin")
	for _, other := range class {
		if other != st {
			other.tell("sshd.present.invite", st.person.Label())
		}
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
