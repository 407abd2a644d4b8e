package measure

import (
	"sync"
	"sync/atomic"
	"time"
)

// Health follows whether something answers, from the outcome of every command. A
// server that refuses some commands and answers others changes its state at most
// once in steady: it counts as away until it has answered for that long.
type Health struct {
	now     func() time.Time
	changed func(err error, away time.Duration)

	ailing atomic.Bool // spares the healthy path the lock
	mu     sync.Mutex
	since  time.Time // of the trouble
	last   time.Time // last failure
	err    error
}

// steady is how long there must be no failure before a trouble is over.
const steady = time.Second

// NewHealth returns the health of something that answers. changed is called when
// it goes away, with the reason, and when it is back, with how long it was away.
func NewHealth(now func() time.Time, changed func(err error, away time.Duration)) *Health {
	return &Health{now: now, changed: changed}
}

// Up records that a command was answered.
func (h *Health) Up() {
	if !h.ailing.Load() {
		return
	}
	h.mu.Lock()
	now := h.now()
	was := h.err
	if was == nil || now.Sub(h.last) < steady {
		h.mu.Unlock()
		return
	}
	away := h.last.Sub(h.since)
	h.err = nil
	h.ailing.Store(false)
	h.mu.Unlock()
	h.changed(nil, away)
}

// Down records that a command failed.
func (h *Health) Down(err error) {
	h.mu.Lock()
	first := h.err == nil
	h.last = h.now()
	if first {
		h.since = h.last
	}
	h.err = err
	h.ailing.Store(true)
	h.mu.Unlock()
	if first {
		h.changed(err, 0)
	}
}

// Trouble returns the present fault and since when it lasts, or nil.
func (h *Health) Trouble() (since time.Time, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.since, h.err
}
