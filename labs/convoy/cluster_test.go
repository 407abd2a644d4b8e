package convoy

import (
	"slices"
	"testing"
	"time"

	"resilab/brokers/brokertest"
	"resilab/labs/lab"
)

// TestANodeDies kills the node of a cluster that leads every lane of a lab with quorum
// queues, and is home to every lane of one with classic queues. The first goes on with
// another node, the second says what is down and waits; neither loses an order.
func TestANodeDies(t *testing.T) {
	t.Parallel()
	c := brokertest.RabbitMQCluster(t, 3)
	w := world{url: c.URL()}
	space, classicSpace := namespace(), namespace()
	// Handling takes no time, so that a busy machine keeps up with the orders.
	base := turned{"users": "30", "lanes": "3", "rate": "50", "work": "0s", "prefetch": "20"}
	classic := w.beginAs(t, classicSpace, base)
	quorum := w.beginAs(t, space, with(base, "queue-type", queueQuorum))
	for _, l := range []lab.Lab{classic, quorum} {
		await(t, l, "it works", func(s *lab.Snapshot) bool { return s.Metrics["handled"] > 100 })
	}
	if err := quorum.Do(t.Context(), actionHang); err != nil {
		t.Fatal(err)
	}
	await(t, quorum, "a consumer holds orders", func(s *lab.Snapshot) bool {
		return slices.ContainsFunc(s.Detail.(*Detail).Lanes, func(l Lane) bool { return l.InFlight >= 20 })
	})
	leaders, err := c.Leaders()
	if err != nil {
		t.Fatal(err)
	}
	// A client's queues are led by the node that it is connected to. That is the first
	// one, unless it took too long to answer.
	dead := leaders[space+".1.lane-1"]
	if dead == nil {
		t.Fatalf("lane 1 has no leader: %v", leaders)
	}
	both := dead == leaders[classicSpace+".1.lane-1"]
	if err := dead.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := quorum.Do(t.Context(), actionHang); err != nil {
		t.Fatal(err)
	}
	continues(t, quorum)
	if both {
		waits(t, classic)
	}
	if err := dead.Start(); err != nil {
		t.Fatal(err)
	}
	continues(t, classic)
	continues(t, quorum)
	t.Logf("led by the same node: %v; %v orders were redelivered", both, quorum.Snapshot().Metrics["redelivered"])
	for _, l := range []lab.Lab{classic, quorum} {
		l.Pause()
		m := await(t, l, "all is handled", atRest).Metrics
		t.Logf("%v", m)
		if m["lost"] != 0 || m["violations"] != 0 || m["confirmed"] != m["published"] || m["unique_messages"] != m["published"] {
			t.Errorf("lost %v, violations %v, published %v, confirmed %v, unique %v",
				m["lost"], m["violations"], m["published"], m["confirmed"], m["unique_messages"])
		}
	}
}

// continues waits until every lane takes orders and they are handled.
func continues(t *testing.T, l lab.Lab) {
	t.Helper()
	began := time.Now()
	before := l.Snapshot().Metrics
	await(t, l, "no order waits to be sent", func(s *lab.Snapshot) bool {
		return len(s.Troubles) == 0 && s.Detail.(*Detail).Broker.Delayed == 0 &&
			s.Metrics["confirmed"] > before["confirmed"]+100 && s.Metrics["handled"] > before["handled"]+100
	})
	t.Logf("every lane works after %s", time.Since(began).Round(time.Millisecond))
}

// waits waits until a lab says, once, that its lanes are down, and that the broker is
// there.
func waits(t *testing.T, l lab.Lab) {
	t.Helper()
	snap := await(t, l, "it says what is down", func(s *lab.Snapshot) bool {
		return len(s.Troubles) == 1 && s.Troubles[0].Key == "convoy.trouble.lanes_down"
	})
	if lanes := snap.Troubles[0].Args[0]; lanes != "1, 2, 3" {
		t.Errorf("lanes %v are down", lanes)
	}
	isDown := func(e lab.Event) bool { return e.Key == "convoy.event.lanes_down" }
	if lines := len(slices.DeleteFunc(slices.Clone(snap.Events), func(e lab.Event) bool { return !isDown(e) })); lines != 1 {
		t.Errorf("%d lines say so", lines)
	}
}
