package convoy

import (
	"context"
	"strings"
	"testing"

	"resilab/labs/convoy/accounts"
	"resilab/labs/convoy/consumer"
	"resilab/labs/i18n"
	"resilab/labs/kit"
	"resilab/labs/lab"
)

// TestWhatAFailureDoesToTheOrder: with prefetch 1 and one order of ten failing,
// a delay lets the user's next orders pass, blocking keeps every order and its
// sequence, and parking keeps the sequence with gaps.
func TestWhatAFailureDoesToTheOrder(t *testing.T) {
	worlds(t, func(t *testing.T, w world) {
		base := turned{"users": "10", "lanes": "4", "rate": "5000", "work": "1ms", "failure-rate": "0.1", "prefetch": "1", "retry-wait": "100ms"}
		m := w.measure(t, "500", with(base, "on-failure", "delay"), with(base, "on-failure", "block"), with(base, "on-failure", "park"))
		delay, block, park := m[0], m[1], m[2]
		if delay["violations"] < 20 || delay["lost"] != 0 || delay["duplicates"] != 0 || delay["unique_messages"] != 500 {
			t.Errorf("delay: %v", delay)
		}
		if block["violations"] != 0 || block["lost"] != 0 || block["redelivered"] != 0 || block["unique_messages"] != 500 {
			t.Errorf("block: %v", block)
		}
		if park["violations"] != 0 || park["lost"] != 0 || park["dead_lettered"] < 20 || park["unique_messages"]+park["dead_lettered"] != 500 {
			t.Errorf("park: %v", park)
		}
	})
}

// TestQuorumQueuesHandleFailures: with a delivery limit a quorum queue takes an order
// back to its place, as a classic one does. Without one RabbitMQ 3 and the embedded
// broker put it at the end, which the experiment of the knob shows. Delayed and
// parked orders are not lost.
func TestQuorumQueuesHandleFailures(t *testing.T) {
	worlds(t, func(t *testing.T, w world) {
		base := turned{"queue-type": queueQuorum, "users": "10", "lanes": "4", "rate": "1000", "work": "1ms", "failure-rate": "0.1",
			"prefetch": "1", "retry-wait": "100ms"}
		m := w.measure(t, "300", with(base, "delivery-limit", "3"), with(base, "on-failure", "delay"), with(base, "on-failure", "park"))
		requeue, delay, park := m[0], m[1], m[2]
		if requeue["violations"] != 0 || requeue["redelivered"] < 10 || requeue["dead_lettered"] != 0 || requeue["unique_messages"] != 300 {
			t.Errorf("requeue: %v", requeue)
		}
		if delay["lost"] != 0 || delay["unique_messages"] != 300 {
			t.Errorf("delay: %v", delay)
		}
		if park["lost"] != 0 || park["dead_lettered"] < 10 || park["unique_messages"]+park["dead_lettered"] != 300 {
			t.Errorf("park: %v", park)
		}
	})
}

// TestADelayIsTheCause: the lab names the delay, and does not take an order for
// lost that waits longer than others are missed.
func TestADelayIsTheCause(t *testing.T) {
	worlds(t, func(t *testing.T, w world) {
		l := w.begin(t, turned{"users": "4", "lanes": "2", "rate": "200", "work": "1ms", "failure-rate": "0.2",
			"prefetch": "1", "on-failure": "delay", "retry-wait": "4s", "orders": "100"})
		snap := await(t, l, "all orders are handled", func(s *lab.Snapshot) bool {
			return s.Metrics["published"] == 100 && s.InFlight == 0
		})
		d := snap.Detail.(*Detail)
		if d.Causes[accounts.Delayed] == 0 || float64(d.Causes[accounts.Delayed]) != snap.Metrics["violations"] {
			t.Errorf("causes %v, %v violations", d.Causes, snap.Metrics["violations"])
		}
		if snap.Metrics["lost"] != 0 || snap.Metrics["unique_messages"] != 100 {
			t.Errorf("%v", snap.Metrics)
		}
	})
}

// TestDelayedOrdersAreInTheBroker: what is delayed is not lost, however late a busy
// broker moves it to its lane again.
func TestDelayedOrdersAreInTheBroker(t *testing.T) {
	worlds(t, func(t *testing.T, w world) {
		spy := &spyEngine{}
		l := kit.NewRunner(lab.Env{Open: w.open(t), Namespace: namespace()}, kit.Options{LogSize: 9, Shown: 9, Routine: 9},
			func(base *kit.Base) kit.Engine[*run] {
				spy.engine = &engine{base}
				return spy
			})
		if err := l.Start(t.Context(), settings(t, turned{"users": "1", "lanes": "1", "orders": "1", "failure-rate": "1", "work": "0",
			"on-failure": "delay", "retry-wait": "30s"}), 1); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := l.Stop(context.WithoutCancel(t.Context())); err != nil {
				t.Error(err)
			}
		})
		lane := spy.work.lanes.Open()[0].Lane
		await(t, l, "the order waits to be tried again", func(*lab.Snapshot) bool {
			past, _ := spy.work.tracker.Past(0)
			n, err := spy.work.transport.Waiting(t.Context(), lane)
			return past.Deliveries == 1 && spy.work.tracker.View(lane, 1).InFlight == 0 && err == nil && n == 1
		})
	})
}

// TestAPoisonOrderBlocksItsLane: it is tried again and again, and moves away when
// its deliveries are used up.
func TestAPoisonOrderBlocksItsLane(t *testing.T) {
	worlds(t, func(t *testing.T, w world) {
		l := w.begin(t, turned{"users": "4", "lanes": "2", "rate": "200", "work": "1ms", "prefetch": "1",
			"on-failure": "block", "retry-wait": "20ms", "delivery-limit": "5"})
		if err := l.Do(t.Context(), actionPoison); err != nil {
			t.Fatal(err)
		}
		m := await(t, l, "the poison order is parked", func(s *lab.Snapshot) bool { return s.Metrics["dead_lettered"] == 1 }).Metrics
		if m["violations"] != 0 {
			t.Errorf("%v", m)
		}
	})
}

// TestWhatKafkaHasNot is refused with the knob's name and the reason.
func TestWhatKafkaHasNot(t *testing.T) {
	for id, lacking := range map[string]struct{ word, with string }{
		"on-failure": {string(consumer.Delay), "with engine rabbitmq|nats: "},
		"queue-type": {queueQuorum, "with engine rabbitmq: "},
		"mode":       {modePool, "with engine rabbitmq|nats: "},
	} {
		s := Spec().Defaults().With("engine", lab.ChoiceValue(engineKafka)).With(id, lab.ChoiceValue(lacking.word))
		err := Spec().Check(s)
		if err == nil || !strings.Contains(err.Error(), id) || !strings.Contains(err.Error(), lacking.with) {
			t.Errorf("%s: error %v", id, err)
		}
	}
}

func TestExportWritesTheQueueType(t *testing.T) {
	for word, want := range map[string]bool{queueClassic: false, queueQuorum: true} {
		program, err := code(i18n.English, "go", Spec().Defaults().With("queue-type", lab.ChoiceValue(word)))
		if err != nil || strings.Contains(program, `"x-queue-type": "quorum"`) != want {
			t.Errorf("%s: %v, %s", word, err, program)
		}
	}
}
