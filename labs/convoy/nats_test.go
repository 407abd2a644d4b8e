package convoy

import (
	"errors"
	"net"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go/jetstream"

	"resilab/brokers/minirabbit"
	"resilab/brokers/nats"
	"resilab/labs/convoy/routing"
	"resilab/labs/convoy/transport"
	"resilab/labs/i18n"
	"resilab/labs/lab"
	"resilab/labs/labtest"
)

func TestNATSLab(t *testing.T) {
	t.Parallel()
	spec := Spec()
	for i := range spec.Knobs {
		if spec.Knobs[i].ID == "engine" {
			spec.Knobs[i].Default, spec.Knobs[i].Effect.To = lab.ChoiceValue(engineNATS), engineKafka
		}
	}
	amqp, err := minirabbit.Run(minirabbit.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { amqp.Close() })
	open := labtest.Brokers(map[string]string{lab.NATS: embeddedNATS(t), lab.Kafka: embeddedKafka(t), lab.AMQP: amqp.URL()})
	labtest.Run(t, subject(spec, open))
}

// TestNATSSharesOrdersOut: the server sends every user's orders where its partition
// function says, and keeps their order.
func TestNATSSharesOrdersOut(t *testing.T) {
	t.Parallel()
	l := natsWorld.begin(t, turned{"users": "20", "lanes": "3", "rate": "5000", "work": "1ms", "prefetch": "50", "orders": "1000"})
	snap := await(t, l, "all orders are handled", func(s *lab.Snapshot) bool { return s.Metrics["published"] == 1000 && s.InFlight == 0 })
	if m := snap.Metrics; m["violations"] != 0 || m["lost"] != 0 || m["duplicates"] != 0 || m["confirmed"] != 1000 || m["handled"] != 1000 {
		t.Errorf("%v", m)
	}
	seen := 0
	for _, e := range snap.Events {
		if e.Key != "convoy.event.handled_partition" {
			continue
		}
		seen++
		if want := routing.Subjects(3).Route(e.Args[1].(string)); e.Args[3] != want {
			t.Errorf("%s in partition %v, want %d", e.Args[1], e.Args[3], want)
		}
	}
	if seen == 0 {
		t.Error("the log names no partition")
	}
}

// TestNATSKeepsTheOrder in all modes in which one consumer at a time has a user's orders.
// Where several share one lane, that takes max-ack-pending 1, whatever the prefetch.
func TestNATSKeepsTheOrder(t *testing.T) {
	t.Parallel()
	base := turned{"users": "20", "lanes": "4", "rate": "5000", "work": "1ms", "prefetch": "20"}
	for i, m := range natsWorld.measure(t, "400", with(base, "mode", modeModulus), with(base, "mode", modeSingle), with(base, "mode", modePool)) {
		if m["violations"]+m["lost"]+m["duplicates"] != 0 || m["unique_messages"] != 400 {
			t.Errorf("%s: %v", []string{modeModulus, modeSingle, modePool}[i], m)
		}
	}
}

// TestNATSNeedsMaxAckPendingOne: a failed order is the next one again, but what the consumer
// has already overtakes it.
func TestNATSNeedsMaxAckPendingOne(t *testing.T) {
	t.Parallel()
	base := turned{"users": "10", "lanes": "2", "rate": "5000", "work": "500us", "failure-rate": "0.1"}
	m := natsWorld.measure(t, "600", with(base, "prefetch", "1"), with(base, "prefetch", "50"))
	one, many := m[0], m[1]
	if one["violations"] != 0 || one["redelivered"] < 30 || many["violations"] < 10 || one["lost"]+many["lost"] != 0 {
		t.Errorf("prefetch 1 %v, prefetch 50 %v", one, many)
	}
}

