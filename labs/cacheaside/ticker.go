package cacheaside

import (
	"sync"
	"time"
)

// answersKept is how many answers the ticker remembers.
const answersKept = 40

// ticker remembers the last answers. It never blocks for longer than one
// append.
type ticker struct {
	mu    sync.Mutex
	ring  [answersKept]Answer
	at    [answersKept]time.Time
	total uint64
}

func (t *ticker) add(a Answer, at time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.total++
	a.Seq = t.total
	t.ring[t.total%answersKept], t.at[t.total%answersKept] = a, at
}

// newest returns the answers, newest first.
func (t *ticker) newest(now time.Time) []Answer {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := min(t.total, answersKept)
	out := make([]Answer, n)
	for i := range out {
		slot := (t.total - uint64(i)) % answersKept
		out[i] = t.ring[slot]
		out[i].Ago = now.Sub(t.at[slot])
	}
	return out
}
