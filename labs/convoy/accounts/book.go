// Package accounts keeps the users' side of the lab: in which order each user's
// orders were handled, how long they took, and what they have made of the user's
// business.
package accounts

import (
	"sync"
	"time"

	"resilab/labs/convoy/ledger"
	"resilab/labs/convoy/orders"
	"resilab/labs/convoy/transport"
	"resilab/labs/kit"
)

// Options say whose accounts are kept, and how.
type Options struct {
	Users     int
	Scenario  string
	Inbox     bool // what was applied is remembered: duplicates have no effect
	HoldBack  int  // orders a user may have waiting for an earlier one; 0: none
	Delayed   bool // an order that failed comes back after a wait
	Competing bool // several consumers share a lane
	Released  bool // an order that a consumer gives back comes to any other
	Sharded   bool // there are several lanes
}

// Book keeps the accounts. All methods are safe for concurrent use.
type Book struct {
	opt Options

	mu         sync.Mutex
	ledger     *ledger.Ledger
	applied    *ledger.Ledger // of the effects
	users      []user
	generation int
	sum        sums
	poisonLane int // where an order was dead-lettered last; 0: none yet
}

// sums are the sums over all users that are not the ledger's.
type sums struct {
	effects, rejected, heldMax uint64
	redelivered                uint64
	afterPoison                uint64 // handled in its lane since an order was dead-lettered
	causes                     Counts
	latency                    kit.Histogram
}

// user is the account of one user. Lanes are named by their numbers; 0: none.
type user struct {
	seq           uint64 // of the last order placed
	lane          int    // where the last order came from
	before, after int    // around the last change of the lanes
	latest        int    // where the highest number handled came from
	recent        recent
	latency       kit.Histogram
	business      business
}

// NewBook returns a book in which nothing has happened.
func NewBook(opt Options) *Book {
	return &Book{opt: opt, ledger: ledger.New(opt.Users), applied: ledger.New(opt.Users), users: make([]user, opt.Users)}
}

// Next returns the number of a user's next order, from 1.
func (b *Book) Next(user int) uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.users[user].seq++
	return b.users[user].seq
}

// Confirmed records that the broker took responsibility for an order.
func (b *Book) Confirmed(o transport.Order) { b.ledger.Confirmed(o.User, o.Seq) }

// LanesChanged begins a new generation of the lanes.
func (b *Book) LanesChanged(generation int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.generation = generation
	for i := range b.users {
		b.users[i].before, b.users[i].after = b.users[i].lane, 0
	}
}

// Delivered records that a consumer has received an order that was published
// under a generation of the lanes.
func (b *Book) Delivered(user, lane, generation int, redelivered bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if redelivered {
		b.sum.redelivered++
	}
	u := &b.users[user]
	u.lane = lane
	if generation == b.generation {
		u.after = lane
	}
}

// Handling is an order that was handled.
type Handling struct {
	Order transport.Order
	Lane  int
	Past  orders.Past
	// Placed is when it was placed; zero where it had been handled before.
	Placed time.Time
	Now    time.Time
}

// Judgement is what the book says of a handled order.
type Judgement struct {
	ledger.Judgement
	Cause Cause // for a late order
}

// Handled records that an order was handled, judges it, and lets it have its
// effect.
func (b *Book) Handled(h Handling) Judgement {
	b.mu.Lock()
	defer b.mu.Unlock()
	o := h.Order
	j := Judgement{Judgement: b.ledger.Handled(o.User, o.Seq)}
	u := &b.users[o.User]
	if b.poisonLane == h.Lane {
		b.sum.afterPoison++
	}
	kind := InOrder
	switch j.Verdict {
	case ledger.Duplicate:
		kind = Duplicate
	case ledger.Late:
		j.Cause = b.cause(u, h)
		b.sum.causes[j.Cause] += j.Violations
		u.recent.overtook(o.Seq)
	default:
		u.latest = h.Lane
	}
	u.recent.add(HandledOrder{o.Seq, kind})
	o.Created = h.Placed
	b.apply(u, o, kind == Duplicate, h.Now)
	return j
}

// cause returns why an order comes late. b.mu is held.
func (b *Book) cause(u *user, h Handling) Cause {
	switch {
	case b.opt.Delayed && h.Past.Deliveries > 1:
		return Delayed
	case b.opt.Released && h.Past.Deliveries > 1:
		return Requeued
	case b.opt.Competing:
		return Competing
	case b.opt.Sharded && u.latest != h.Lane:
		return Moved
	case h.Past.Publishes > 1:
		return Resent
	default:
		return Requeued
	}
}

// DeadLettered records that an order was moved to the dead-letter queue.
func (b *Book) DeadLettered(o transport.Order) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ledger.DeadLettered(o.User, o.Seq)
	u := &b.users[o.User]
	u.recent.add(HandledOrder{o.Seq, DeadLettered})
	b.poisonLane = u.lane
}

// apply lets an order that was handled have its effect: at once, or when its
// turn has come. b.mu is held.
func (b *Book) apply(u *user, o transport.Order, duplicate bool, now time.Time) {
	if duplicate {
		if !b.opt.Inbox {
			b.effect(u, o, now)
		}
		return
	}
	u.business.distinct++
	if b.opt.HoldBack == 0 {
		b.effect(u, o, now)
		return
	}
	for _, due := range u.business.hold(o, b.opt.HoldBack) {
		b.effect(u, due, now)
	}
	b.sum.heldMax = max(b.sum.heldMax, uint64(len(u.business.held)))
}

// effect changes the user's business. b.mu is held.
func (b *Book) effect(u *user, o transport.Order, now time.Time) {
	b.sum.effects++
	if !u.business.do(b.opt.Scenario, o.Seq) {
		b.sum.rejected++
	}
	b.applied.Handled(o.User, o.Seq)
	b.applied.Confirmed(o.User, o.Seq)
	if !o.Created.IsZero() {
		d := now.Sub(o.Created)
		u.latency.Add(d)
		b.sum.latency.Add(d)
	}
}

// Lane returns the number of the lane that a user's last order came from; 0
// before the first.
func (b *Book) Lane(user int) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.users[user].lane
}
