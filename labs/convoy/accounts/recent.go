package accounts

// Kind is how an order was handled.
type Kind byte

// The kinds.
const (
	InOrder      Kind = iota
	Violation         // it was handled before an earlier order of the user
	Duplicate         // it had been handled before
	DeadLettered      // it was moved to the dead-letter queue
)

// HandledOrder is one order as it was handled.
type HandledOrder struct {
	Seq  uint64
	Kind Kind
}

// recentLength is how many handled orders of a user are kept.
const recentLength = 64

// recent holds the latest orders of a user as they were handled.
type recent struct {
	orders [recentLength]HandledOrder
	total  int
}

func (r *recent) add(o HandledOrder) {
	r.orders[r.total%recentLength] = o
	r.total++
}

// overtook marks the orders that were handled before a late one.
func (r *recent) overtook(late uint64) {
	for i := range r.orders {
		if o := &r.orders[i]; o.Seq > late && o.Kind == InOrder {
			o.Kind = Violation
		}
	}
}

// last returns the n newest orders, oldest first.
func (r *recent) last(n int) []HandledOrder {
	n = min(n, r.total, recentLength)
	out := make([]HandledOrder, n)
	for i := range out {
		out[i] = r.orders[(r.total-n+i)%recentLength]
	}
	return out
}
