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
	serving map[int]int // by the number of a lane, the consumer that received an order from it last
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

// received records that a consumer has received an order from a lane. It returns the
// number of the one that did so before, or 0.
func (t *team) received(lane, number int) (before int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	before = t.serving[lane]
	if t.serving == nil {
		t.serving = map[int]int{}
	}
	t.serving[lane] = number
	return before
}

// server returns the number of the consumer that serves a lane, as far as that is
// known, else 0.
func (t *team) server(lane int) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.serving[lane]
}

// victim returns the consumer that a fault strikes: one that hangs already, else
// the one that received an order from a lane last. Nil where there is none.
func (t *team) victim(lane int) *consumer.Consumer {
	t.mu.Lock()
	defer t.mu.Unlock()
	var first *consumer.Consumer
	for _, m := range t.members {
		switch {
		case m.Hung():
			return m.Consumer
		case m.Number() == t.serving[lane], first == nil && (lane == 0 || m.Lane() == lane):
			first = m.Consumer
		}
	}
	return first
}
