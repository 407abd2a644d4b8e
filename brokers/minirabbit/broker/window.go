package broker

import "sync/atomic"

// A window limits the unacknowledged deliveries of all consumers of a channel
// together. Queues reserve places in it, so it is atomic.
type window struct {
	limit    atomic.Int64 // 0 is no limit
	inFlight atomic.Int64
	full     atomic.Bool // reserve failed since the last release
}

// reserve takes a place and reports whether there was one.
func (w *window) reserve() bool {
	for {
		n, limit := w.inFlight.Load(), w.limit.Load()
		if limit > 0 && n >= limit {
			w.full.Store(true)
			return false
		}
		if w.inFlight.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

// release gives n places back and reports whether a consumer waits for one.
func (w *window) release(n int) (waiting bool) {
	w.inFlight.Add(-int64(n))
	return w.full.Swap(false)
}
