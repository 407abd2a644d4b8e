package measure

import (
	"sync"
	"time"
)

// answersKept is how many answers are remembered.
const answersKept = 40

// RecentAnswers remembers the last answers. The zero value is ready to use, by
// several goroutines at once.
type RecentAnswers struct {
	mu    sync.Mutex
	ring  [answersKept]Answer
	at    [answersKept]time.Time
	total uint64
}

// Add remembers an answer.
func (r *RecentAnswers) Add(a Answer, at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.total++
	a.Seq = r.total
	r.ring[r.total%answersKept], r.at[r.total%answersKept] = a, at
}

// Newest returns the answers, newest first.
func (r *RecentAnswers) Newest(now time.Time) []Answer {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := min(r.total, answersKept)
	out := make([]Answer, n)
	for i := range out {
		slot := (r.total - uint64(i)) % answersKept
		out[i] = r.ring[slot]
		out[i].Ago = now.Sub(r.at[slot])
	}
	return out
}
