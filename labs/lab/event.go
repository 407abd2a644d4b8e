package lab

import (
	"sync"
	"time"
)

// Mark classifies an event; the screen gives each mark its symbol and colour.
type Mark int

// The marks of events.
const (
	MarkInfo      Mark = iota
	MarkAttempt        // an operation is tried
	MarkRetry          // it failed and will be tried again
	MarkWait           // a wait begins
	MarkOK             // it succeeded
	MarkFail           // it failed for good
	MarkWarn           // something is wrong with the result: a violation, a stale read
	MarkSent           // a message was published
	MarkHandled        // a message was processed
	MarkFault          // a fault was injected, or a broker is away
	MarkRecovered      // it is back
	MarkSetting        // a setting was changed
)

// String returns the word for a mark in files.
func (m Mark) String() string {
	words := [...]string{"info", "attempt", "retrying", "wait", "ok", "fail", "warn", "sent", "handled", "fault", "recovered", "setting"}
	if m < 0 || int(m) >= len(words) {
		return "unknown"
	}
	return words[m]
}

// Event is one line of a lab's log. The words are the catalogue's: Key names
// the text, Args fill its places {0}, {1} …
type Event struct {
	Seq     uint64        // 1 for the first event of the log
	At      time.Duration // since the lab started, in the lab's time
	Mark    Mark
	Routine bool // one of many of its kind, such as an order that was handled
	Key     string
	Args    []any
}

// Log is a bounded record of events, safe for concurrent use. Routine events and
// all others have a ring each, so a fault stays in the log however many orders
// are handled after it. Adding never waits for a reader.
type Log struct {
	now   func() time.Time
	start time.Time

	mu      sync.Mutex
	total   uint64
	rare    ring
	routine ring
}

// NewLog returns a log that keeps the last size events of either kind, with times
// relative to now().
func NewLog(size int, now func() time.Time) *Log {
	return &Log{start: now(), now: now, rare: newRing(size), routine: newRing(size)}
}

// Time is how long the log has existed: the time that an event gets now.
func (l *Log) Time() time.Duration { return l.now().Sub(l.start) }

// Add appends an event that is worth keeping.
func (l *Log) Add(mark Mark, key string, args ...any) {
	l.add(&l.rare, Event{Mark: mark, Key: key, Args: args})
}

// AddRoutine appends an event that many others of its kind will push out.
func (l *Log) AddRoutine(mark Mark, key string, args ...any) {
	l.add(&l.routine, Event{Mark: mark, Routine: true, Key: key, Args: args})
}

func (l *Log) add(r *ring, e Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.total++
	e.Seq, e.At = l.total, l.Time()
	r.add(e)
}

// Last returns up to n of the newest events, oldest first, and how many were
// ever added. Up to half of them are events that are not routine, even where n
// newer routine events exist.
func (l *Log) Last(n int) (events []Event, total uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	rare := min(l.rare.len(), max(n/2, n-l.routine.len()))
	routine := min(l.routine.len(), n-rare)
	return merge(l.rare.last(rare), l.routine.last(routine)), l.total
}

// merge joins two lists that are ordered by Seq.
func merge(a, b []Event) []Event {
	all := make([]Event, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		if a[0].Seq < b[0].Seq {
			all, a = append(all, a[0]), a[1:]
		} else {
			all, b = append(all, b[0]), b[1:]
		}
	}
	return append(append(all, a...), b...)
}

// ring keeps the last events that were added.
type ring struct {
	events []Event
	added  int
}

func newRing(size int) ring { return ring{events: make([]Event, 0, size)} }

func (r *ring) len() int { return len(r.events) }

func (r *ring) add(e Event) {
	if len(r.events) < cap(r.events) {
		r.events = append(r.events, e)
	} else {
		r.events[r.added%cap(r.events)] = e
	}
	r.added++
}

// last returns a copy of the n newest events, oldest first.
func (r *ring) last(n int) []Event {
	events := make([]Event, n)
	for i := range n {
		events[i] = r.events[(r.added-n+i)%cap(r.events)]
	}
	return events
}
