package minirabbit

import (
	"sync"
	"sync/atomic"

	"resilab/brokers/minirabbit/codec"
)

// The reasons for holding back a publisher.
const (
	byServer = 1 << iota // Server.Block
	byMemory             // a queue, or all together, reached the limit
)

// notices tell a client that it is held back from publishing and when that ends,
// with one notice each for any number of reasons.
type notices struct {
	out       *outbox
	publishes atomic.Bool // the client has published

	mu      sync.Mutex
	reasons int
	wanted  bool // the client supports connection.blocked
}

func (n *notices) block(why int, text string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.reasons == 0 && n.wanted {
		n.out.method(0, &codec.ConnectionBlocked{Reason: text})
	}
	n.reasons |= why
}

func (n *notices) unblock(why int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.reasons == 0 {
		return
	}
	n.reasons &^= why
	if n.reasons == 0 && n.wanted {
		n.out.method(0, &codec.ConnectionUnblocked{})
	}
}

// active reports whether the client is held back.
func (n *notices) active() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.reasons != 0
}

func (n *notices) want() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.wanted = true
}
