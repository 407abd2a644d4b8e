package convoy

import (
	"context"
	"slices"
	"sync"

	"resilab/labs/convoy/consumer"
	"resilab/labs/convoy/transport"
)

// team is the consumers of a run. All methods are safe for concurrent use.
type team struct {
	mu      sync.Mutex
	members []member
	made    int
	active  int // the consumer that received an order last
}

type member struct {
	*consumer.Consumer
	stop context.CancelFunc
}

// nextNumber returns the number of the next consumer.
func (t *team) nextNumber() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.made++
	return t.made
}

func (t *team) add(m member) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.members = append(t.members, m)
}

// dismiss stops the consumers of a lane.
func (t *team) dismiss(l transport.Lane) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.members = slices.DeleteFunc(t.members, func(m member) bool {
		if m.Lane() != l.Number {
			return false
		}
		m.stop()
		return true
	})
}

func (t *team) all() []member {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.members)
}

func (t *team) setActive(number int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.active = number
}

// victim returns the consumer that a fault strikes: one that hangs already, else
// the one that serves a lane; where all share one queue, the one that received an
// order last. Nil where there is none.
func (t *team) victim(lane int, shared bool) *consumer.Consumer {
	t.mu.Lock()
	defer t.mu.Unlock()
	var first, active *consumer.Consumer
	for _, m := range t.members {
		if m.Hung() {
			return m.Consumer
		}
		if first == nil && (lane == 0 || m.Lane() == lane) {
			first = m.Consumer
		}
		if m.Number() == t.active {
			active = m.Consumer
		}
	}
	if shared && active != nil {
		return active
	}
	return first
}
