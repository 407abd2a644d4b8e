// Package ledger is the judge of the convoy lab: told what was confirmed and
// what was handled, it finds disorder, duplicates, gaps and loss, user by user.
//
// The orders of a user are numbered 1, 2, 3 … An order is a violation when a
// later one of the same user was handled before it. Telling the ledger costs
// O(1) and, in the long run, no allocation.
package ledger

import "sync"

// Verdict is what the ledger says of one handled order.
type Verdict int

const (
	InOrder   Verdict = iota
	Violation         // a later order of the user was handled before it
	Duplicate         // it had been handled already
)

// Totals are sums over all users, or the account of one.
type Totals struct {
	Handled      uint64 // every handling, duplicates too
	Unique       uint64 // orders that were handled at least once
	Violations   uint64
	Duplicates   uint64
	Confirmed    uint64
	DeadLettered uint64
	// Gaps counts the orders that were overtaken and not handled so far.
	Gaps uint64
	// Pending counts the orders that were confirmed and neither handled nor
	// dead-lettered so far. When nothing is under way any more, they are lost.
	Pending uint64
}

// Ledger judges the orders of a fixed number of users. Its methods are safe
// for concurrent use: the order of the calls of Handled is the order judged.
type Ledger struct {
	mu    sync.Mutex
	users []account
	total Totals
}

// New returns a ledger for users 0 to users-1.
func New(users int) *Ledger {
	l := &Ledger{users: make([]account, users)}
	for i := range l.users {
		l.users[i].init()
	}
	return l
}

// Confirmed notes that the broker took responsibility for an order.
func (l *Ledger) Confirmed(user int, seq uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := &l.users[user]
	state := a.state(seq)
	if state == nil {
		// Below the window everything was handled, or forgotten as lost.
		a.totals.Confirmed++
		l.total.Confirmed++
		return
	}
	if *state&confirmed != 0 {
		return
	}
	*state |= confirmed
	a.totals.Confirmed++
	l.total.Confirmed++
	if *state&(handled|deadLettered) == 0 {
		a.totals.Pending++
		l.total.Pending++
	}
}

// Handled notes that an order was handled, and judges it. For a violation,
// overtaker is the latest order of the user that was handled before it.
func (l *Ledger) Handled(user int, seq uint64) (v Verdict, overtaker uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := &l.users[user]
	a.totals.Handled++
	l.total.Handled++
	state := a.state(seq)
	if state == nil || *state&handled != 0 {
		a.totals.Duplicates++
		l.total.Duplicates++
		return Duplicate, 0
	}
	a.totals.Unique++
	l.total.Unique++
	l.settle(a, state, handled)
	if seq > a.latest {
		a.latest = seq
		v = InOrder
	} else {
		a.totals.Violations++
		l.total.Violations++
		v, overtaker = Violation, a.latest
	}
	a.advance()
	return v, overtaker
}

// DeadLettered notes that an order was set aside instead of handled: a gap
// that is accounted for.
func (l *Ledger) DeadLettered(user int, seq uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := &l.users[user]
	state := a.state(seq)
	if state == nil || *state&(handled|deadLettered) != 0 {
		return
	}
	a.totals.DeadLettered++
	l.total.DeadLettered++
	l.settle(a, state, deadLettered)
	a.advance()
}

// settle marks an order as no longer pending.
func (l *Ledger) settle(a *account, state *byte, how byte) {
	if *state&(confirmed|handled|deadLettered) == confirmed {
		a.totals.Pending--
		l.total.Pending--
	}
	*state |= how
}

// Totals returns the sums over all users.
func (l *Ledger) Totals() Totals {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.total
	for i := range l.users {
		t.Gaps += l.users[i].gaps()
	}
	return t
}

// User returns the account of one user.
func (l *Ledger) User(user int) Totals {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.users[user].totals
	t.Gaps = l.users[user].gaps()
	return t
}
