package convoy

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"resilab/labs/lab"
)

// TestAPoolIsAsFastAsLanes: one queue and one connection keep the order and are as fast
// as a consumer for each worker.
func TestAPoolIsAsFastAsLanes(t *testing.T) {
	worlds(t, func(t *testing.T, w world) {
		base := turned{"users": "40", "lanes": "4", "rate": "150", "work": "40ms", "work-spread": "constant"}
		undisturbed(t, func() error {
			m := w.watch(t, 2*time.Second, with(base, "mode", "single"), with(base, "mode", "pool"))
			if m[0]["violations"]+m[1]["violations"] != 0 || m[1]["throughput"] < 2.5*m[0]["throughput"] {
				return fmt.Errorf("one for all %v, a pool %v", m[0], m[1])
			}
			return nil
		})
	})
}

// TestAPoolDiesWhole: with one worker the process is gone. What all of them had comes
// back in its order.
func TestAPoolDiesWhole(t *testing.T) {
	worlds(t, func(t *testing.T, w world) {
		l := w.begin(t, turned{"mode": "pool", "rate": "300", "work": "10ms", "users": "30"})
		await(t, l, "orders are handled", func(s *lab.Snapshot) bool { return s.Metrics["handled"] > 50 })
		if err := l.Do(t.Context(), actionKill); err != nil {
			t.Fatal(err)
		}
		m := await(t, l, "orders come back", func(s *lab.Snapshot) bool { return s.Metrics["duplicates"] > 0 }).Metrics
		if m["redelivered"] < 2 { // not that of the killed worker alone
			t.Errorf("%v came back", m["redelivered"])
		}
		l.Pause()
		m = await(t, l, "all is handled", func(s *lab.Snapshot) bool { return s.InFlight == 0 }).Metrics
		if m["lost"] != 0 || m["violations"] != 0 || m["gaps"] != 0 {
			t.Errorf("%v", m)
		}
	})
}

// TestAFailureInAPool: an order that goes back to the queue is passed by those of its
// user that its worker has already; a worker that waits is not.
func TestAFailureInAPool(t *testing.T) {
	worlds(t, func(t *testing.T, w world) {
		base := turned{"mode": "pool", "users": "10", "rate": "1000", "work": "1ms", "failure-rate": "0.1", "retry-wait": "5ms"}
		m := w.measure(t, "400", base, with(base, "on-failure", "block"))
		if m[0]["violations"] == 0 || m[1]["violations"] != 0 || m[0]["lost"]+m[1]["lost"] != 0 {
			t.Errorf("requeue: %v; block: %v", m[0], m[1])
		}
	})
}

// TestASlowUserHoldsUpAPool: its orders fill the prefetch that all workers share. A lane
// has its own.
func TestASlowUserHoldsUpAPool(t *testing.T) {
	worlds(t, func(t *testing.T, w world) {
		base := turned{"users": "20", "lanes": "4", "rate": "60", "work": "8ms", "prefetch": "2", "slow-user": "50"}
		undisturbed(t, func() error {
			m := w.watch(t, 3*time.Second, base, with(base, "mode", "pool"))
			if m[1]["p95_others"] < 3*m[0]["p95_others"] {
				return fmt.Errorf("the others wait for %v ms with lanes, %v ms with a pool", m[0]["p95_others"], m[1]["p95_others"])
			}
			return nil
		})
	})
}

func TestAPoolKeepsItsWorkers(t *testing.T) {
	l := embedded(t).begin(t, turned{"mode": "pool"})
	if err := l.Do(t.Context(), addLane); !errors.Is(err, errPoolFixed) {
		t.Errorf("a worker more: %v", err)
	}
}

// TestAFaultStrikesTheFirstUser: in a pool that is the worker whose share has the user.
func TestAFaultStrikesTheFirstUser(t *testing.T) {
	l := embedded(t).begin(t, turned{"mode": "pool", "popularity": "hot"})
	await(t, l, "orders are handled", func(s *lab.Snapshot) bool { return s.Metrics["handled"] > 20 })
	if err := l.Do(t.Context(), actionHang); err != nil {
		t.Fatal(err)
	}
	await(t, l, "the worker has orders of the first user", func(s *lab.Snapshot) bool {
		for _, c := range s.Detail.(*Detail).Lanes[0].Consumers {
			if c.Hung && slices.ContainsFunc(c.Orders, func(o Order) bool { return o.User == 0 }) {
				return true
			}
		}
		return false
	})
}

// TestTheOnlyQueueStays: removing it is refused, and not said to be done.
func TestTheOnlyQueueStays(t *testing.T) {
	l := embedded(t).begin(t, turned{"mode": "competing"})
	for _, removal := range []string{removeFirst, removeLast} {
		if err := l.Do(t.Context(), removal); !errors.Is(err, errLastQueue) {
			t.Errorf("%s: %v", removal, err)
		}
	}
}
