package broker

import "sort"

// A delivered is an entry that a channel's client has but did not settle yet.
type delivered struct {
	tag      uint64
	entry    entry
	queue    *queue
	consumer *consumer // nil when it was fetched with basic.get
}

func (d *delivered) hole() bool { return d.queue == nil }

// A ledger keeps what a channel delivered, by delivery tag. Tags only grow, so
// it is a sorted list with holes: the usual case, settling the oldest, costs
// O(1), any other O(log n).
type ledger struct {
	items deque[delivered]
	live  int
}

// add appends a delivery; its tag must be larger than any before.
func (l *ledger) add(d delivered) {
	if l.items.len() >= smallestRing && l.live < l.items.len()/2 {
		l.compact()
	}
	l.items.pushBack(d)
	l.live++
}

// take removes the delivery with that tag.
func (l *ledger) take(tag uint64) (delivered, bool) {
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

// takeThrough appends to out, oldest first, every delivery up to and including
// the tag. It fails, and removes nothing, when the tag itself is not there.
func (l *ledger) takeThrough(tag uint64, out []delivered) ([]delivered, bool) {
	i := l.index(tag)
	if i < 0 {
		return out, false
	}
	return l.takeFirst(i+1, out), true
}

// takeAll appends everything to out, oldest first.
func (l *ledger) takeAll(out []delivered) []delivered { return l.takeFirst(l.items.len(), out) }

func (l *ledger) takeFirst(n int, out []delivered) []delivered {
	for range n {
		if d := l.items.popFront(); !d.hole() {
			out = append(out, d)
			l.live--
		}
	}
	l.trim()
	return out
}

// putBack returns deliveries that were taken; what else is there stays.
func (l *ledger) putBack(ds []delivered) {
	all := l.takeAll(append([]delivered(nil), ds...))
	sort.Slice(all, func(i, j int) bool { return all[i].tag < all[j].tag })
	for _, d := range all {
		l.add(d)
	}
}

// index finds a delivery; -1 means that the tag is not there. While there are
// no holes taken out, the i-th item has the i-th tag after the first, so the
// first guess is mostly right.
func (l *ledger) index(tag uint64) int {
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

// trim drops the holes in front.
func (l *ledger) trim() {
	for l.items.len() > 0 && l.items.at(0).hole() {
		l.items.popFront()
	}
}

// compact drops all holes.
func (l *ledger) compact() {
	l.items.removeFunc(func(d delivered) bool { return d.hole() })
}