// TestNATSDelaysInPlace: an order that waits counts as unacknowledged. With prefetch 1 it
// holds up its lane, with more it is overtaken. Parked orders leave a gap.
func TestNATSDelaysInPlace(t *testing.T) {
	t.Parallel()
	base := turned{"users": "10", "lanes": "4", "rate": "5000", "work": "1ms", "failure-rate": "0.1", "retry-wait": "50ms", "on-failure": "delay"}
	m := natsWorld.measure(t, "400", with(base, "prefetch", "1"), with(base, "prefetch", "20"), with(base, "prefetch", "1", "on-failure", "park"))
	one, many, park := m[0], m[1], m[2]
	if one["violations"] != 0 || one["redelivered"] < 15 || one["unique_messages"] != 400 || one["lost"] != 0 {
		t.Errorf("prefetch 1: %v", one)
	}
	if many["violations"] < 10 || many["unique_messages"] != 400 || many["lost"] != 0 {
		t.Errorf("prefetch 20: %v", many)
	}
	if park["violations"] != 0 || park["lost"] != 0 || park["dead_lettered"] < 15 || park["unique_messages"]+park["dead_lettered"] != 400 {
		t.Errorf("park: %v", park)
	}
}

// TestNATSDoesNotNoticeADeath: what a dead consumer had comes again after AckWait. With
// max-ack-pending 1 nothing passes it.
func TestNATSDoesNotNoticeADeath(t *testing.T) {
	t.Parallel()
	l := natsWorld.begin(t, turned{"users": "10", "lanes": "2", "rate": "40", "work": "4ms", "prefetch": "1"})
	await(t, l, "orders are handled", func(s *lab.Snapshot) bool { return s.Metrics["handled"] > 20 })
	if err := l.Do(t.Context(), actionKill); err != nil {
		t.Fatal(err)
	}
	var killed, again time.Duration
	snap := await(t, l, "the order comes again", func(s *lab.Snapshot) bool { return s.Metrics["duplicates"] > 0 })
	for _, e := range snap.Events {
		switch e.Key {
		case "convoy.event.killed_nats":
			killed = e.At
		case "convoy.event.duplicate":
			again = e.At
		}
	}
	if wait := again - killed; killed == 0 || wait < nats.AckWait-time.Second {
		t.Errorf("it came again after %s", wait)
	}
	l.Pause()
	if m := await(t, l, "all is handled", atRest).Metrics; m["violations"] != 0 || m["lost"] != 0 || m["redelivered"] != 1 {
		t.Errorf("%v", m)
	}
}

// TestNATSLosesNothingOnTheWay: an order that was on its way to a consumer that died comes
// after AckWait, behind later ones. Until then it is not lost.
func TestNATSLosesNothingOnTheWay(t *testing.T) {
	t.Parallel()
	w, space := world{nats: embeddedNATS(t), knobs: natsWorld.knobs}, namespace()
	l := w.beginAs(t, space, turned{"users": "10", "lanes": "2", "rate": "100", "work": "1ms", "prefetch": "50"})
	await(t, l, "orders are handled", func(s *lab.Snapshot) bool { return s.Metrics["handled"] > 20 })
	conn, err := nats.Connect(t.Context(), nats.Options{URL: w.nats, Name: "dies"})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	consumer, err := conn.Stream(nats.StreamName(space+".1"), true).Consumer(t.Context(), 0, 50)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := consumer.Next(jetstream.FetchContext(t.Context())); err != nil {
		t.Fatal(err)
	}
	lost := 0.0
	await(t, l, "the order comes, behind later ones", func(s *lab.Snapshot) bool {
		lost = max(lost, s.Metrics["lost"])
		return s.Metrics["violations"] > 0
	})
	l.Pause()
	if m := await(t, l, "all is handled", atRest).Metrics; lost+m["lost"] != 0 || m["unique_messages"] != m["published"] {
		t.Errorf("%v were lost meanwhile, then %v", lost, m)
	}
}

// TestNATSWaitsForAHungConsumer: it says that it lives, and what it has does not come again.
func TestNATSWaitsForAHungConsumer(t *testing.T) {
	t.Parallel()
	l := natsWorld.begin(t, turned{"users": "10", "lanes": "2", "rate": "40", "work": "4ms", "prefetch": "3"})
	await(t, l, "orders are handled", func(s *lab.Snapshot) bool { return s.Metrics["handled"] > 20 })
	if err := l.Do(t.Context(), actionHang); err != nil {
		t.Fatal(err)
	}
	hung := time.Now()
	await(t, l, "AckWait is over", func(*lab.Snapshot) bool { return time.Since(hung) > nats.AckWait+2*nats.Heartbeat })
	if err := l.Do(t.Context(), actionHang); err != nil {
		t.Fatal(err)
	}
	l.Pause()
	if m := await(t, l, "all is handled", atRest).Metrics; m["violations"]+m["lost"]+m["redelivered"]+m["duplicates"] != 0 {
		t.Errorf("%v", m)
	}
}

