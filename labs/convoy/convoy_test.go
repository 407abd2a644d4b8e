package convoy

import (
	"context"
	"testing"
	"time"

	"resilab/brokers/brokertest"
	"resilab/brokers/minirabbit"
	"resilab/labs/lab"
	"resilab/labs/labtest"
)

var shared brokertest.Shared

func TestMain(m *testing.M) { brokertest.Main(m, &shared) }

const patience = 20 * time.Second

// worlds are the brokers that every test of behaviour runs against.
func worlds(t *testing.T, test func(t *testing.T, url string)) {
	t.Run("embedded", func(t *testing.T) {
		server, err := minirabbit.Run(minirabbit.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { server.Close() })
		test(t, server.URL())
	})
	t.Run("real", func(t *testing.T) { test(t, shared.RabbitMQ(t).URL()) })
}

func TestLab(t *testing.T) {
	worlds(t, func(t *testing.T, url string) {
		labtest.Run(t, labtest.Subject{Spec: Spec(), New: New, Moved: "handled",
			Env: lab.Env{AMQPURL: url, Namespace: namespace(t)}})
	})
}

func namespace(t *testing.T) string { return "test-" + time.Now().Format("150405.000000") }

// begin starts a lab with the given settings over its defaults.
func begin(t *testing.T, url string, knobs map[string]string) lab.Lab {
	t.Helper()
	l := New(lab.Env{AMQPURL: url, Namespace: namespace(t), Now: time.Now})
	if err := l.Start(t.Context(), settings(t, knobs), 1); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := l.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	return l
}

func settings(t *testing.T, knobs map[string]string) lab.Settings {
	t.Helper()
	spec := Spec()
	s := spec.Defaults()
	for id, text := range knobs {
		k, ok := spec.Knob(id)
		if !ok {
			t.Fatalf("no knob %s", id)
		}
		v, err := k.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		s = s.With(id, v)
	}
	return s
}

// await polls until ok holds for the lab's snapshot.
func await(t *testing.T, l lab.Lab, what string, ok func(*lab.Snapshot) bool) *lab.Snapshot {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		snap := l.Snapshot()
		if ok(snap) {
			return snap
		}
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain until %s; in flight %d, metrics %v, troubles %v", what, snap.InFlight, snap.Metrics, snap.Troubles)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// measure lets a lab place so many orders, and returns what came of them.
func measure(t *testing.T, url, orders string, knobs map[string]string) map[string]float64 {
	t.Helper()
	knobs["orders"] = orders
	l := begin(t, url, knobs)
	limit := float64(settings(t, knobs).Int("orders"))
	snap := await(t, l, "all orders are handled", func(s *lab.Snapshot) bool {
		return s.Metrics["published"] == limit && s.InFlight == 0
	})
	return snap.Metrics
}

func TestConvoyKeepsOrder(t *testing.T) {
	worlds(t, func(t *testing.T, url string) {
		m := measure(t, url, "2000", map[string]string{"users": "50", "lanes": "4", "rate": "5000", "work": "1ms", "prefetch": "50"})
		if m["violations"] != 0 || m["lost"] != 0 || m["duplicates"] != 0 || m["confirmed"] != 2000 || m["handled"] != 2000 {
			t.Errorf("%v", m)
		}
	})
}

func TestCompetingConsumersBreakOrder(t *testing.T) {
	worlds(t, func(t *testing.T, url string) {
		m := measure(t, url, "2000", map[string]string{"mode": "competing", "users": "10", "lanes": "4", "rate": "5000", "work": "2ms"})
		if m["violation_rate"] < 0.05 || m["lost"] != 0 {
			t.Errorf("%v", m)
		}
	})
}

// A failed order returns to its place in the queue, but what the consumer holds
// already overtakes it: only prefetch 1 keeps the order.
func TestRequeueingNeedsPrefetchOne(t *testing.T) {
	worlds(t, func(t *testing.T, url string) {
		for _, how := range []string{"nack", "reject"} {
			base := turned{"users": "10", "lanes": "2", "rate": "5000", "work": "500us", "failure-rate": "0.1", "requeue": how}
			one := measure(t, url, "800", with(base, "prefetch", "1"))
			many := measure(t, url, "800", with(base, "prefetch", "50"))
			if one["violations"] != 0 || one["redelivered"] < 40 || many["violations"] < 10 || many["lost"] != 0 {
				t.Errorf("%s: prefetch 1 %v, prefetch 50 %v", how, one, many)
			}
		}
	})
}

// TestViolationsHaveACause: where lanes change under a backlog, the keys that
// moved lose their order, and the lab says that this is why.
func TestViolationsHaveACause(t *testing.T) {
	worlds(t, func(t *testing.T, url string) {
		l := begin(t, url, turned{"users": "100", "lanes": "2", "rate": "2000", "work": "2ms", "prefetch": "1"})
		await(t, l, "a backlog", func(s *lab.Snapshot) bool { return s.InFlight > 500 })
		if err := l.Do(t.Context(), addLane); err != nil {
			t.Fatal(err)
		}
		snap := await(t, l, "violations", func(s *lab.Snapshot) bool { return s.Metrics["violations"] > 10 })
		d := snap.Detail.(*Detail)
		if d.Causes[Moved] == 0 || d.Causes[Competing]+d.Causes[Requeued]+d.Causes[Resent] != 0 || len(d.Lanes) != 3 {
			t.Errorf("%d lanes, causes %v", len(d.Lanes), d.Causes)
		}
	})
}

func TestOneForAllKeepsOrder(t *testing.T) {
	worlds(t, func(t *testing.T, url string) {
		m := measure(t, url, "500", map[string]string{"mode": "single", "users": "10", "lanes": "4", "rate": "5000", "work": "1ms"})
		if m["violations"] != 0 || m["lost"] != 0 || m["handled"] != 500 {
			t.Errorf("%v", m)
		}
	})
}
