package gateway

import (
	"sync"
	"time"
)

// line is the queue before a limited number of workers, first come first served.
type line struct {
	slots   chan struct{} // nil: no limit
	waiting chan struct{} // bounds those who wait
}

func newLine(capacity, room int) line {
	if capacity <= 0 {
		return line{}
	}
	return line{
		slots:   make(chan struct{}, capacity),
		waiting: make(chan struct{}, max(0, room)),
	}
}

// enter waits for a worker; release must follow unless the line was too long or
// the gateway closed. It does not look at the client: a server in trouble works
// for clients that have long given up.
func (l line) enter(closed <-chan struct{}) bool {
	if l.slots == nil {
		return true
	}
	select {
	case l.slots <- struct{}{}: // never free while somebody waits
		return true
	default:
	}
	select {
	case l.waiting <- struct{}{}:
	default:
		return false
	}
	defer func() { <-l.waiting }()
	select {
	case l.slots <- struct{}{}:
		return true
	case <-closed:
		return false
	}
}

func (l line) release() {
	if l.slots != nil {
		<-l.slots
	}
}

// throttle lets a number of requests in during each second.
type throttle struct {
	limit  int
	mu     sync.Mutex
	window time.Time
	used   int
}

func (t *throttle) allow(now time.Time) bool {
	if t.limit <= 0 {
		return true
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if now.Sub(t.window) >= time.Second {
		t.window, t.used = now, 0
	}
	t.used++
	return t.used <= t.limit
}