// TestNATSRemovesTheLastLane only: its partitions have no gaps. Keys move, orders do not
// get lost, and the lane can be added again.
func TestNATSRemovesTheLastLane(t *testing.T) {
	t.Parallel()
	l := natsWorld.begin(t, turned{"users": "40", "lanes": "3", "rate": "200", "work": "1ms"})
	open := func(n int) func(*lab.Snapshot) bool {
		return func(s *lab.Snapshot) bool {
			return len(s.Detail.(*Detail).Lanes) == n && s.Detail.(*Detail).LaneCount() == n
		}
	}
	if err := l.Do(t.Context(), removeFirst); !errors.Is(err, transport.ErrNotLast) {
		t.Errorf("the first one: %v", err)
	}
	await(t, l, "orders are handled", func(s *lab.Snapshot) bool { return s.Metrics["handled"] > 100 })
	for i, step := range []struct {
		action string
		lanes  int
	}{{removeLast, 2}, {addLane, 3}, {addLane, 4}, {removeLast, 3}} {
		if err := l.Do(t.Context(), step.action); err != nil {
			t.Fatalf("%d: %s: %v", i, step.action, err)
		}
		await(t, l, "the lanes have changed", open(step.lanes))
		before := l.Snapshot().Metrics["handled"]
		await(t, l, "orders are handled", func(s *lab.Snapshot) bool { return s.Metrics["handled"] > before+100 })
	}
	for i, lane := range l.Snapshot().Detail.(*Detail).Lanes {
		if lane.Number != i+1 {
			t.Errorf("lane %d is the %d. one", lane.Number, i+1)
		}
	}
	l.Pause()
	if m := await(t, l, "all is handled", atRest).Metrics; m["lost"] != 0 || m["unique_messages"] != m["published"] || m["duplicates"] != 0 {
		t.Errorf("%v", m)
	}
}

// TestNATSKeepsALaneUntilItIsEmpty: meanwhile there cannot be another one of its name.
func TestNATSKeepsALaneUntilItIsEmpty(t *testing.T) {
	t.Parallel()
	l := natsWorld.begin(t, turned{"users": "40", "lanes": "2", "rate": "100", "work": "1s", "prefetch": "1"})
	await(t, l, "orders wait", func(s *lab.Snapshot) bool { return s.Detail.(*Detail).Lanes[1].Waiting > 5 })
	if err := l.Do(t.Context(), removeLast); err != nil {
		t.Fatal(err)
	}
	if err := l.Do(t.Context(), addLane); !errors.Is(err, errLeaving) {
		t.Errorf("added at once: %v", err)
	}
}

// TestNATSDropsWhatIsPublishedAgain: the connection breaks while orders are not confirmed.
// They are published again, and the server knows them by their ids.
func TestNATSDropsWhatIsPublishedAgain(t *testing.T) {
	t.Parallel()
	l := natsWorld.begin(t, turned{"users": "50", "lanes": "4", "rate": "3000", "work": "0"})
	for i := range 5 {
		before := l.Snapshot().Metrics["handled"]
		await(t, l, "orders are handled", func(s *lab.Snapshot) bool { return s.Metrics["handled"] > before+500 })
		if err := l.Do(t.Context(), actionCut); err != nil {
			t.Fatalf("%d: %v", i, err)
		}
	}
	before := l.Snapshot().Metrics["handled"]
	await(t, l, "orders are handled again", func(s *lab.Snapshot) bool { return s.Metrics["handled"] > before+500 })
	l.Pause()
	m := await(t, l, "all is handled", atRest).Metrics
	t.Logf("%v published again", m["republished"])
	if m["lost"]+m["violations"]+m["duplicates"] != 0 || m["unique_messages"] != m["published"] {
		t.Errorf("%v", m)
	}
}

