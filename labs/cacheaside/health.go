package cacheaside

import (
	"sync"
	"sync/atomic"
	"time"
)

// health follows whether something answers, from how every command ended.
type health struct {
	ailing atomic.Bool // spares the healthy path the lock
	mu     sync.Mutex
	since  time.Time
	err    error
	now    func() time.Time
	// changed is told when it goes away (with the reason) and when it is back
	// (with how long it was away).
	changed func(err error, away time.Duration)
}

func (h *health) up() {
	if !h.ailing.Load() {
		return
	}
	h.mu.Lock()
	was, away := h.err, h.now().Sub(h.since)
	h.err = nil
	h.ailing.Store(false)
	h.mu.Unlock()
	if was != nil {
		h.changed(nil, away)
	}
}

func (h *health) down(err error) {
	h.mu.Lock()
	first := h.err == nil
	if first {
		h.since = h.now()
	}
	h.err = err
	h.ailing.Store(true)
	h.mu.Unlock()
	if first {
		h.changed(err, 0)
	}
}

// trouble returns the present fault and since when, or nil.
func (h *health) trouble() (since time.Time, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.since, h.err
}
