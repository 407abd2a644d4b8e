package convoy

import (
	"testing"
	"time"

	"resilab/labs/lab"
	"resilab/labs/labtest"
)

// kafkaKnobs are settings for a lab on the embedded Kafka.
func kafkaKnobs(more ...string) turned { return with(turned{"engine": "kafka"}, more...) }

func TestKafkaLab(t *testing.T) {
	t.Parallel()
	spec := Spec()
	for i := range spec.Knobs {
		if spec.Knobs[i].ID == "engine" {
			spec.Knobs[i].Default = lab.ChoiceValue(engineKafka)
		}
	}
	labtest.Run(t, labtest.Subject{Spec: spec, New: New, Moved: "handled", Env: lab.Env{Namespace: namespace(t)}})
}

// TestKafkaDemo runs the course material's demo: ten orders of three users in
// turn, keyed by user, on three partitions.
func TestKafkaDemo(t *testing.T) {
	l := begin(t, "", kafkaKnobs("users", "3", "lanes", "3", "popularity", "turns", "orders", "10", "rate", "100", "work", "10ms"))
	snap := await(t, l, "ten orders are handled", func(s *lab.Snapshot) bool { return s.Metrics["handled"] == 10 && s.InFlight == 0 })
	if m := snap.Metrics; m["violations"] != 0 || m["confirmed"] != 10 {
		t.Errorf("%v", m)
	}
	for i, u := range snap.Detail.(*Detail).Users {
		want := []uint64{4, 3, 3}[i]
		if u.Handled != want || len(u.Strip) != int(want) || u.Strip[0].Seq != 1 {
			t.Errorf("%s: %+v", u.Name, u)
		}
	}
}

func TestKafkaExercises(t *testing.T) {
	t.Run("C1 no key, no order", func(t *testing.T) {

		base := kafkaKnobs("mode", "competing", "users", "10", "rate", "1000", "work", "4ms")
		a := measure(t, "", "500", with(base, "lanes", "1"))
		b := measure(t, "", "500", with(base, "lanes", "4"))
		if a["violations"] != 0 || b["violation_rate"] <= 0.05 {
			t.Errorf("%v %v", a, b)
		}
	})
	t.Run("C2 one partition", func(t *testing.T) {

		base := kafkaKnobs("users", "40", "lanes", "4", "rate", "1000", "work", "10ms", "work-spread", "constant")
		a := watch(t, "", 3*time.Second, with(base, "mode", "single"))
		b := watch(t, "", 3*time.Second, with(base, "mode", "convoy"))
		if a["violations"]+b["violations"] != 0 || b["throughput"] < 2.5*a["throughput"] {
			t.Errorf("one partition %v, four %v", a, b)
		}
	})
	t.Run("C3 slow user", func(t *testing.T) {

		base := kafkaKnobs("users", "20", "lanes", "4", "rate", "200", "work", "4ms", "slow-user", "40")
		m := watch(t, "", 3*time.Second, base)
		if m["p95_lane"] < 3*m["p95_others"] || m["violations"] != 0 {
			t.Errorf("%v", m)
		}
	})
	t.Run("C4 hot user", func(t *testing.T) {

		m := watch(t, "", 6*time.Second, kafkaKnobs("users", "40", "lanes", "8", "rate", "300", "work", "9ms", "popularity", "hot"))
		if m["p95_hot"] < 3*m["p95_others"] || m["violations"] != 0 {
			t.Errorf("%v", m)
		}
	})
	t.Run("C8 crash", func(t *testing.T) {

		m := watch(t, "", 4*time.Second, kafkaKnobs("users", "10", "lanes", "2", "rate", "100", "work", "2ms", "inbox", "true", "incident", "kill", "incident-at", "1s"))
		if m["duplicates"] == 0 || m["effects"] != m["unique_messages"] || m["lost"] != 0 {
			t.Errorf("%v", m)
		}
	})
	t.Run("C9 poison", func(t *testing.T) {

		m := watch(t, "", 3*time.Second, kafkaKnobs("users", "10", "lanes", "2", "rate", "100", "work", "2ms", "incident", "poison", "incident-at", "500ms", "delivery-limit", "5"))
		if m["dead_lettered"] != 1 || m["lane_resumed"] != 1 || m["gaps"] != 1 || m["lost"] != 0 {
			t.Errorf("%v", m)
		}
	})
}