// natsServer is a NATS that a test can stop and start at its port.
type natsServer struct {
	folder string
	port   int
	*server.Server
}

func (s *natsServer) start(t *testing.T) {
	t.Helper()
	var err error
	s.Server, err = server.NewServer(&server.Options{Host: "127.0.0.1", Port: s.port, NoLog: true, NoSigs: true, JetStream: true, StoreDir: s.folder})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	if !s.ReadyForConnections(patience) {
		t.Fatal("the server is not ready")
	}
	s.port = s.Addr().(*net.TCPAddr).Port
}

func (s *natsServer) stop() {
	s.Shutdown()
	s.WaitForShutdown()
}

// TestNATSComesBack: the server stops and starts again, with its streams in a folder and
// with none. What it kept is handled, and the lab says what is gone.
func TestNATSComesBack(t *testing.T) {
	for name, forgets := range map[string]bool{"with its streams": false, "without": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &natsServer{folder: t.TempDir(), port: server.RANDOM_PORT}
			s.start(t)
			t.Cleanup(func() { s.stop() })
			w := world{nats: s.ClientURL(), knobs: natsWorld.knobs}
			l := w.begin(t, turned{"users": "20", "lanes": "3", "rate": "150", "work": "12ms", "prefetch": "1"})
			await(t, l, "orders are handled", func(s *lab.Snapshot) bool { return s.Metrics["handled"] > 100 })
			s.stop()
			await(t, l, "it says that the broker is away", func(s *lab.Snapshot) bool {
				return len(s.Troubles) == 1 && s.Troubles[0].Key == "convoy.trouble.broker" && s.Troubles[0].Args[0] == "NATS"
			})
			if forgets {
				s.folder = t.TempDir()
			}
			s.start(t)
			before := l.Snapshot().Metrics["handled"]
			await(t, l, "it works again", func(s *lab.Snapshot) bool { return len(s.Troubles) == 0 && s.Metrics["handled"] > before+200 })
			l.Pause()
			snap := await(t, l, "all is handled", atRest)
			m, gone := snap.Metrics, false
			for _, e := range snap.Events {
				gone = gone || e.Key == "convoy.event.forgotten"
			}
			t.Logf("%v", m)
			if gone != forgets || !forgets && (m["lost"] != 0 || m["violations"] != 0) || m["unique_messages"] != m["published"]-m["lost"] {
				t.Errorf("streams gone %v; %v", gone, m)
			}
		})
	}
}

// TestNATSLeavesNothing: what a run declared is removed at its end.
func TestNATSLeavesNothing(t *testing.T) {
	t.Parallel()
	s := &natsServer{folder: t.TempDir(), port: server.RANDOM_PORT}
	s.start(t)
	defer s.stop()
	w := world{nats: s.ClientURL(), knobs: natsWorld.knobs}
	l := w.begin(t, turned{"rate": "200", "work": "1ms"})
	await(t, l, "orders are handled", func(s *lab.Snapshot) bool { return s.Metrics["handled"] > 20 })
	streams := func() int {
		t.Helper()
		info, err := s.Jsz(nil)
		if err != nil {
			t.Fatal(err)
		}
		return info.Streams
	}
	if n := streams(); n != 2 {
		t.Errorf("%d streams while the lab runs, want that of the lanes and that of the dead letters", n)
	}
	if err := l.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := streams(); n != 0 {
		t.Errorf("%d streams are left", n)
	}
}

func TestNATSHasNoProgram(t *testing.T) {
	_, err := code(i18n.English, "go", Spec().Defaults().With("engine", lab.ChoiceValue(engineNATS)))
	var knob *lab.KnobError
	if !errors.As(err, &knob) || knob.Knob != "engine" || knob.Allowed != engineRabbitMQ {
		t.Errorf("%v", err)
	}
	if err := Spec().Check(Spec().Defaults().With("engine", lab.ChoiceValue(engineNATS)).With("queue-type", lab.ChoiceValue(queueQuorum))); err == nil {
		t.Error("quorum queues are accepted")
	}
}
