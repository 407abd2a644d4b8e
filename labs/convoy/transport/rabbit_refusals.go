package transport

import (
	"sync"
	"time"

	"resilab/brokers/rabbitmq"
)

const (
	// refusedAtFirst and refusedAtMost bound how long an order is refused again and
	// again before the orders are published on a new channel.
	refusedAtFirst = 500 * time.Millisecond
	refusedAtMost  = 16 * time.Second
	// finishAfter bounds the wait for the outcomes of what was sent on the old one.
	finishAfter = time.Second
)

// refusals finds a channel on which a quorum queue takes nothing any more.
//
// RabbitMQ 3 looks for the queue's leader when a channel publishes to it for the
// first time, and keeps to the node that it has found. If that node is down, it
// refuses each order until the node is back, also when there has long been another
// leader (seen with 3.10.8). A new channel finds that one.
type refusals struct {
	due chan struct{} // receives when a new channel is needed

	mu    sync.Mutex
	since map[uint64]time.Time // when each order was refused first
	wait  time.Duration
}

func newRefusals() *refusals {
	return &refusals{due: make(chan struct{}, 1), since: map[uint64]time.Time{}, wait: refusedAtFirst}
}

// settled records an outcome.
func (f *refusals) settled(n uint64, fate rabbitmq.Fate, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	first, refused := f.since[n]
	switch {
	case fate != rabbitmq.Refused:
		if delete(f.since, n); refused && fate == rabbitmq.Confirmed {
			f.wait = refusedAtFirst
		}
	case !refused:
		f.since[n] = now
	case now.Sub(first) >= f.wait:
		select {
		case f.due <- struct{}{}:
		default:
		}
	}
}

// renewed records that there is a new channel. If that does not help, as with a
// queue that is full, the next one is not needed as soon.
func (f *refusals) renewed(now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for n := range f.since {
		f.since[n] = now
	}
	f.wait = min(2*f.wait, refusedAtMost)
	select {
	case <-f.due:
	default:
	}
}
