package cacheaside

import (
	"container/list"
	"sync"
)

// bound keeps the cache to a number of copies: it knows which were used most
// recently, and names the one that has to go. A nil bound has room for all.
type bound struct {
	size  int
	mu    sync.Mutex
	order *list.List // ids, the most recently used first
	at    map[int]*list.Element
}

// newBound returns nil for size 0: no bound.
func newBound(size int) *bound {
	if size <= 0 {
		return nil
	}
	return &bound{size: size, order: list.New(), at: map[int]*list.Element{}}
}

// touch notes that a copy was used.
func (b *bound) touch(id int) {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if e := b.at[id]; e != nil {
		b.order.MoveToFront(e)
	}
}

// add notes that there is a copy, and returns the ids of those that have to go
// for it, as a rule one or none.
func (b *bound) add(id int) (victims []int) {
	if b == nil {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if e := b.at[id]; e != nil {
		b.order.MoveToFront(e)
	} else {
		b.at[id] = b.order.PushFront(id)
	}
	for b.order.Len() > b.size {
		victim := b.order.Remove(b.order.Back()).(int)
		delete(b.at, victim)
		victims = append(victims, victim)
	}
	return victims
}

// keep takes a victim back that could not be deleted; it will be the next to go.
func (b *bound) keep(id int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.at[id] == nil {
		b.at[id] = b.order.PushBack(id)
	}
}

// held returns how many copies there are, and how many there may be.
func (b *bound) held() (copies, most int) {
	if b == nil {
		return 0, 0
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.order.Len(), b.size
}
