package convoy

import (
	"sync"
	"time"

	"resilab/labs/lab"
)

// journal is the lab's log. Routine lines are let through up to a rate that a
// person can still glance at; all others always.
type journal struct {
	log *lab.Log
	now func() time.Time

	mu     sync.Mutex
	second time.Time
	left   int
}

const (
	journalSize    = 400
	routineASecond = 60
)

func newJournal(now func() time.Time) *journal {
	return &journal{log: lab.NewLog(journalSize, now), now: now}
}

func (j *journal) add(mark lab.Mark, key string, args ...any) { j.log.Add(mark, key, args...) }

// order adds a routine line about an order; extra is its last argument.
func (j *journal) order(mark lab.Mark, key string, o order, extra ...any) {
	if j.allow() {
		j.log.Add(mark, key, append([]any{o.id(), o.userID(), int(o.seq)}, extra...)...)
	}
}

func (j *journal) allow() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	if now := j.now(); now.Sub(j.second) >= time.Second {
		j.second, j.left = now, routineASecond
	}
	j.left--
	return j.left >= 0
}
