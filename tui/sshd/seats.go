package sshd

import (
	"slices"
	"sync"

	"resilab/tui/state"
)

// seats are the running programs of people. It is safe for concurrent use.
type seats struct {
	maxKept int // how many may run without a session

	mu   sync.Mutex
	all  []*seat // the newest last
	kept []*seat // without a session, the oldest first
}

// add registers a seat, so that its person finds it again.
func (s *seats) add(st *seat) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = append(s.all, st)
}

func (s *seats) remove(st *seat) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = without(s.all, st)
	s.kept = without(s.kept, st)
}

// keep records that a seat has no session. The oldest such seats end when there
// are too many.
func (s *seats) keep(st *seat) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Contains(s.all, st) {
		return // it has ended meanwhile
	}
	s.kept = append(without(s.kept, st), st)
	for len(s.kept) > s.maxKept {
		s.kept[0].end(sessionEnd(endLost))
		s.kept = s.kept[1:]
	}
}

// take records that a seat has a session again.
func (s *seats) take(st *seat) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept = without(s.kept, st)
}

// of returns a person's seats: the newest one without a session and the newest
// one with a session; each may be nil.
func (s *seats) of(person string) (kept, taken *seat) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, st := range s.all {
		switch {
		case st.person.ID != person:
		case slices.Contains(s.kept, st):
			kept = st
		default:
			taken = st
		}
	}
	return kept, taken
}

// find returns the seat with an id, nil if there is none.
func (s *seats) find(id string) *seat {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := slices.IndexFunc(s.all, func(st *seat) bool { return st.id == id }); i >= 0 {
		return s.all[i]
	}
	return nil
}

// list returns all seats.
func (s *seats) list() []*seat {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.all)
}

// people returns who is here now.
func (s *seats) people() (people []state.Person) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, st := range s.all {
		people = append(people, st.person)
	}
	return people
}

func without(list []*seat, st *seat) []*seat {
	return slices.DeleteFunc(slices.Clone(list), func(other *seat) bool { return other == st })
}
