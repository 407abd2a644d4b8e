package accounts

import (
	"resilab/labs/convoy/transport"
)

// The industries: what a user's orders do, one after another, over and over.
const (
	Shop   = "shop"   // reserve, pay, dispatch
	Bank   = "bank"   // deposit 100, withdraw 100: refused where the money is not there yet
	Parcel = "parcel" // collected, in transit, out for delivery, delivered
	Tenant = "tenant" // create, change, publish, delete
)

// steps is how many orders make one round of a scenario.
func steps(scenario string) int {
	switch scenario {
	case Bank:
		return 2
	case Shop:
		return 3
	default:
		return 4
	}
}

const amount = 100 // dollars, of every deposit and withdrawal

// business is what a user's orders have made of the user's business.
type business struct {
	next     uint64 // the lowest number not applied; for the hold-back buffer
	step     int    // the step that is due
	balance  int    // dollars, in the bank
	distinct uint64 // orders that had their effect, each counted once
	held     map[uint64]transport.Order
}

// hold puts an order into the buffer and returns those whose turn has come. At
// most so many stay: when the buffer is full, the gap is given up.
func (b *business) hold(o transport.Order, most int) (due []transport.Order) {
	if b.held == nil {
		b.held, b.next = map[uint64]transport.Order{}, 1
	}
	if o.Seq < b.next {
		return []transport.Order{o} // its gap was given up
	}
	b.held[o.Seq] = o
	for {
		next, ok := b.held[b.next]
		if !ok {
			if len(b.held) <= most {
				return due
			}
			next = b.lowest()
		}
		delete(b.held, next.Seq)
		b.next = max(b.next, next.Seq+1)
		due = append(due, next)
	}
}

func (b *business) lowest() (low transport.Order) {
	for _, o := range b.held {
		if low.Seq == 0 || o.Seq < low.Seq {
			low = o
		}
	}
	return low
}

// do performs one step of the scenario. It reports false where the step is
// refused because an earlier one is missing.
func (b *business) do(scenario string, seq uint64) bool {
	n := steps(scenario)
	step := int((seq - 1) % uint64(n))
	if scenario == Bank {
		if step == 0 {
			b.balance += amount
			return true
		}
		if b.balance < amount {
			return false
		}
		b.balance -= amount
		return true
	}
	if step != b.step && step != 0 {
		return false
	}
	b.step = (step + 1) % n
	return true
}

// lastStep is the step that was done last, or -1.
func (b *business) lastStep(scenario string) int {
	if b.distinct == 0 {
		return -1
	}
	n := steps(scenario)
	return (b.step + n - 1) % n
}

// wrong reports whether the business stands elsewhere than the same orders in
// their order would have brought it.
func (b *business) wrong(scenario string) bool {
	applied := b.distinct - uint64(len(b.held))
	if scenario == Bank {
		want := 0
		if applied%2 == 1 {
			want = amount
		}
		return b.balance != want
	}
	return uint64(b.step) != applied%uint64(steps(scenario))
}
