package convoy

import (
	"errors"
	"fmt"
	"testing"

	"resilab/brokers/minirabbit"
	"resilab/labs/convoy/routing"
	"resilab/labs/convoy/transport"
	"resilab/labs/i18n"
	"resilab/labs/lab"
	"resilab/labs/labtest"
)

func TestKafkaLab(t *testing.T) {
	t.Parallel()
	spec := Spec()
	for i := range spec.Knobs {
		if spec.Knobs[i].ID == "engine" {
			spec.Knobs[i].Default, spec.Knobs[i].Effect.To = lab.ChoiceValue(engineKafka), engineRabbitMQ
		}
	}
	server, err := minirabbit.Run(minirabbit.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	open := labtest.Brokers(map[string]string{lab.Kafka: embeddedKafka(t), lab.NATS: embeddedNATS(t), lab.AMQP: server.URL()})
	labtest.Run(t, subject(spec, open))
}

// TestKafkaDemo runs the course material's demo: ten orders of three users in
// turn, keyed by user, on three partitions; its log has the material's words.
func TestKafkaDemo(t *testing.T) {
	t.Parallel()
	l := kafkaWorld.begin(t, turned{"users": "3", "lanes": "3", "popularity": "turns", "orders": "10", "rate": "100", "work": "10ms"})
	snap := await(t, l, "ten orders are handled", func(s *lab.Snapshot) bool { return s.Metrics["handled"] == 10 && s.InFlight == 0 })
	if m := snap.Metrics; m["violations"] != 0 || m["confirmed"] != 10 {
		t.Errorf("%v", m)
	}
	for i, u := range snap.Detail.(*Detail).Users {
		want := []uint64{4, 3, 3}[i]
		if u.Handled != want || len(u.Recent) != int(want) || u.Recent[0].Seq != 1 {
			t.Errorf("%s: %+v", u.Name, u)
		}
	}
	spanish, err := i18n.Load(i18n.Spanish, texts)
	if err != nil {
		t.Fatal(err)
	}
	log := map[string]bool{}
	for _, e := range snap.Events {
		log[spanish.T(e.Key, e.Args...)] = true
	}
	for n := range 10 {
		user := n % 3
		for _, line := range []string{
			fmt.Sprintf(`Enviado pedido: {"orderId":"order-%d","user":"user%d","seq":%d}`, n, user+1, n/3+1),
			fmt.Sprintf("Procesando pedido order-%d de user%d en partición %d (#%d)", n, user+1, routing.Partitions(3).Route(transport.UserName(user)), n/3+1),
		} {
			if !log[line] {
				t.Errorf("no line %q in %v", line, log)
			}
		}
	}
}

// TestKafkaKeepsItsPartitions: a topic cannot lose one, so nothing changes.
func TestKafkaKeepsItsPartitions(t *testing.T) {
	t.Parallel()
	l := kafkaWorld.begin(t, turned{"lanes": "3", "rate": "200", "work": "1ms"})
	for _, removal := range []string{removeFirst, removeLast} {
		if err := l.Do(t.Context(), removal); !errors.Is(err, transport.ErrNoRemoval) {
			t.Errorf("%s: %v", removal, err)
		}
	}
	await(t, l, "it works on", func(s *lab.Snapshot) bool { return s.Metrics["handled"] > 50 })
	for _, lane := range l.Snapshot().Detail.(*Detail).Lanes {
		if !lane.Open {
			t.Errorf("lane %d is closed", lane.Number)
		}
	}
}
