package convoy

import (
	"strings"
	"testing"
	"time"

	"resilab/brokers/brokertest"
	"resilab/labs/lab"
)

// TestOutage takes RabbitMQ away in the middle of a run and gives it back: the
// lab says so, recovers by itself, and loses nothing that was confirmed.
func TestOutage(t *testing.T) {
	for name, end := range map[string]func(*brokertest.RabbitNode) error{
		"stopped": (*brokertest.RabbitNode).Stop,
		"killed":  (*brokertest.RabbitNode).Kill,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			node := brokertest.RabbitMQ(t)
			l := begin(t, node.URL(), map[string]string{"users": "40", "lanes": "4", "rate": "500", "work": "10ms", "prefetch": "20"})
			await(t, l, "orders wait in the lanes", func(s *lab.Snapshot) bool {
				return s.Metrics["handled"] > 200 && s.InFlight > 100
			})
			if err := end(node); err != nil {
				t.Fatal(err)
			}
			snap := await(t, l, "it says that the broker is away", func(s *lab.Snapshot) bool { return len(s.Troubles) > 0 })
			if tr := snap.Troubles[0]; tr.Key != "convoy.trouble.broker" || tr.Args[0] != node.Addr() {
				t.Errorf("trouble %+v", tr)
			}
			if err := node.Start(); err != nil {
				t.Fatal(err)
			}
			back := time.Now()
			before := snap.Metrics["confirmed"]
			await(t, l, "it works again", func(s *lab.Snapshot) bool {
				return len(s.Troubles) == 0 && s.Metrics["confirmed"] > before+200
			})
			t.Logf("recovered %s after the broker was back", time.Since(back).Round(time.Millisecond))
			l.Pause()
			snap = await(t, l, "all is handled", func(s *lab.Snapshot) bool { return s.InFlight == 0 })
			m := snap.Metrics
			t.Logf("%v", m)
			if m["lost"] != 0 || m["violations"] != 0 || m["unique_messages"] != m["published"] {
				t.Errorf("lost %v, violations %v, published %v, unique %v", m["lost"], m["violations"], m["published"], m["unique_messages"])
			}
			if m["redelivered"] == 0 {
				t.Error("nothing was redelivered: the outage hit nothing")
			}
		})
	}
}

func TestStartNamesTheBrokerThatIsAway(t *testing.T) {
	l := New(lab.Env{AMQPURL: "amqp://guest:guest@127.0.0.1:1/", Namespace: namespace(t)})
	err := l.Start(t.Context(), Spec().Defaults(), 1)
	if err == nil || !strings.Contains(err.Error(), "127.0.0.1:1") || strings.Contains(err.Error(), "\n") {
		t.Fatalf("error %v", err)
	}
	if err := l.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestNothingRemains: whatever a lab declared is gone when it has stopped.
func TestNothingRemains(t *testing.T) {
	node := shared.RabbitMQ(t)
	for _, mode := range []string{modeConvoy, modeCompeting, modeSingle, modeModulus} {
		l := begin(t, node.URL(), map[string]string{"mode": mode, "rate": "1000", "work": "20ms"})
		await(t, l, "orders wait", func(s *lab.Snapshot) bool { return s.InFlight > 50 })
		if err := l.Apply(t.Context(), settings(t, map[string]string{"mode": mode, "lanes": "5"})); err != nil {
			t.Fatal(err)
		}
		if err := l.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for _, what := range []string{"list_queues", "list_exchanges"} {
		out, err := node.Ctl(what, "--quiet", "name")
		if err != nil {
			t.Skip(err)
		}
		if strings.Contains(out, "test-") {
			t.Errorf("%s: %s", what, out)
		}
	}
}
