package convoy

import (
	"context"
	"fmt"

	"resilab/labs/convoy/consumer"
	"resilab/labs/convoy/transport"
	"resilab/labs/lab"
)

// The course material's demo: ten orders of three users in turn.
const demoOrders, demoUsers = 10, 3

// do performs an action.
func (r *run) do(ctx context.Context, action string) error {
	defer r.Changed()
	switch action {
	case addLane, removeLast, removeFirst:
		return laneChange{r}.change(ctx, action)
	case actionCut:
		r.Log.Add(lab.MarkFault, "convoy.event.cut")
		r.transport.Cut()
	case actionDemo:
		users := make([]int, demoOrders)
		for i := range users {
			users[i] = i % min(demoUsers, r.cfg.users)
		}
		r.producer.Place(users...)
	case actionPoison:
		r.state.poisonDue.Store(true)
	case actionKill:
		r.state.killDue.Store(int64(max(1, r.book.Lane(0))))
	case actionHang:
		faults{r}.hang()
	default:
		return fmt.Errorf("no action %q", action)
	}
	return nil
}

// faults strike the consumers of a run.
type faults struct{ *run }

// victim returns the consumer that a fault strikes: that of the first user, as far as
// there is one. Nil where there is none.
func (r faults) victim() *consumer.Consumer {
	if r.cfg.mode == modePool {
		return r.team.all()[r.cfg.worker()(0)].Consumer
	}
	return r.team.victim(r.book.Lane(0))
}

// strikes reports whether the consumer that has handled an order is to die: that of the
// first user's lane, in a pool the worker of that user. Who that is shows when an order
// comes: RabbitMQ does not tell which of several consumers is the active one.
func (r faults) strikes(d *transport.Delivery) bool {
	lane := int64(d.Lane.Number)
	if r.state.killDue.Load() != lane {
		return false
	}
	if r.cfg.mode == modePool {
		if share := r.cfg.worker(); share(d.User) != share(0) {
			return false
		}
	}
	return r.state.killDue.CompareAndSwap(lane, 0)
}

// hang lets the consumer of the first user hang, or go on.
func (r faults) hang() {
	c := r.victim()
	if c == nil {
		return
	}
	c.Hang(!c.Hung())
	if c.Hung() {
		r.Log.Add(lab.MarkFault, "convoy.event.hung", c.Number())
	} else {
		r.Log.Add(lab.MarkRecovered, "convoy.event.unhung", c.Number())
	}
}
