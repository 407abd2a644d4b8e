package gateway

import "sync"

// MaxOrder is the highest order number the gateway takes.
const MaxOrder = 1 << 26

// Totals are the sums of a ledger.
type Totals struct {
	Charges int // money was taken so many times
	Orders  int // for so many different orders
	Cents   int // in all

	DoubleCents int // of these, taken again for an order that was paid
}

// Doubles returns how many charges should not have been made.
func (t Totals) Doubles() int { return t.Charges - t.Orders }

// ledger records the real charges. One bit an order is enough to distinguish a
// second charge from the first, so it stays small however long it runs.
type ledger struct {
	mu     sync.Mutex
	totals Totals
	paid   []uint64
}

// charge takes the money for an order from 0 to MaxOrder.
func (l *ledger) charge(order uint64, cents int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.totals.Charges++
	l.totals.Cents += cents
	word, bit := order/64, uint64(1)<<(order%64)
	for uint64(len(l.paid)) <= word {
		l.paid = append(l.paid, 0)
	}
	if l.paid[word]&bit != 0 {
		l.totals.DoubleCents += cents
		return
	}
	l.paid[word] |= bit
	l.totals.Orders++
}

func (l *ledger) has(order uint64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	word := order / 64
	return word < uint64(len(l.paid)) && l.paid[word]&(1<<(order%64)) != 0
}

func (l *ledger) sums() Totals {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.totals
}
