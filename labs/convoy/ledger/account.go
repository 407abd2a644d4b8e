package ledger

// What is known of an order.
const (
	confirmed byte = 1 << iota
	handled
	deadLettered
)

const (
	firstWindow = 64
	// MaxWindow bounds what is remembered of one user: when an order stays
	// unhandled while so many later ones come, it is given up. It stays pending
	// and a gap; should it be handled after all, it counts as a duplicate.
	MaxWindow = 1 << 20
)

// account is what is known of one user's orders: one byte for each from base
// on. Every order below base is settled.
type account struct {
	base   uint64 // the lowest order in the window
	window []byte // ring: order seq is at seq % len; the length is a power of two
	latest uint64 // the highest order handled
	totals Totals
}

func (a *account) init() {
	a.base, a.window = 1, make([]byte, firstWindow)
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

// advance moves the window past the orders that are settled. An order that is
// handled and not yet confirmed may leave: Confirmed expects that.
func (a *account) advance() {
	for *a.at(a.base)&(handled|deadLettered) != 0 {
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

// gaps counts the orders up to the latest one that were not handled.
func (a *account) gaps() uint64 { return a.latest - a.totals.Unique }
