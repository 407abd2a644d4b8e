package measure

import (
	"sync"
	"time"
)

// LateProduct is a product that enters the catalogue while clients ask for its
// id: a copy of its absence hides it. There is one at a time. The zero value is
// ready to use, by several goroutines at once.
type LateProduct struct {
	mu     sync.Mutex
	id     int // 0: none
	born   time.Time
	hidden time.Duration // longest of all
}

// Enter records that a product is in the catalogue from now on; id 0 that it left.
func (l *LateProduct) Enter(id int, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.id, l.born = id, now
}

// Present returns the id of the product; 0 means none.
func (l *LateProduct) Present() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.id
}

// Denied records that a read which began at a moment was answered that there is
// no such product.
func (l *LateProduct) Denied(id int, began time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if id == l.id && began.After(l.born) {
		l.hidden = max(l.hidden, began.Sub(l.born))
	}
}

// LongestHidden returns for how long such a product was hidden at most.
func (l *LateProduct) LongestHidden() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.hidden
}
