package convoy

import (
	"context"
	"strings"
	"testing"

	"resilab/brokers/kafka"
	"resilab/labs/clock"
	"resilab/labs/convoy/accounts"
	"resilab/labs/lab"
	"resilab/labs/labtest"
)

// allHandled reports whether so many orders were placed and nothing is under way.
func allHandled(n float64) func(*lab.Snapshot) bool {
	return func(s *lab.Snapshot) bool { return s.Metrics["published"] == n && s.InFlight == 0 }
}

// shareSettings are those of a share group of four, with more under them.
func shareSettings(more ...string) turned {
	return with(turned{"mode": modeShare, "users": "10", "lanes": "4", "rate": "2000", "work": "4ms"}, more...)
}

// rest places no more orders and returns the figures when nothing is under way.
func rest(t *testing.T, l lab.Lab) map[string]float64 {
	t.Helper()
	l.Pause()
	return await(t, l, "it is idle", func(s *lab.Snapshot) bool { return s.InFlight == 0 }).Metrics
}

// TestShareGroupsGiveOrderUp: where a consumer group keeps it under the same settings.
// Nothing is lost and nothing comes twice, and the lab says that the consumers compete.
func TestShareGroupsGiveOrderUp(t *testing.T) {
	t.Parallel()
	group := kafkaWorld.begin(t, shareSettings("orders", "400", "mode", modeConvoy))
	share := kafkaWorld.begin(t, shareSettings("orders", "400"))
	if m := await(t, group, "the group has handled all", allHandled(400)).Metrics; m["violations"] != 0 || m["handled"] != 400 {
		t.Errorf("consumer group: %v", m)
	}
	snap := await(t, share, "the share group has handled all", allHandled(400))
	m, d := snap.Metrics, snap.Detail.(*Detail)
	if m["violations"] < 20 || float64(d.Causes[accounts.Competing]) != m["violations"] {
		t.Errorf("%v violations, causes %v", m["violations"], d.Causes)
	}
	if lost, known := m["lost"]; !known || lost != 0 || m["handled"] != 400 || m["unique_messages"] != 400 || m["duplicates"] != 0 || m["redelivered"] != 0 {
		t.Errorf("share group: %v", m)
	}
}

// TestAHotUserHasAllMembers: several consumers have orders of one user at a time, all
// from the one partition, and the picture shows which.
func TestAHotUserHasAllMembers(t *testing.T) {
	t.Parallel()
	l := kafkaWorld.begin(t, shareSettings("users", "1", "rate", "200", "work", "20ms", "prefetch", "2"))
	snap := await(t, l, "all members have orders of the user", func(s *lab.Snapshot) bool {
		d := s.Detail.(*Detail)
		busy := 0
		for _, c := range d.Lanes[0].Consumers {
			if c.Connected && len(c.Orders) > 0 {
				busy++
			}
		}
		return busy == 4
	})
	d := snap.Detail.(*Detail)
	if !d.Shared || len(d.Lanes) != 1 || d.LaneCount() != 4 {
		t.Errorf("shared %v, %d lanes, %d consumers", d.Shared, len(d.Lanes), d.LaneCount())
	}
	seen := map[uint64]int{}
	for _, c := range d.Lanes[0].Consumers {
		if len(c.Orders) > 2 {
			t.Errorf("consumer %d has %d orders with prefetch 2", c.Number, len(c.Orders))
		}
		for _, o := range c.Orders {
			if seen[o.N] != 0 {
				t.Errorf("consumers %d and %d have order %d", seen[o.N], c.Number, o.N)
			}
			seen[o.N] = c.Number
		}
	}
}

// TestAKilledMembersOrdersComeAgain to the others, at once.
func TestAKilledMembersOrdersComeAgain(t *testing.T) {
	t.Parallel()
	l := kafkaWorld.begin(t, shareSettings("rate", "300"))
	kill(t, l)
	await(t, l, "the order comes again", func(s *lab.Snapshot) bool { return s.Metrics["duplicates"] > 0 })
	m := rest(t, l)
	// The order that it had handled without an acknowledgement comes twice.
	if m["duplicates"] != 1 || m["lost"] != 0 || m["unique_messages"] != m["published"] {
		t.Errorf("%v", m)
	}
}

// TestAReleasedOrderComesAgain: an order that fails goes back by itself, and the lab
// says that this broke the order where it did.
func TestAReleasedOrderComesAgain(t *testing.T) {
	t.Parallel()
	l := kafkaWorld.begin(t, shareSettings("orders", "300", "failure-rate", "0.2"))
	snap := await(t, l, "all is handled", allHandled(300))
	m, d := snap.Metrics, snap.Detail.(*Detail)
	if m["redelivered"] < 30 || m["unique_messages"] != 300 || m["duplicates"] != 0 || m["lost"] != 0 || m["dead_lettered"] != 0 {
		t.Errorf("%v", m)
	}
	if d.Causes[accounts.Requeued] == 0 || float64(d.Causes[accounts.Requeued]+d.Causes[accounts.Competing]) != m["violations"] {
		t.Errorf("%v violations, causes %v", m["violations"], d.Causes)
	}
}

