package producer

import (
	"slices"
	"time"

	"github.com/jpillora/backoff"

	"resilab/labs/convoy/transport"
)

const (
	// firstWait and lastWait bound the wait before an order is sent again that the
	// broker refused. They are in the lab's time.
	firstWait = 50 * time.Millisecond
	lastWait  = 2 * time.Second
	// carefulFor is how long a user's orders are sent one at a time, each after the
	// confirm of the one before, once one of them was refused.
	carefulFor = 10 * time.Second
)

// sent is an order with its lane.
type sent struct {
	order transport.Order
	lane  transport.Lane
}

// outbox keeps each user's orders in their order when the broker refuses some: an
// order that is to be sent again holds back the later ones of its user.
type outbox struct {
	users []line
	slow  []int // users with orders that wait, in the order of their becoming slow
}

// line is the orders of one user that are not confirmed.
type line struct {
	unconfirmed int      // that the broker has
	again       []uint64 // that are to be sent again, in order
	held        []sent   // that were not sent yet
	tries       int      // refusals since an order was confirmed
	due         time.Time
	careful     time.Time // until when the orders are sent one at a time
	slow        bool
}

func newOutbox(users int) *outbox { return &outbox{users: make([]line, users)} }

// claim takes a new order in, and reports whether it may be sent at once.
func (x *outbox) claim(s sent, now time.Time) bool {
	l := &x.users[s.order.User]
	if len(l.again) == 0 && len(l.held) == 0 && (l.unconfirmed == 0 || l.careful.Before(now)) {
		l.unconfirmed++
		return true
	}
	l.held = append(l.held, s)
	x.slowDown(s.order.User)
	return false
}

func (x *outbox) slowDown(user int) {
	if l := &x.users[user]; !l.slow {
		l.slow = true
		x.slow = append(x.slow, user)
	}
}

// next returns an order that had to wait and can be sent now, or how long there
// is none.
func (x *outbox) next(now time.Time) (out next, wait time.Duration) {
	wait = longWait
	kept := x.slow[:0]
	for _, user := range x.slow {
		l := &x.users[user]
		if out.kind == nothing {
			if out = l.next(user); out.kind != nothing {
				if pause := l.due.Sub(now); pause > 0 {
					out, wait = next{}, min(wait, pause)
				} else {
					l.take(out.kind)
				}
			}
		}
		if l.slow = len(l.again) > 0 || len(l.held) > 0; l.slow {
			kept = append(kept, user)
		}
	}
	x.slow = kept
	return out, wait
}

// next returns the user's next order, unless others must be confirmed first.
func (l *line) next(user int) next {
	switch {
	case l.unconfirmed > 0:
		return next{}
	case len(l.again) > 0:
		return next{kind: again, user: user, n: l.again[0]}
	case len(l.held) > 0:
		return next{kind: held, user: user, n: l.held[0].order.N, to: l.held[0]}
	}
	return next{}
}

func (l *line) take(kind nextKind) {
	if kind == again {
		l.again = slices.Delete(l.again, 0, 1)
	} else {
		l.held = slices.Delete(l.held, 0, 1)
	}
	l.unconfirmed++
}

// confirmed records that an order need not be sent any more.
func (x *outbox) confirmed(_ uint64, user int) {
	l := &x.users[user]
	l.unconfirmed--
	l.tries = 0
}

// lost records that the outcome of an order is unknown: it is to be sent again.
func (x *outbox) lost(n uint64, user int, now time.Time) {
	l := &x.users[user]
	l.unconfirmed--
	if i, found := slices.BinarySearch(l.again, n); !found {
		l.again = slices.Insert(l.again, i, n)
	}
	l.careful = now.Add(carefulFor)
	x.slowDown(user)
}

// failed is lost for an order that was refused, or could not be sent: it is to be
// sent again after a while.
func (x *outbox) failed(n uint64, user int, now time.Time) {
	x.lost(n, user, now)
	l := &x.users[user]
	waits := backoff.Backoff{Min: firstWait, Max: lastWait, Factor: 2}
	l.due = now.Add(waits.ForAttempt(float64(l.tries)))
	l.tries++
}

// busy reports whether orders wait to be sent.
func (x *outbox) busy() bool { return len(x.slow) > 0 }

// delayed counts the orders that wait to be sent.
func (x *outbox) delayed() (n int) {
	for _, user := range x.slow {
		n += len(x.users[user].again) + len(x.users[user].held)
	}
	return n
}
