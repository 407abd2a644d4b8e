package embedded

import (
	"sync"

	redisserver "github.com/alicebob/miniredis/v2/server"
)

// inbox holds the commands of a connection that were read and have not run. Like
// Redis the server reads on while a command blocks, or it would not see that the
// client is gone, and the command would take an element for nobody.
type inbox struct {
	mu      sync.Mutex
	changed *sync.Cond
	waiting []incoming
	bytes   int // of waiting
	ended   bool
	stopped bool
	blocked *redisserver.Peer // of the command that may block; nil: none runs
}

// maxAhead is how many bytes are read ahead.
const maxAhead = 1 << 20

func newInbox() *inbox {
	b := &inbox{}
	b.changed = sync.NewCond(&b.mu)
	return b
}

// put adds a command. It waits while too many are waiting, and reports whether any
// will still be taken.
func (b *inbox) put(r incoming) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for b.bytes > maxAhead && !b.stopped {
		b.changed.Wait()
	}
	b.waiting = append(b.waiting, r)
	b.bytes += r.size()
	b.changed.Broadcast()
	return !b.stopped
}

// take returns the next command; false after the last one.
func (b *inbox) take() (incoming, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for len(b.waiting) == 0 && !b.ended {
		b.changed.Wait()
	}
	if len(b.waiting) == 0 {
		return incoming{}, false
	}
	r := b.waiting[0]
	b.waiting = b.waiting[1:]
	b.bytes -= r.size()
	b.changed.Broadcast()
	return r, true
}

// end records that no more commands will arrive. It closes the peer of a command
// that may block, and reports whether there was one.
func (b *inbox) end() (blocked bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ended = true
	b.changed.Broadcast()
	if b.blocked != nil {
		b.blocked.Close()
	}
	return b.blocked != nil
}

// stop makes put return: no more commands will be taken.
func (b *inbox) stop() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.stopped = true
	b.changed.Broadcast()
}

// block registers the peer of a command that may block, until unblock.
func (b *inbox) block(p *redisserver.Peer) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.blocked = p
	if b.ended {
		p.Close()
	}
}

func (b *inbox) unblock() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.blocked = nil
}
