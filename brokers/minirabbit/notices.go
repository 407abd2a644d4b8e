package minirabbit

import (
	"sync"

	"resilab/brokers/minirabbit/codec"
)

// Why a publisher is held back.
const (
	byServer = 1 << iota // Server.Block
	byMemory             // a queue, or all together, reached the limit
)

// notices tells a client that it is held back from publishing and that it is
// not any more: once, however many reasons there are.
type notices struct {
	out *outbox

	mu      sync.Mutex
	reasons int
	wanted  bool // the client said that it understands them
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
