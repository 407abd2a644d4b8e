// Package topology decides which lane the next order of a user goes to, as lanes
// are added and removed, and compares that with other systems.
package topology

import (
	"slices"
	"sync"

	"resilab/brokers/minirabbit/chash"
	"resilab/labs/convoy/routing"
	"resilab/labs/convoy/transport"
)

// Rule is how a lane is chosen.
type Rule int

// The rules.
const (
	ByRing       Rule = iota // RabbitMQ's x-consistent-hash exchange
	ByPartition              // Kafka's default partitioner
	BySubject                // NATS's partition function
	ByModulus                // hash modulo the number of lanes
	InTurn                   // one lane after another, for all users together
	AllInTheSame             // there is one lane
)

// byKey reports whether all orders of a user go to one lane.
func (r Rule) byKey() bool {
	return r == ByRing || r == ByPartition || r == BySubject || r == ByModulus
}

// Lane is a lane and whether new orders are routed to it.
type Lane struct {
	transport.Lane
	Open bool
}

// Lanes are the lanes of a run. All methods are safe for concurrent use.
type Lanes struct {
	rule  Rule
	name  func(number int) transport.Lane
	names []string // of the users, which are the keys

	mu         sync.Mutex
	lanes      []Lane // in binding order; the ones that are leaving come last
	made       int
	ring       chash.Ring
	generation int
	byUser     []transport.Lane
	routes     *Routes
}

// New returns count open lanes for so many users. name makes a lane of its
// number.
func New(rule Rule, users, count int, name func(number int) transport.Lane) *Lanes {
	t := &Lanes{rule: rule, name: name, names: make([]string, users)}
	for u := range t.names {
		t.names[u] = transport.UserName(u)
	}
	for range count {
		t.open(t.next())
	}
	t.reroute()
	return t
}

// next names the next lane. Partitions of NATS are counted without gaps, so that one comes
// again after it was removed; all others are new. t.mu is held.
func (t *Lanes) next() transport.Lane {
	if t.rule == BySubject {
		return t.name(t.openCount() + 1)
	}
	t.made++
	return t.name(t.made)
}

// open routes orders to a lane. t.mu is held.
func (t *Lanes) open(l transport.Lane) {
	t.lanes = slices.Insert(t.lanes, t.openCount(), Lane{l, true})
	t.ring.Bind(l.Queue, 1)
}

// openCount is how many lanes are open. t.mu is held.
func (t *Lanes) openCount() int {
	n := 0
	for n < len(t.lanes) && t.lanes[n].Open {
		n++
	}
	return n
}

// reroute computes where every user's orders go. t.mu is held.
func (t *Lanes) reroute() {
	t.byUser = nil
	if !t.rule.byKey() {
		return
	}
	t.byUser = make([]transport.Lane, len(t.names))
	for u, name := range t.names {
		t.byUser[u] = t.keyed(name)
	}
	if t.rule == ByModulus {
		return
	}
	var numbers []int
	for _, l := range t.lanes[:t.openCount()] {
		numbers = append(numbers, l.Number)
	}
	t.routes = newRoutes(len(t.names), numbers)
}

// keyed returns the lane of a key. t.mu is held.
func (t *Lanes) keyed(key string) transport.Lane {
	n := t.openCount()
	switch t.rule {
	case ByPartition:
		return t.lanes[routing.Partitions(n).Route(key)].Lane
	case BySubject:
		return t.lanes[routing.Subjects(n).Route(key)].Lane
	case ByModulus:
		return t.lanes[routing.Modulus(n).Route(key)].Lane
	}
	queue, _ := t.ring.Route(chash.Hash(key)) // a lane is open at all times
	i := slices.IndexFunc(t.lanes, func(l Lane) bool { return l.Queue == queue })
	return t.lanes[i].Lane
}

// Route returns the lane of order n, which a user places now, and the
// generation of the lanes.
func (t *Lanes) Route(user int, n uint64) (l transport.Lane, generation int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.byUser != nil:
		l = t.byUser[user]
	case t.rule == InTurn:
		l = t.lanes[int(n%uint64(t.openCount()))].Lane
	default:
		l = t.lanes[0].Lane
	}
	return l, t.generation
}

// All returns the lanes, in binding order; the ones that are leaving come last.
func (t *Lanes) All() []Lane {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.lanes)
}

// Open returns the lanes that orders are routed to, in binding order.
func (t *Lanes) Open() []Lane {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.lanes[:t.openCount()])
}

// Routes compares where systems send the users' orders; nil where orders are
// not routed by key. The value is immutable.
func (t *Lanes) Routes() *Routes {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.routes
}

// Make names a new lane, which orders are not routed to yet. It reports false where a lane
// of that name was closed and is not dropped yet.
func (t *Lanes) Make() (l transport.Lane, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	l = t.next()
	return l, !slices.ContainsFunc(t.lanes, func(other Lane) bool { return other.Lane == l })
}

// Extend routes orders to a lane that Make named. It returns the new generation.
func (t *Lanes) Extend(l transport.Lane) (generation int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.generation++
	t.open(l)
	t.reroute()
	return t.generation
}

// Close stops routing orders to the lane that was bound first or last. It does
// nothing to the only one.
func (t *Lanes) Close(first bool) (closed transport.Lane, generation int, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := t.openCount()
	if n < 2 {
		return closed, t.generation, false
	}
	at := n - 1
	if first {
		at = 0
	}
	l := t.lanes[at]
	l.Open = false
	t.lanes = append(slices.Delete(t.lanes, at, at+1), l)
	t.ring.Unbind(l.Queue)
	t.generation++
	t.reroute()
	return l.Lane, t.generation, true
}

// Drop removes a lane that was closed.
func (t *Lanes) Drop(l transport.Lane) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lanes = slices.DeleteFunc(t.lanes, func(other Lane) bool { return other.Lane == l && !other.Open })
}
