package cacheaside

import (
	"sync"
	"time"
)

// botIDs is how many ids beyond the catalogue the bots ask for, again and again.
const botIDs = 50

// newcomer is a product that enters the catalogue while bots ask for its id:
// whoever remembers that it is not there hides it. One at a time.
type newcomer struct {
	mu     sync.Mutex
	id     int // 0: none
	born   time.Time
	hidden time.Duration // longest of all
}

// enters notes that a product is in the catalogue from now on; id 0 that it left.
func (n *newcomer) enters(id int, now time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.id, n.born = id, now
}

func (n *newcomer) present() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.id
}

// denied notes that a read which began at a moment was told that there is no
// such product.
func (n *newcomer) denied(id int, began time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if id == n.id && began.After(n.born) {
		n.hidden = max(n.hidden, began.Sub(n.born))
	}
}

func (n *newcomer) longestHidden() time.Duration {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.hidden
}
