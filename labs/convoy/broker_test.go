package convoy

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"resilab/brokers/brokertest"
	"resilab/labs/clock"
	"resilab/labs/lab"
)

func atRest(s *lab.Snapshot) bool {
	_, known := s.Metrics["lost"]
	return s.InFlight == 0 && known
}

// TestAPurgedLaneIsNoSilentLoss: orders vanish from a lane while more follow. They
// are counted while the lab works on, and the lane can still be removed, with no
// further loss.
func TestAPurgedLaneIsNoSilentLoss(t *testing.T) {
	worlds(t, func(t *testing.T, w world) {
		space, c := namespace(), clock.New(nil)
		l := w.beginIn(t, space, c, turned{"rate": "200", "work": "15ms", "lanes": "3", "prefetch": "2"})
		await(t, l, "orders wait", func(s *lab.Snapshot) bool { return s.Detail.(*Detail).Lanes[0].Waiting > 60 })
		c.SetSpeed(0.1) // the loss is in doubt for long enough to be seen
		purged, err := w.channel(t).QueuePurge(space+".1.lane-1", false)
		if err != nil || purged == 0 {
			t.Fatalf("%d purged, %v", purged, err)
		}
		await(t, l, "the loss is in doubt", func(s *lab.Snapshot) bool {
			_, known := s.Metrics["lost"]
			return !known
		})
		c.SetSpeed(1)
		await(t, l, "it says what is lost", func(s *lab.Snapshot) bool { return s.Metrics["lost"] >= float64(purged) })
		if err := l.Do(t.Context(), removeFirst); err != nil {
			t.Fatal(err)
		}
		await(t, l, "the lane is removed", func(s *lab.Snapshot) bool { return len(s.Detail.(*Detail).Lanes) == 2 })
		l.Pause()
		m := await(t, l, "all is handled", atRest).Metrics
		if m["lost"] != float64(purged) || m["unique_messages"] != m["published"]-m["lost"] {
			t.Errorf("%d purged, %v", purged, m)
		}
	})
}

// operate calls rabbitmqctl on the shared node, which must be one of this test
// binary.
func operate(t *testing.T, args ...string) {
	t.Helper()
	_, err := shared.RabbitMQ(t).Ctl(args...)
	if errors.Is(err, brokertest.ErrNotOurs) {
		brokertest.Unavailable(t, err)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestRefusedOrdersAreSentAgain: a queue refuses orders while it is full. Every
// order is sent again until it is accepted, and counts as confirmed only then.
func TestRefusedOrdersAreSentAgain(t *testing.T) {
	t.Parallel()
	space := namespace()
	w := world{url: shared.RabbitMQ(t).URL()}
	operate(t, "set_policy", "small", "^"+space+`.*lane-1$`, `{"max-length":3,"overflow":"reject-publish"}`, "--apply-to", "queues")
	l := w.beginAs(t, space, turned{"users": "20", "lanes": "2", "rate": "150", "work": "12ms", "prefetch": "1"})
	snap := await(t, l, "orders are refused", func(s *lab.Snapshot) bool { return s.Metrics["nacked"] > 30 && s.Detail.(*Detail).Broker.Delayed > 0 })
	if !slices.ContainsFunc(snap.Events, func(e lab.Event) bool { return e.Key == "convoy.event.nacked" && !e.Routine }) {
		t.Error("the log does not say that orders are refused")
	}
	await(t, l, "more orders come", func(s *lab.Snapshot) bool { return s.Metrics["published"] > snap.Metrics["published"]+200 })
	operate(t, "clear_policy", "small")
	l.Pause()
	m := await(t, l, "all is handled", atRest).Metrics
	t.Logf("%v", m)
	if m["lost"] != 0 || m["confirmed"] != m["published"] || m["unique_messages"] != m["published"] {
		t.Errorf("%v", m)
	}
	if m["republished"] > 3*m["published"] {
		t.Errorf("%v republications of %v orders", m["republished"], m["published"])
	}
}

// TestARevokedPermissionIsNamed: the lab's user loses its permissions. The lab names
// that, and not a broker that does not answer.
func TestARevokedPermissionIsNamed(t *testing.T) {
	t.Parallel()
	user := namespace()
	operate(t, "add_user", user, "secret")
	t.Cleanup(func() { operate(t, "delete_user", user) }) // after the lab has stopped
	operate(t, "set_permissions", user, ".*", ".*", ".*")
	w := world{url: strings.Replace(shared.RabbitMQ(t).URL(), "guest:guest", user+":secret", 1)}
	l := w.begin(t, turned{"rate": "100", "work": "5ms"})
	before := await(t, l, "it works", func(s *lab.Snapshot) bool { return s.Metrics["handled"] > 20 }).Metrics
	operate(t, "set_permissions", user, "^$", "^$", "^$")
	if err := l.Do(t.Context(), actionCut); err != nil {
		t.Fatal(err)
	}
	snap := await(t, l, "it says what is refused", func(s *lab.Snapshot) bool {
		return len(s.Troubles) > 0 && s.Troubles[0].Key == "convoy.trouble.refused"
	})
	time.Sleep(time.Second)
	lines := 0
	for _, e := range l.Snapshot().Events {
		if e.Key == "convoy.event.down" {
			lines++
		}
	}
	if lines > 2 {
		t.Errorf("%d lines about one change of state; troubles %v", lines, snap.Troubles)
	}
	operate(t, "set_permissions", user, ".*", ".*", ".*")
	await(t, l, "it works again", func(s *lab.Snapshot) bool {
		return len(s.Troubles) == 0 && s.Metrics["handled"] > before["handled"]+50
	})
	l.Pause()
	if m := await(t, l, "all is handled", atRest).Metrics; m["lost"] != 0 || m["unique_messages"] != m["published"] {
		t.Errorf("%v", m)
	}
}

// TestSpeedKeepsWhatIsMeasured: four times as fast, orders come as often and take
// as long, in the lab's time; nothing is measured again from the start.
func TestSpeedKeepsWhatIsMeasured(t *testing.T) {
	t.Parallel()
	undisturbed(t, func() error {
		w := embedded(t)
		c := clock.New(nil)
		l := New(lab.Env{Open: w.open(t), Namespace: namespace(), Clock: c})
		if err := l.Start(t.Context(), settings(t, turned{"users": "40", "lanes": "8", "rate": "20", "work": "60ms", "work-spread": "constant", "popularity": "turns"}), 1); err != nil {
			return err
		}
		defer func() { _ = l.Stop(t.Context()) }()
		handled := func(n float64) func(*lab.Snapshot) bool {
			return func(s *lab.Snapshot) bool { return s.Metrics["handled"] >= n }
		}
		before := await(t, l, "it works", handled(20))
		c.SetSpeed(4)
		snap := await(t, l, "it works faster", handled(140))
		return sameMeasure(before, snap)
	})
}
