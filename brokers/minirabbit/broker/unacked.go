package broker

import "sort"

// A delivered is an entry that was sent to a channel's client and is not settled.
type delivered struct {
	tag      uint64
	entry    entry
	queue    *queue
	consumer *consumer // nil when it was fetched with basic.get
}

func (d *delivered) hole() bool { return d.queue == nil }

// An unackedList holds a channel's deliveries by tag. Tags only grow, so it is a
// sorted list with holes. Settling the oldest delivery, the usual case, takes
// constant time; any other takes O(log n).
type unackedList struct {
	items deque[delivered]
	live  int
}

// add appends a delivery; its tag must be larger than any before.
func (l *unackedList) add(d delivered) {
	if l.items.len() >= smallestRing && l.live < l.items.len()/2 {
		l.compact()
	}
	l.items.pushBack(d)
	l.live++
}

// take removes the delivery with that tag.
func (l *unackedList) take(tag uint64) (delivered, bool) {
	i := l.index(tag)
	if i < 0 {
		return delivered{}, false
	}
	d := *l.items.at(i)
	*l.items.at(i) = delivered{tag: tag}
	l.live--
	l.trim()
	return d, true
}

// takeThrough appends to out every delivery up to and including the tag, oldest
// first. If there is no delivery with that tag, it removes nothing and reports
// false.
func (l *unackedList) takeThrough(tag uint64, out []delivered) ([]delivered, bool) {
	i := l.index(tag)
	if i < 0 {
		return out, false
	}
	return l.takeFirst(i+1, out), true
}

// takeAll appends all deliveries to out, oldest first.
func (l *unackedList) takeAll(out []delivered) []delivered { return l.takeFirst(l.items.len(), out) }

func (l *unackedList) takeFirst(n int, out []delivered) []delivered {
	for range n {
		if d := l.items.popFront(); !d.hole() {
			out = append(out, d)
			l.live--
		}
	}
	l.trim()
	return out
}

// putBack adds deliveries that were taken.
func (l *unackedList) putBack(ds []delivered) {
	all := l.takeAll(append([]delivered(nil), ds...))
	sort.Slice(all, func(i, j int) bool { return all[i].tag < all[j].tag })
	for _, d := range all {
		l.add(d)
	}
}

// index returns the position of a delivery, or -1. Unless holes were removed, the
// i-th item has the i-th tag after the first, so the first guess is mostly right.
func (l *unackedList) index(tag uint64) int {
	n := l.items.len()
	if n == 0 || tag < l.items.at(0).tag {
		return -1
	}
	i := n
	if guess := tag - l.items.at(0).tag; guess < uint64(n) && l.items.at(int(guess)).tag == tag {
		i = int(guess)
	} else {
		i = sort.Search(n, func(i int) bool { return l.items.at(i).tag >= tag })
	}
	if i == n || l.items.at(i).tag != tag || l.items.at(i).hole() {
		return -1
	}
	return i
}

// trim removes the holes at the front.
func (l *unackedList) trim() {
	for l.items.len() > 0 && l.items.at(0).hole() {
		l.items.popFront()
	}
}

// compact removes all holes.
func (l *unackedList) compact() {
	l.items.removeFunc(func(d delivered) bool { return d.hole() })
}
