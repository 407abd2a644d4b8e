package lab

import (
	"sync"
	"time"
)

// Mark classifies an event; the screen gives each mark its symbol and colour.
type Mark int

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
	MarkFault          // a fault was injected, or a broker went away
	MarkRecovered      // it is back
	MarkSetting        // a knob was turned
)

// Event is one line of a lab's log. The words are the catalogue's: Key names
// the text, Args fill its places {0}, {1} …
type Event struct {
	Seq  uint64        // 1 for the first event of the log
	At   time.Duration // since the lab started
	Mark Mark
	Key  string
	Args []any
}

// Log is a bounded ring of events, safe for concurrent use. It never blocks
// a writer for longer than one append; the oldest events fall out.
type Log struct {
	mu    sync.Mutex
	start time.Time
	now   func() time.Time
	ring  []Event
	total uint64
}

// NewLog returns a log that keeps the last size events, with times relative to now().
func NewLog(size int, now func() time.Time) *Log {
	return &Log{start: now(), now: now, ring: make([]Event, 0, size)}
}

// Add appends an event.
func (l *Log) Add(mark Mark, key string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.total++
	e := Event{Seq: l.total, At: l.now().Sub(l.start), Mark: mark, Key: key, Args: args}
	if len(l.ring) < cap(l.ring) {
		l.ring = append(l.ring, e)
		return
	}
	l.ring[(l.total-1)%uint64(cap(l.ring))] = e
}

// Last returns up to n of the newest events, oldest first, and how many were
// ever added.
func (l *Log) Last(n int) (events []Event, total uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n = min(n, len(l.ring))
	events = make([]Event, n)
	for i := range n {
		events[i] = l.ring[(l.total-uint64(n)+uint64(i))%uint64(cap(l.ring))]
	}
	return events, l.total
}
