package convoy

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"strconv"
	"testing"
	"time"

	"resilab/brokers/brokertest"
	"resilab/brokers/kafka"
	"resilab/brokers/minirabbit"
	"resilab/brokers/nats"
	"resilab/labs/clock"
	"resilab/labs/convoy/accounts"
	"resilab/labs/lab"
	"resilab/labs/labtest"
)

var shared brokertest.Shared

func TestMain(m *testing.M) { brokertest.Main(m, &shared) }

// patience is only for a lab that hangs.
const patience = 2 * time.Minute

// world is a broker for labs to run in.
type world struct {
	url   string // of RabbitMQ
	nats  string // empty: every lab has its own
	knobs turned // what every lab has in it
}

// worlds are the brokers that every test of behaviour runs against, side by side.
func worlds(t *testing.T, test func(t *testing.T, w world)) {
	t.Parallel()
	t.Run("embedded", func(t *testing.T) {
		t.Parallel()
		test(t, embedded(t))
	})
	t.Run("real", func(t *testing.T) {
		t.Parallel()
		test(t, world{url: shared.RabbitMQ(t).URL()})
	})
}

// embedded returns a world with its own broker.
func embedded(t *testing.T) world {
	t.Helper()
	server, err := minirabbit.Run(minirabbit.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	return world{url: server.URL()}
}

// kafkaWorld has every lab use an embedded Kafka.
var kafkaWorld = world{knobs: turned{"engine": engineKafka}}

// natsWorld has every lab use an embedded NATS.
var natsWorld = world{knobs: turned{"engine": engineNATS}}

func TestLab(t *testing.T) {
	worlds(t, func(t *testing.T, w world) { labtest.Run(t, subject(Spec(), w.open(t))) })
}

func TestKnobs(t *testing.T) {
	t.Parallel()
	labtest.Effects(t, subject(Spec(), embedded(t).open(t)))
}

// subject is the lab for the suite that every lab passes.
func subject(spec *lab.Spec, open func(context.Context, string) (string, error)) labtest.Subject {
	return labtest.Subject{Spec: spec, New: New, Env: lab.Env{Open: open, Namespace: namespace()}, Brief: true,
		Still: lab.Settings{"failure-rate": lab.FractionValue(0.5)}, Draws: draws}
}

// draws are who ordered, and which orders failed.
func draws(snap *lab.Snapshot) (all []string) {
	for _, e := range snap.Events {
		if e.Key == "convoy.event.sent" || e.Key == "convoy.event.failed" {
			all = append(all, fmt.Sprint(e.Key, e.Args))
		}
	}
	return all
}

// open returns what opens the world's RabbitMQ and its NATS, and an embedded Kafka or
// NATS where a test needs one.
func (w world) open(t testing.TB) func(context.Context, string) (string, error) {
	return func(ctx context.Context, kind string) (string, error) {
		switch {
		case kind == lab.Kafka:
			return embeddedKafka(t), nil
		case kind == lab.NATS && w.nats == "":
			return embeddedNATS(t), nil
		case kind == lab.NATS:
			return w.nats, nil
		}
		return labtest.Brokers(map[string]string{lab.AMQP: w.url})(ctx, kind)
	}
}

func embeddedKafka(t testing.TB) string {
	server, err := kafka.StartEmbedded()
	if err != nil {
		t.Error(err)
		return ""
	}
	t.Cleanup(server.Close)
	return server.Addr()
}

func embeddedNATS(t testing.TB) string {
	server, err := nats.StartEmbedded()
	if err != nil {
		t.Error(err)
		return ""
	}
	t.Cleanup(func() { server.Close() })
	return server.URL()
}

func namespace() string { return "test-" + rand.Text() }

type turned = map[string]string

func with(base turned, more ...string) turned {
	k := turned{}
	maps.Copy(k, base)
	for i := 0; i < len(more); i += 2 {
		k[more[i]] = more[i+1]
	}
	return k
}

// begin starts a lab with the given settings over its defaults.
func (w world) begin(t *testing.T, knobs turned) lab.Lab {
	t.Helper()
	return w.beginAs(t, namespace(), knobs)
}

func (w world) beginAs(t *testing.T, space string, knobs turned) lab.Lab {
	t.Helper()
	return w.beginIn(t, space, clock.New(nil), knobs)
}

func (w world) beginIn(t *testing.T, space string, c *clock.Clock, knobs turned) lab.Lab {
	t.Helper()
	l := New(lab.Env{Open: w.open(t), Namespace: space, Clock: c})
	all := with(w.knobs)
	maps.Copy(all, knobs)
	if err := l.Start(t.Context(), settings(t, all), 1); err != nil {
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
	return labtest.Settings(t, Spec(), knobs)
}

// await polls until ok holds for the lab's snapshot.
func await(t *testing.T, l lab.Lab, what string, ok func(*lab.Snapshot) bool) *lab.Snapshot {
	t.Helper()
	return labtest.Await(t, l, patience, what, ok)
}

// measure lets labs place so many orders each, side by side, and returns what
// came of them.
func (w world) measure(t *testing.T, orders string, runs ...turned) []map[string]float64 {
	t.Helper()
	labs := make([]lab.Lab, len(runs))
	for i, knobs := range runs {
		labs[i] = w.begin(t, with(knobs, "orders", orders))
	}
	limit, err := strconv.ParseFloat(orders, 64)
	if err != nil {
		t.Fatal(err)
	}
	results := make([]map[string]float64, len(runs))
	for i, l := range labs {
		results[i] = await(t, l, "all orders are handled", func(s *lab.Snapshot) bool {
			return s.Metrics["published"] == limit && s.InFlight == 0
		}).Metrics
	}
	return results
}

// watch lets labs run for a while, side by side, and then come to rest, as far
// as they do.
func (w world) watch(t *testing.T, d time.Duration, runs ...turned) []map[string]float64 {
	t.Helper()
	labs := make([]lab.Lab, len(runs))
	for i, knobs := range runs {
		labs[i] = w.begin(t, knobs)
	}
	time.Sleep(d)
	for _, l := range labs {
		l.Pause()
	}
	results := make([]map[string]float64, len(runs))
	deadline := time.Now().Add(1500 * time.Millisecond)
	for i, l := range labs {
		for l.Snapshot().InFlight > 0 && time.Now().Before(deadline) {
			time.Sleep(10 * time.Millisecond)
		}
		results[i] = l.Snapshot().Metrics
		t.Logf("%v: %v", runs[i], results[i])
	}
	return results
}

func TestConvoyKeepsOrder(t *testing.T) {
	worlds(t, func(t *testing.T, w world) {
		m := w.measure(t, "2000", turned{"users": "50", "lanes": "4", "rate": "5000", "work": "1ms", "prefetch": "50"})[0]
		if m["violations"] != 0 || m["lost"] != 0 || m["duplicates"] != 0 || m["confirmed"] != 2000 || m["handled"] != 2000 {
			t.Errorf("%v", m)
		}
	})
}

func TestCompetingConsumersBreakOrder(t *testing.T) {
	worlds(t, func(t *testing.T, w world) {
		m := w.measure(t, "1000", turned{"mode": "competing", "users": "10", "lanes": "4", "rate": "5000", "work": "2ms"})[0]
		if m["violation_rate"] < 0.05 || m["lost"] != 0 {
			t.Errorf("%v", m)
		}
	})
}

// A failed order returns to its place in the queue, but what the consumer holds
// already overtakes it: only prefetch 1 keeps the order.
func TestRequeueingNeedsPrefetchOne(t *testing.T) {
	worlds(t, func(t *testing.T, w world) {
		for _, how := range []string{"nack", "reject"} {
			base := turned{"users": "10", "lanes": "2", "rate": "5000", "work": "500us", "failure-rate": "0.1", "requeue": how}
			m := w.measure(t, "600", with(base, "prefetch", "1"), with(base, "prefetch", "50"))
			one, many := m[0], m[1]
			if one["violations"] != 0 || one["redelivered"] < 30 || many["violations"] < 10 || many["lost"] != 0 {
				t.Errorf("%s: prefetch 1 %v, prefetch 50 %v", how, one, many)
			}
		}
	})
}

// TestViolationsHaveACause: where lanes change under a backlog, the keys that
// moved lose their order, and the lab says that this is why.
func TestViolationsHaveACause(t *testing.T) {
	worlds(t, func(t *testing.T, w world) {
		l := w.begin(t, turned{"users": "100", "lanes": "2", "rate": "2000", "work": "2ms", "prefetch": "1"})
		await(t, l, "a backlog", func(s *lab.Snapshot) bool { return s.InFlight > 500 })
		if err := l.Do(t.Context(), addLane); err != nil {
			t.Fatal(err)
		}
		snap := await(t, l, "violations", func(s *lab.Snapshot) bool { return s.Metrics["violations"] > 10 })
		d := snap.Detail.(*Detail)
		if d.Causes[accounts.Moved] == 0 || d.Causes[accounts.Competing]+d.Causes[accounts.Requeued]+d.Causes[accounts.Resent] != 0 || d.LaneCount() != 3 || d.LanesSet != 2 {
			t.Errorf("%d lanes, set to %d, causes %v", d.LaneCount(), d.LanesSet, d.Causes)
		}
	})
}

func TestSingleQueueKeepsOrder(t *testing.T) {
	worlds(t, func(t *testing.T, w world) {
		m := w.measure(t, "500", turned{"mode": "single", "users": "10", "lanes": "4", "rate": "5000", "work": "1ms"})[0]
		if m["violations"] != 0 || m["lost"] != 0 || m["handled"] != 500 {
			t.Errorf("%v", m)
		}
	})
}
