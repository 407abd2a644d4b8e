package convoy

// Cause is why an order was handled after a later one of its user.
type Cause int

const (
	Competing Cause = iota // several consumers share the queue
	Moved                  // the user's orders go to another lane now
	Requeued               // it went back to its queue, and others passed it
	Resent                 // it was published again, after others
	causeCount
)

var causeNames = [causeCount]string{"competing", "moved", "requeued", "resent"}

// String is the key of the cause in texts.
func (c Cause) String() string { return causeNames[c] }

// Causes lists them all.
func Causes() []Cause { return []Cause{Competing, Moved, Requeued, Resent} }

// causeOf tells why an order comes late, should it do so; e.mu is held.
func (e *epoch) causeOf(l *lane, o order) Cause {
	r := e.records[o.n]
	switch {
	case e.cfg.mode == modeCompeting:
		return Competing
	case e.cfg.sharded() && e.users[o.user].latest != l:
		return Moved
	case r != nil && r.publishes > 1:
		return Resent
	default:
		return Requeued
	}
}
