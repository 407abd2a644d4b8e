package convoy

import (
	"context"
	"fmt"

	"resilab/labs/lab"
)

// The course material's demo: ten orders of three users in turn.
const demoOrders, demoUsers = 10, 3

// do performs an action.
func (e *epoch) do(ctx context.Context, action string) error {
	switch action {
	case addLane, removeLast, removeFirst:
		return e.change(ctx, action)
	case actionCut:
		e.log.add(lab.MarkFault, "convoy.event.cut")
		e.broker.cut()
	case actionDemo, actionPoison, actionKill, actionHang:
		e.mu.Lock()
		defer e.mu.Unlock()
		e.doNow(action)
	default:
		return fmt.Errorf("no action %q", action)
	}
	return nil
}

// doNow performs what needs no broker; e.mu is held.
func (e *epoch) doNow(action string) {
	e.rev.Add(1)
	switch action {
	case actionDemo:
		for i := range demoOrders {
			e.script = append(e.script, i%min(demoUsers, e.cfg.users))
		}
		e.wakeProducer()
	case actionPoison:
		e.poisonDue = true
	case actionKill:
		if w := e.victim(); w != nil {
			w.dying = true
		}
	case actionHang:
		if w := e.victim(); w != nil {
			w.hung = !w.hung
			w.nudge()
			if w.hung {
				e.log.add(lab.MarkFault, "convoy.event.hung", w.number)
			} else {
				e.log.add(lab.MarkRecovered, "convoy.event.unhung", w.number)
			}
		}
	}
}

// victim is the consumer that a fault strikes: one that hangs already, else
// the one that handles the first user's orders; e.mu is held.
func (e *epoch) victim() *worker {
	var first *worker
	for _, w := range e.workers {
		if w.hung {
			return w
		}
		if first == nil && (w.lane == e.users[0].lane || e.users[0].lane == nil) {
			first = w
		}
	}
	if !e.cfg.sharded() && e.active != nil {
		return e.active
	}
	return first
}

// happen performs the incident of the settings when its time has come.
func (e *epoch) happen(ctx context.Context) {
	e.mu.Lock()
	due := e.incident != noIncident && e.watch.elapsed(e.now()) >= e.cfg.incidentAt
	what := e.incident
	if due {
		e.incident = noIncident
	}
	e.mu.Unlock()
	if !due {
		return
	}
	if err := e.do(ctx, what); err != nil && ctx.Err() == nil {
		e.log.add(lab.MarkFail, "convoy.event.incident_failed", err.Error())
	}
}