// TestParkedOrdersAreInTheDeadTopic: what fails is moved there, and counted once.
func TestParkedOrdersAreInTheDeadTopic(t *testing.T) {
	t.Parallel()
	space, addr := namespace(), embeddedKafka(t)
	l := New(lab.Env{Open: labtest.Brokers(map[string]string{lab.Kafka: addr}), Namespace: space})
	if err := l.Start(t.Context(), settings(t, shareSettings("engine", engineKafka, "orders", "200", "failure-rate", "0.2", "on-failure", "park")), 1); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	m := await(t, l, "all is handled or parked", allHandled(200)).Metrics
	if m["dead_lettered"] < 20 || m["unique_messages"]+m["dead_lettered"] != 200 || m["lost"] != 0 {
		t.Errorf("%v", m)
	}
	dead, err := kafka.OpenTopic(t.Context(), kafka.Options{Addr: addr, Name: "reader"}, space+".1.dead", "reader", 1)
	if err != nil {
		t.Fatal(err)
	}
	defer dead.Close()
	if n, err := dead.Lag(t.Context(), 0); err != nil || float64(n) != m["dead_lettered"] {
		t.Errorf("the dead-letter topic has %d records, %v; the lab says %v", n, err, m["dead_lettered"])
	}
}

// TestABrokersLimitEndsInTheDeadTopic: without a limit of the lab, an order that always
// fails is moved there when it comes for the last time, and is not lost.
func TestABrokersLimitEndsInTheDeadTopic(t *testing.T) {
	t.Parallel()
	l := kafkaWorld.begin(t, shareSettings("rate", "100", "users", "2"))
	if err := l.Do(t.Context(), actionPoison); err != nil {
		t.Fatal(err)
	}
	await(t, l, "it is parked", func(s *lab.Snapshot) bool { return s.Metrics["dead_lettered"] == 1 })
	m := rest(t, l)
	if m["dead_lettered"] != 1 || m["redelivered"] < 9 || m["lost"] != 0 || m["unique_messages"] != m["published"]-1 {
		t.Errorf("%v", m)
	}
}

// TestAnArchivedOrderIsLost: orders that a consumer has each time it dies come no more
// after the broker's last delivery. The lab counts them at once and says so.
func TestAnArchivedOrderIsLost(t *testing.T) {
	t.Parallel()
	c := clock.New(nil)
	c.SetSpeed(8) // a consumer stays away for a second
	l := kafkaWorld.beginIn(t, namespace(), c, turned{"mode": modeShare, "users": "1", "lanes": "1", "orders": "1", "work": "10ms"})
	if err := l.Do(t.Context(), actionHang); err != nil {
		t.Fatal(err)
	}
	await(t, l, "the first order is there", func(s *lab.Snapshot) bool { return s.Metrics["confirmed"] == 1 })
	if err := l.Do(t.Context(), actionDemo); err != nil {
		t.Fatal(err)
	}
	const placed = 1 + demoOrders
	await(t, l, "the others are there", func(s *lab.Snapshot) bool { return s.Metrics["confirmed"] == placed })
	if err := l.Do(t.Context(), actionHang); err != nil {
		t.Fatal(err)
	}
	snap := await(t, l, "all is handled or lost", func(s *lab.Snapshot) bool {
		if err := l.Do(t.Context(), actionKill); err != nil {
			t.Fatal(err)
		}
		return s.InFlight == 0
	})
	m := snap.Metrics
	if m["lost"] < 1 || m["lost"]+m["unique_messages"] != placed {
		t.Errorf("%v", m)
	}
	said := 0
	for _, e := range snap.Events {
		if e.Key == "convoy.event.archived" {
			said++
		}
	}
	if float64(said) != m["lost"] {
		t.Errorf("the log says %d times that an order is archived, %v are lost", said, m["lost"])
	}
}

// TestShareNeedsKafka: the other broker is refused with the reason.
func TestShareNeedsKafka(t *testing.T) {
	s := Spec().Defaults().With("mode", lab.ChoiceValue(modeShare))
	if err := Spec().Check(s); err == nil || !strings.Contains(err.Error(), "mode") || !strings.Contains(err.Error(), "with engine kafka: ") {
		t.Errorf("%v", err)
	}
	if err := Spec().Check(s.With("engine", lab.ChoiceValue(engineKafka))); err != nil {
		t.Error(err)
	}
}
