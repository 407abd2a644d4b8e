package ledger

// What is known of an order.
const (
	confirmed byte = 1 << iota
	handled
	deadLettered
	overtook // it was handled before an earlier one
)

const (
	firstWindow = 64
	// MaxWindow bounds what is remembered of one user: when an order stays
	// unhandled while so many later ones come, it is given up. It stays pending
	// and a gap; should it be handled after all, it counts as a duplicate.
	MaxWindow = 1 << 20
)

// account is what is known of one user's orders: one byte for each from base
// on. Every order below base was confirmed and handled, or given up.
type account struct {
	base   uint64 // the lowest order in the window
	window []byte // ring: order seq is at seq % len; the length is a power of two
	latest uint64 // the highest order handled
	// Every order handled from low, which is at least 1, to high is marked as one
	// that overtook.
	low, high uint64
	totals    Totals
}

func (a *account) init() {
	a.base, a.low, a.window = 1, 1, make([]byte, firstWindow)
}

// state returns the place of an order, or nil for one below the window.
func (a *account) state(seq uint64) *byte {
	if seq < a.base {
		return nil
	}
	for seq-a.base >= uint64(len(a.window)) {
		if len(a.window) < MaxWindow {
			a.grow()
		} else {
			a.drop()
		}
	}
	return a.at(seq)
}

func (a *account) at(seq uint64) *byte { return &a.window[seq&uint64(len(a.window)-1)] }

// advance moves the window past the orders of which nothing more is to come.
func (a *account) advance() {
	const done = confirmed | handled
	for *a.at(a.base)&done == done {
		a.drop()
	}
}

func (a *account) drop() {
	*a.at(a.base) = 0
	a.base++
}

func (a *account) grow() {
	old := *a
	a.window = make([]byte, 2*len(old.window))
	for seq := a.base; seq < a.base+uint64(len(old.window)); seq++ {
		*a.at(seq) = *old.at(seq)
	}
}

// late marks the orders that were handled before an earlier one, and returns how
// many that had not been marked. An order is marked once, and what is marked
// already is passed over, so a late order costs O(1) in the long run.
func (a *account) late(seq uint64) (violations uint64) {
	if seq > a.high {
		violations = a.mark(seq+1, a.latest)
	} else {
		violations = a.mark(seq+1, a.low-1) + a.mark(a.high+1, a.latest)
	}
	a.low, a.high = seq+1, a.latest
	return violations
}

// mark marks the handled orders of a range as ones that overtook.
func (a *account) mark(from, to uint64) (n uint64) {
	for seq := max(from, a.base); seq <= to; seq++ {
		if state := a.at(seq); *state&(handled|overtook) == handled {
			*state |= overtook
			n++
		}
	}
	return n
}

// gaps counts the orders up to the latest one that were not handled.
func (a *account) gaps() uint64 { return a.latest - a.totals.Unique }
