package service

import (
	"container/list"
	"sync"
)

// lruTracker keeps the cache to a number of copies: it records which were used
// most recently, and returns the one to evict. A nil tracker has room for all.
type lruTracker struct {
	size  int
	mu    sync.Mutex
	order *list.List // ids, the most recently used first
	at    map[int]*list.Element
}

// newLRUTracker returns nil for size 0: no bound.
func newLRUTracker(size int) *lruTracker {
	if size <= 0 {
		return nil
	}
	return &lruTracker{size: size, order: list.New(), at: map[int]*list.Element{}}
}

// touch records that a copy was used.
func (t *lruTracker) touch(id int) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if e := t.at[id]; e != nil {
		t.order.MoveToFront(e)
	}
}

// add records that a copy exists, and returns the ids to evict for it, as a rule
// one or none.
func (t *lruTracker) add(id int) (victims []int) {
	if t == nil {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if e := t.at[id]; e != nil {
		t.order.MoveToFront(e)
	} else {
		t.at[id] = t.order.PushFront(id)
	}
	for t.order.Len() > t.size {
		victim := t.order.Remove(t.order.Back()).(int)
		delete(t.at, victim)
		victims = append(victims, victim)
	}
	return victims
}

// putBack takes a victim back that could not be deleted. It is evicted next.
func (t *lruTracker) putBack(id int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.at[id] == nil {
		t.at[id] = t.order.PushBack(id)
	}
}

// held returns how many copies there are, and how many there may be.
func (t *lruTracker) held() (copies, most int) {
	if t == nil {
		return 0, 0
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.order.Len(), t.size
}
