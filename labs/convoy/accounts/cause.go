package accounts

// Cause is why an order was handled after a later one of its user.
type Cause int

// The causes.
const (
	Competing Cause = iota // several consumers share the queue
	Moved                  // the user's orders go to another lane now
	Requeued               // it went back to its queue, and others passed it
	Delayed                // it failed and had to wait, and others passed it
	Resent                 // it was published again, after others
	causeCount
)

var causeNames = [causeCount]string{"competing", "moved", "requeued", "delayed", "resent"}

// String is the key of the cause in texts.
func (c Cause) String() string { return causeNames[c] }

// Counts counts violations by their causes.
type Counts [causeCount]uint64

// Causes lists the causes.
func Causes() []Cause { return []Cause{Competing, Moved, Requeued, Delayed, Resent} }
