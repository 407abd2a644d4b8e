package convoy

import (
	"time"

	"resilab/labs/convoy/ledger"
)

// The industries: what a user's orders do, one after another, over and over.
const (
	scenarioShop   = "shop"   // reserve, pay, dispatch
	scenarioBank   = "bank"   // deposit 100, withdraw 100: refused where the money is not there yet
	scenarioParcel = "parcel" // collected, in transit, out for delivery, delivered
	scenarioTenant = "tenant" // create, change, publish, delete
)

// steps is how many orders make one round of a scenario.
func steps(scenario string) int {
	switch scenario {
	case scenarioBank:
		return 2
	case scenarioShop:
		return 3
	default:
		return 4
	}
}

const amount = 100 // dollars, of every deposit and withdrawal

// account is what a user's orders have made of the user's business.
type account struct {
	next     uint64 // the lowest number not applied; for the hold-back buffer
	latest   uint64 // the highest number applied
	step     int    // the step that is due
	balance  int    // dollars, in the bank
	distinct uint64 // orders that had their effect, each counted once
	held     map[uint64]effect
}

// effect is an order that is about to have its effect.
type effect struct {
	order
	created time.Time // zero for a duplicate
}

// apply lets an order that was handled have its effect: at once, or when its
// turn has come; e.mu is held.
func (e *epoch) apply(o effect, v ledger.Verdict) {
	a := &e.users[o.user].account
	if v == ledger.Duplicate {
		if !e.cfg.inbox {
			e.effect(a, o)
		}
		return
	}
	a.distinct++
	if e.cfg.holdBack == 0 {
		e.effect(a, o)
		return
	}
	if a.held == nil {
		a.held, a.next = map[uint64]effect{}, 1
	}
	a.held[o.seq] = o
	for {
		next, ok := a.held[a.next]
		if !ok {
			if len(a.held) <= e.cfg.holdBack {
				break
			}
			next = a.lowest() // the buffer is full: the gap is given up
		}
		delete(a.held, next.seq)
		a.next = max(a.next, next.seq+1)
		e.effect(a, next)
	}
	e.sum.heldMax = max(e.sum.heldMax, uint64(len(a.held)))
}

func (a *account) lowest() (low effect) {
	for _, o := range a.held {
		if low.seq == 0 || o.seq < low.seq {
			low = o
		}
	}
	return low
}

// effect changes the user's business; e.mu is held.
func (e *epoch) effect(a *account, o effect) {
	e.sum.effects++
	first := !o.created.IsZero()
	if first && o.seq < a.latest {
		e.sum.appliedViolations++
	}
	a.latest = max(a.latest, o.seq)
	if !a.do(e.cfg.scenario, o.seq) {
		e.sum.rejected++
	}
	if first {
		d := e.now().Sub(o.created)
		e.users[o.user].latency.add(d)
		e.sum.latency.add(d)
	}
}

// do performs one step of the scenario, or refuses it because an earlier one
// is missing.
func (a *account) do(scenario string, seq uint64) bool {
	n := steps(scenario)
	step := int((seq - 1) % uint64(n))
	if scenario == scenarioBank {
		if step == 0 {
			a.balance += amount
			return true
		}
		if a.balance < amount {
			return false
		}
		a.balance -= amount
		return true
	}
	if step != a.step && step != 0 {
		return false
	}
	a.step = (step + 1) % n
	return true
}

// lastStep is the step that was done last, or -1.
func (a *account) lastStep(scenario string) int {
	if a.distinct == 0 {
		return -1
	}
	n := steps(scenario)
	return (a.step + n - 1) % n
}

// wrong tells whether the business stands elsewhere than the same orders in
// their order would have brought it.
func (a *account) wrong(scenario string) bool {
	applied := a.distinct - uint64(len(a.held))
	if scenario == scenarioBank {
		want := 0
		if applied%2 == 1 {
			want = amount
		}
		return a.balance != want
	}
	return uint64(a.step) != applied%uint64(steps(scenario))
}
