package gateway

import (
	"context"
	"sync"
	"time"
)

// workers are a limited number of workers with a queue before them, first come
// first served.
type workers struct {
	slots   chan struct{} // nil: no limit
	waiting chan struct{} // one element for each request in the queue
}

func newWorkers(capacity, queueLimit int) workers {
	if capacity <= 0 {
		return workers{}
	}
	return workers{
		slots:   make(chan struct{}, capacity),
		waiting: make(chan struct{}, max(0, queueLimit)),
	}
}

// enter waits for a worker. The caller must call release unless enter returns
// false: the queue was full, or ctx ended. The client's own context plays no part:
// an overloaded server works for clients that have given up.
func (w workers) enter(ctx context.Context) bool {
	if w.slots == nil {
		return true
	}
	select {
	case w.slots <- struct{}{}: // never free while the queue is not empty
		return true
	default:
	}
	select {
	case w.waiting <- struct{}{}:
	default:
		return false
	}
	defer func() { <-w.waiting }()
	select {
	case w.slots <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

func (w workers) release() {
	if w.slots != nil {
		<-w.slots
	}
}

// throttle admits a number of requests in each second.
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
