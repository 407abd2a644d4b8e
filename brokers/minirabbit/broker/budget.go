package broker

import (
	"sync"
	"sync/atomic"
)

// A budget counts bytes or messages against a limit and holds back publishers while
// the limit is exceeded. Adding never fails; the caller calls wait afterwards.
//
// Waiting ends at three quarters of the limit, so that a publisher is not held back
// and released for every message.
type budget struct {
	limit int64
	used  atomic.Int64
	mu    sync.Mutex
	room  chan struct{} // closed when there is room; nil unless a publisher waits
}

func (b *budget) add(n int64) {
	now := b.used.Add(n)
	low := b.limit / 4 * 3
	if n < 0 && now <= low && now-n > low {
		b.release()
	}
}

// set replaces the count. Only one goroutine at a time may call it.
func (b *budget) set(n int64) { b.add(n - b.used.Load()) }

// release ends all waits.
func (b *budget) release() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.room != nil {
		close(b.room)
		b.room = nil
	}
}

// wait returns a channel that is closed once there is room, or nil if there is room
// now.
func (b *budget) wait() <-chan struct{} {
	if b.used.Load() <= b.limit {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.used.Load() <= b.limit {
		return nil
	}
	if b.room == nil {
		b.room = make(chan struct{})
	}
	return b.room
}

// take adds bytes that no consumer can free: those of a transaction or of an
// unfinished message. Holding back the publisher would block them for ever, so take
// refuses them if memory is short.
func (b *budget) take(n int64) error {
	if b.wait() != nil {
		return Refuse(ResourceError, "no memory for what is not finished")
	}
	b.add(n)
	return nil
}
