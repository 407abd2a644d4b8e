// Package ledger judges the order in which a convoy was handled: from what was
// confirmed and what was handled it finds violations, duplicates, gaps and loss,
// user by user.
//
// The orders of a user are numbered 1, 2, 3 … A violation is an order that was
// handled before an earlier one of the same user: handled as 4 1 2 3 there is one
// violation, order 4; handled as 2 3 4 1 there are three. An order that is never
// handled, because it is lost or was moved to the dead-letter queue, makes a gap
// and no violation. A call costs O(1) and, in the long run, no allocation.
package ledger

import "sync"

// Verdict is what the ledger says of one handled order.
type Verdict int

// The verdicts.
const (
	InOrder   Verdict = iota
	Late              // a later order of the user was handled before it
	Duplicate         // it had been handled already
)

// Totals are sums over all users, or the account of one.
type Totals struct {
	Handled uint64 // every handling, duplicates too
	Unique  uint64 // orders that were handled at least once
	// Violations counts the orders that were handled before an earlier one.
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

// Judgement is what the ledger says of one handled order.
type Judgement struct {
	Verdict Verdict
	// For a late order: the latest one that was handled before it, and how many
	// orders have become violations by its being handled only now.
	Overtaker  uint64
	Violations uint64
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

// Confirmed records that the broker took responsibility for an order. A second
// call for the same order is ignored.
func (l *Ledger) Confirmed(user int, seq uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := &l.users[user]
	state := a.state(seq)
	if state == nil || *state&confirmed != 0 {
		return
	}
	*state |= confirmed
	a.totals.Confirmed++
	l.total.Confirmed++
	if *state&(handled|deadLettered) == 0 {
		a.totals.Pending++
		l.total.Pending++
	}
	a.advance()
}

// Handled records that an order was handled, and judges it.
func (l *Ledger) Handled(user int, seq uint64) (j Judgement) {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := &l.users[user]
	a.totals.Handled++
	l.total.Handled++
	state := a.state(seq)
	if state == nil || *state&handled != 0 {
		a.totals.Duplicates++
		l.total.Duplicates++
		return Judgement{Verdict: Duplicate}
	}
	a.totals.Unique++
	l.total.Unique++
	l.settle(a, state, handled)
	if seq > a.latest {
		a.latest = seq
	} else {
		j = Judgement{Verdict: Late, Overtaker: a.latest, Violations: a.late(seq)}
		a.totals.Violations += j.Violations
		l.total.Violations += j.Violations
	}
	a.advance()
	return j
}

// DeadLettered records that an order was moved to the dead-letter queue instead
// of being handled: a gap that is accounted for.
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
