package convoy

import (
	"errors"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"resilab/brokers/brokertest"
	"resilab/labs/convoy/accounts"
	"resilab/labs/lab"
	"resilab/labs/labtest"
)

// TestBrokerFaults strikes a broker that belongs to it alone. What a fault does
// must not depend on which came before it, so that one node is enough for all.
func TestBrokerFaults(t *testing.T) {
	t.Parallel()
	node := brokertest.RabbitMQ(t)
	w := world{url: node.URL()}
	t.Run("stopped", func(t *testing.T) { outage(t, w, node, node.Stop) })
	t.Run("killed", func(t *testing.T) { outage(t, w, node, node.Kill) })
	t.Run("stopped while consumers stand by", func(t *testing.T) { consumersComeFirst(t, w, node) })
	t.Run("full", func(t *testing.T) { alarm(t, w, node) })
	t.Run("at random", func(t *testing.T) { randomFaults(t, w, node) })
}

// outage takes RabbitMQ away in the middle of a run and gives it back: the lab
// says so, recovers by itself, and loses nothing that was confirmed.
func outage(t *testing.T, w world, node *brokertest.RabbitNode, end func() error) {
	l := w.begin(t, turned{"users": "40", "lanes": "4", "rate": "300", "work": "16ms", "prefetch": "20"})
	l.Pause()
	if err := node.Settle(); err != nil {
		t.Fatal(err)
	}
	l.Resume()
	await(t, l, "orders wait in the lanes", func(s *lab.Snapshot) bool {
		return s.Metrics["handled"] > 200 && s.InFlight > 100
	})
	if err := end(); err != nil {
		t.Fatal(err)
	}
	snap := await(t, l, "it says that the broker is away", func(s *lab.Snapshot) bool { return len(s.Troubles) > 0 })
	if tr := snap.Troubles[0]; tr.Key != "convoy.trouble.broker" || tr.Args[1] != node.Addr() {
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
	m := await(t, l, "all is handled", func(s *lab.Snapshot) bool { return s.InFlight == 0 }).Metrics
	t.Logf("%v", m)
	if m["lost"] != 0 || m["violations"] != 0 || m["unique_messages"] != m["published"] {
		t.Errorf("lost %v, violations %v, published %v, unique %v", m["lost"], m["violations"], m["published"], m["unique_messages"])
	}
	if m["redelivered"] == 0 {
		t.Error("nothing was redelivered: the outage hit nothing")
	}
}

func TestStartNamesTheBrokerThatIsAway(t *testing.T) {
	l := New(lab.Env{Open: labtest.Brokers(map[string]string{lab.AMQP: "amqp://guest:guest@127.0.0.1:1/"}), Namespace: namespace()})
	err := l.Start(t.Context(), Spec().Defaults(), 1)
	if err == nil || !strings.Contains(err.Error(), "127.0.0.1:1") || strings.Contains(err.Error(), "\n") {
		t.Fatalf("error %v", err)
	}
	if err := l.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestNothingRemains: whatever a lab declared is removed when it has stopped.
func TestNothingRemains(t *testing.T) {
	t.Parallel()
	node := shared.RabbitMQ(t)
	space := namespace()
	for _, mode := range []string{modeConvoy, modeCompeting, modeSingle, modeModulus} {
		l := world{url: node.URL()}.beginAs(t, space, turned{"mode": mode, "rate": "1000", "work": "20ms"})
		await(t, l, "orders wait", func(s *lab.Snapshot) bool { return s.InFlight > 50 })
		if err := l.Apply(t.Context(), settings(t, turned{"mode": mode, "lanes": "5"})); err != nil {
			t.Fatal(err)
		}
		if err := l.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for _, what := range []string{"list_queues", "list_exchanges"} {
		out, err := node.Ctl(what, "--quiet", "name")
		if errors.Is(err, brokertest.ErrNotOurs) {
			brokertest.Unavailable(t, err)
		}
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(out, space) {
			t.Errorf("%s: %s", what, out)
		}
	}
}

// randomFaults strikes the broker and its clients at random for a while:
// whatever happens, every confirmed order is handled. RESILAB_FAULTS sets how
// many faults there are, every third one a restart of the broker; 20 take about
// a minute. Without it there are two: outage restarts the broker anyway.
func randomFaults(t *testing.T, w world, node *brokertest.RabbitNode) {
	l := w.begin(t, turned{"users": "40", "lanes": "4", "rate": "300", "work": "5ms", "prefetch": "20"})
	rng := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0))
	act := func(action string) func() error {
		return func() error { return l.Do(t.Context(), action) }
	}
	restart := func(end func() error) func() error {
		return func() error { return errors.Join(end(), node.Start()) }
	}
	clients := []fault{
		{"consumer killed", act(actionKill)},
		{"producer cut", act(actionCut)},
		{"lane added", act(addLane)},
		{"consumer hung and released", func() error {
			err := l.Do(t.Context(), actionHang)
			time.Sleep(300 * time.Millisecond)
			return errors.Join(err, l.Do(t.Context(), actionHang))
		}},
		{"all connections closed by the broker", func() error {
			_, err := node.Ctl("close_all_connections", "maintenance")
			return err
		}},
	}
	kill := func() error { return errors.Join(node.Settle(), node.Kill()) }
	restarts := []fault{{"broker killed", restart(kill)}, {"broker stopped", restart(node.Stop)}}
	for i := range faultCount() {
		kind := clients
		if i%3 == 2 {
			kind = restarts
		}
		f := kind[rng.IntN(len(kind))]
		before := l.Snapshot().Metrics
		if err := f.strike(); err != nil {
			t.Fatalf("%s: %v", f.name, err)
		}
		after := await(t, l, "it works again after: "+f.name, func(s *lab.Snapshot) bool {
			return len(s.Troubles) == 0 && s.Metrics["confirmed"] > before["confirmed"]+100 && s.Metrics["handled"] > before["handled"]+100
		}).Metrics
		t.Logf("fault %d, %s: violations +%v, duplicates +%v, redelivered +%v, republished +%v", i+1, f.name,
			after["violations"]-before["violations"], after["duplicates"]-before["duplicates"],
			after["redelivered"]-before["redelivered"], after["republished"]-before["republished"])
	}
	l.Pause()
	m := await(t, l, "all is handled", func(s *lab.Snapshot) bool { return s.InFlight == 0 }).Metrics
	t.Logf("%v", m)
	causes := l.Snapshot().Detail.(*Detail).Causes
	t.Logf("violations by cause: %v", causes)
	if explained := causes[accounts.Moved] + causes[accounts.Resent] + causes[accounts.Requeued]; float64(explained) != m["violations"] {
		t.Errorf("%v violations, %d of them explained", m["violations"], explained)
	}
	if m["lost"] != 0 || m["unique_messages"] != m["published"] {
		t.Errorf("lost %v; %v orders of %v were handled", m["lost"], m["unique_messages"], m["published"])
	}
}

// fault is something that goes wrong, and its way to happen.
type fault struct {
	name   string
	strike func() error
}

func faultCount() int {
	if n, err := strconv.Atoi(os.Getenv("RESILAB_FAULTS")); err == nil {
		return n
	}
	return 2
}

// alarm: while RabbitMQ takes no messages the lab says so, and continues after it.
func alarm(t *testing.T, w world, node *brokertest.RabbitNode) {
	l := w.begin(t, turned{"rate": "200", "work": "2ms"})
	await(t, l, "it works", func(s *lab.Snapshot) bool { return s.Metrics["handled"] > 20 })
	if _, err := node.Ctl("set_disk_free_limit", "999000GB"); err != nil {
		t.Fatal(err)
	}
	snap := await(t, l, "it says that the broker is full", func(s *lab.Snapshot) bool { return len(s.Troubles) == 1 })
	if tr := snap.Troubles[0]; tr.Key != "convoy.trouble.blocked" || tr.Args[0] != node.Addr() || tr.Args[1] == "" {
		t.Errorf("%+v", tr)
	}
	if _, err := node.Ctl("set_disk_free_limit", "50MB"); err != nil {
		t.Fatal(err)
	}
	before := l.Snapshot().Metrics["handled"]
	await(t, l, "it works again", func(s *lab.Snapshot) bool { return len(s.Troubles) == 0 && s.Metrics["handled"] > before+50 })
	l.Pause()
	m := await(t, l, "all is handled", func(s *lab.Snapshot) bool { return s.InFlight == 0 }).Metrics
	if m["lost"] != 0 || m["violations"] != 0 || m["duplicates"] != 0 || m["unique_messages"] != m["published"] {
		t.Errorf("%v", m)
	}
	// During an alarm the broker does not even answer the close of a connection.
	if _, err := node.Ctl("set_disk_free_limit", "999000GB"); err != nil {
		t.Fatal(err)
	}
	l.Resume()
	await(t, l, "it is blocked again", func(s *lab.Snapshot) bool { return len(s.Troubles) == 1 })
	began := time.Now()
	if err := l.Stop(t.Context()); err != nil || time.Since(began) > 10*time.Second {
		t.Errorf("leaving a blocked broker took %s: %v", time.Since(began), err)
	}
	if _, err := node.Ctl("set_disk_free_limit", "50MB"); err != nil {
		t.Fatal(err)
	}
}

// channel opens a channel of another client, which is closed when the test ends.
func (w world) channel(t *testing.T) *amqp.Channel {
	t.Helper()
	conn, err := amqp.Dial(w.url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	ch, err := conn.Channel()
	if err != nil {
		t.Fatal(err)
	}
	return ch
}

// TestADeletedQueueIsNoSilentLoss: another client deletes a lane with orders in it.
// They are lost, the lab says how many, and the other lanes continue.
func TestADeletedQueueIsNoSilentLoss(t *testing.T) {
	worlds(t, func(t *testing.T, w world) {
		space := namespace()
		l := w.beginAs(t, space, turned{"rate": "500", "work": "20ms", "prefetch": "5"})
		await(t, l, "orders wait", func(s *lab.Snapshot) bool { return s.Detail.(*Detail).Lanes[0].Waiting > 100 })
		l.Pause()
		await(t, l, "the broker has confirmed all", func(s *lab.Snapshot) bool { return s.Metrics["confirmed"] == s.Metrics["published"] })
		ch := w.channel(t)
		gone, err := ch.QueueDelete(space+".1.lane-1", false, false, false)
		if err != nil || gone < 50 {
			t.Fatalf("%d orders deleted, %v", gone, err)
		}
		snap := await(t, l, "it says what is lost", func(s *lab.Snapshot) bool { return s.Metrics["lost"] > 0 && s.InFlight == 0 })
		if lost := snap.Metrics["lost"]; lost < float64(gone) || lost > float64(gone)+5 {
			t.Errorf("%v lost, %d were deleted and at most 5 in flight", lost, gone)
		}
		if !slices.ContainsFunc(snap.Events, func(ev lab.Event) bool { return ev.Key == "convoy.event.forgotten" && ev.Args[0] == 1 }) {
			t.Error("the log does not say why")
		}
		l.Resume()
		before := snap.Metrics["handled"]
		await(t, l, "lane 1 works again", func(s *lab.Snapshot) bool {
			c := s.Detail.(*Detail).Lanes[0].Consumers
			return s.Metrics["handled"] > before+50 && len(c) == 1 && c[0].Connected
		})
	})
}

// TestADeletedExchangeIsDeclaredAgain: the broker closes the publisher's channel when
// its exchange is deleted. The lab declares everything again.
func TestADeletedExchangeIsDeclaredAgain(t *testing.T) {
	worlds(t, func(t *testing.T, w world) {
		space := namespace()
		l := w.beginAs(t, space, turned{"rate": "200", "work": "5ms"})
		handled := func(n float64) func(s *lab.Snapshot) bool {
			return func(s *lab.Snapshot) bool { return s.Metrics["handled"] >= n }
		}
		before := await(t, l, "it works", handled(20)).Metrics["handled"]
		ch := w.channel(t)
		if err := ch.ExchangeDelete(space+".1.orders", false, false); err != nil {
			t.Fatal(err)
		}
		await(t, l, "it works again", handled(before+100))
		l.Pause()
		m := await(t, l, "all is handled", func(s *lab.Snapshot) bool { return s.InFlight == 0 }).Metrics
		if m["lost"] != 0 || m["unique_messages"] != m["published"] || m["republished"] > 200 {
			t.Errorf("%v", m)
		}
	})
}
