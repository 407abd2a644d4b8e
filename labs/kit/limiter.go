package kit

import (
	"sync"
	"time"

	"resilab/labs/lab"
)

// maxKinds bounds how many kinds a Limiter remembers.
const maxKinds = 1024

// Limiter lets so many events of a kind through each second and counts the rest.
// All methods are safe for concurrent use.
type Limiter struct {
	now       func() time.Time
	perSecond int

	mu    sync.Mutex
	kinds map[string]*window
}

// window is the state of a Limiter for one kind.
type window struct {
	began   time.Time
	passed  int
	skipped int // since one passed
}

// NewLimiter returns a limiter for perSecond events of each kind.
func NewLimiter(perSecond int, now func() time.Time) *Limiter {
	return &Limiter{now: now, perSecond: perSecond, kinds: map[string]*window{}}
}

// Allow reports whether an event of the kind may pass now, and if so how many
// before it did not.
func (l *Limiter) Allow(kind string) (ok bool, skipped int) {
	now := l.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	w := l.kinds[kind]
	if w == nil {
		l.makeRoom(now)
		w = &window{began: now}
		l.kinds[kind] = w
	}
	if now.Sub(w.began) >= time.Second {
		w.began, w.passed = now, 0
	}
	if w.passed >= l.perSecond {
		w.skipped++
		return false, 0
	}
	w.passed++
	skipped, w.skipped = w.skipped, 0
	return true, skipped
}

// makeRoom forgets the kinds that have been quiet for a second, or all of them
// where none has. l.mu is held.
func (l *Limiter) makeRoom(now time.Time) {
	if len(l.kinds) < maxKinds {
		return
	}
	for kind, w := range l.kinds {
		if now.Sub(w.began) >= time.Second {
			delete(l.kinds, kind)
		}
	}
	if len(l.kinds) >= maxKinds {
		clear(l.kinds)
	}
}

// ThrottledLog is a log with two kinds of lines: rare ones, which are always
// written, and routine ones, of which a person can only read some each second.
type ThrottledLog struct {
	*lab.Log
	limit *Limiter
}

// NewThrottledLog returns a log that keeps the last size lines of either kind and
// writes at most perSecond routine lines of one text each second.
func NewThrottledLog(size, perSecond int, now func() time.Time) *ThrottledLog {
	return &ThrottledLog{Log: lab.NewLog(size, now), limit: NewLimiter(perSecond, now)}
}

// Routine writes a line that may be left out where there are too many.
func (l *ThrottledLog) Routine(mark lab.Mark, key string, args ...any) {
	if ok, _ := l.limit.Allow(key); ok {
		l.Log.AddRoutine(mark, key, args...)
	}
}
