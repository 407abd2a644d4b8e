package sshd

import (
	"sync"
	"time"
)

// line is the session that a seat is attached to.
type line struct {
	mu        sync.Mutex
	session   *session
	elsewhere bool          // the session follows another screen
	until     chan struct{} // closed when the session is detached
	changed   chan struct{} // closed at the next change of session
	keep      *time.Timer   // ends a seat without a session
	closed    bool          // the program has ended
	feeders   sync.WaitGroup

	writing sync.Mutex // held by write
	wire    wire
}

// write sends what the program has written to the session that shows it, and returns
// how many bytes that took.
func (l *line) write(p []byte) (sent int) {
	l.writing.Lock()
	defer l.writing.Unlock()
	s, _, _ := l.shown()
	if s == nil {
		l.wire.forget()
		return 0
	}
	short := l.wire.shorten(p)
	_, _ = s.channel.Write(short) // a broken line is not the program's end
	return len(short)
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
	l.session, l.elsewhere = s, false
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

// shown returns the session that shows the program; nil while there is none, or
// while it follows another screen.
func (l *line) shown() (s *session, changed <-chan struct{}, closed bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.elsewhere {
		return nil, l.changed, l.closed
	}
	return l.session, l.changed, l.closed
}

// lookAway records that a session follows another screen, if it is still the
// attached one.
func (l *line) lookAway(s *session) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || l.session != s {
		return false
	}
	l.change(s)
	l.elsewhere = true
	return true
}

// lookBack ends that; until is closed when the session is detached.
func (l *line) lookBack(s *session) (until chan struct{}, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || l.session != s {
		return nil, false
	}
	l.change(s)
	l.until = make(chan struct{})
	return l.until, true
}
