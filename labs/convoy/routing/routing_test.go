package routing

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/twmb/franz-go/pkg/kgo"
	"pgregory.net/rapid"

	"resilab/brokers/brokertest"
)

var shared brokertest.Shared

func TestMain(m *testing.M) { brokertest.Main(m, &shared) }

func keys(n int) []string {
	all := make([]string, n)
	for i := range all {
		switch i % 4 {
		case 0:
			all[i] = fmt.Sprintf("user%d", i)
		case 1:
			all[i] = fmt.Sprintf("account-%08d", i*7919)
		case 2:
			all[i] = fmt.Sprintf("inquilino/%x/ñ", i)
		default:
			all[i] = fmt.Sprint(i)
		}
	}
	return all
}

// The hashes are those of the Kafka project's own tests.
func TestMurmur2(t *testing.T) {
	for key, want := range map[string]int32{
		"21": -973932308, "foobar": -790332482, "a-little-bit-long-string": -985981536,
		"a-little-bit-longer-string":                       -1486304829,
		"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
		"abc": 479470107,
	} {
		if got := int32(murmur2([]byte(key))); got != want {
			t.Errorf("murmur2(%q) = %d, want %d", key, got, want)
		}
	}
}

func TestKafkaAgreesWithFranzGo(t *testing.T) {
	partitioner := kgo.StickyKeyPartitioner(nil).ForTopic("orders")
	for _, n := range []int{1, 3, 4, 7, 50} {
		for _, key := range keys(20000) {
			if got, want := Partitions(n).Route(key), partitioner.Partition(&kgo.Record{Key: []byte(key)}, n); got != want {
				t.Fatalf("%d partitions, key %q: %d, franz-go says %d", n, key, got, want)
			}
		}
	}
}

// The sums are of what testdata/kafkajs.js prints for the same keys, with kafkajs 2.2.4.
func TestKafkaAgreesWithKafkajs(t *testing.T) {
	for n, want := range map[int]string{
		3:  "ce8cf0fcd2e29c0e0e6137c5184cff914e49cfe7b64ec7bc99fcc84dd2c2e650",
		4:  "90927e748284b7c1af380edc78639710b53194c403b57384141621664639ddaf",
		50: "97821576c65ebd1f4e8ef3952e7c984ebecee6f1edda8035c3b228cbc2e848fe",
	} {
		sum := sha256.New()
		for _, key := range keys(20000) {
			fmt.Fprintf(sum, "%s\t%d\n", key, Partitions(n).Route(key))
		}
		if got := hex.EncodeToString(sum.Sum(nil)); got != want {
			t.Errorf("%d partitions: kafkajs sends some key elsewhere (sum %s)", n, got)
		}
	}
}

// TestRabbitMQAgrees publishes 20,000 keys and looks where they arrive.
func TestRabbitMQAgrees(t *testing.T) {
	conn, err := amqp.Dial(shared.RabbitMQ(t).URL())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ch, err := conn.Channel()
	if err != nil {
		t.Fatal(err)
	}
	const queues = 5
	exchange := "routing-" + time.Now().Format("150405.000000")
	if err := ch.ExchangeDeclare(exchange, "x-consistent-hash", false, true, false, false, nil); err != nil {
		t.Fatal(err)
	}
	want := NewRing(queues)
	var arrivals [queues]<-chan amqp.Delivery
	for i := range queues {
		q, err := ch.QueueDeclare("", false, true, true, false, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := ch.QueueBind(q.Name, "1", exchange, false, nil); err != nil {
			t.Fatal(err)
		}
		if arrivals[i], err = ch.Consume(q.Name, "", true, true, false, false, nil); err != nil {
			t.Fatal(err)
		}
	}
	all := keys(20000)
	for _, key := range all {
		if err := ch.Publish(exchange, key, false, false, amqp.Publishing{}); err != nil {
			t.Fatal(err)
		}
	}
	type arrival struct {
		queue int
		key   string
	}
	arrived := make(chan arrival, len(all)) // never blocks its senders
	for i, deliveries := range arrivals {
		go func() {
			for d := range deliveries {
				arrived <- arrival{i, d.RoutingKey}
			}
		}()
	}
	timeout := time.After(30 * time.Second)
	for range all {
		var got arrival
		select {
		case got = <-arrived:
		case <-timeout:
			t.Fatal("not all keys arrive")
		}
		if w := want.Route(got.key); got.queue != w {
			t.Fatalf("key %q arrives at queue %d, computed %d", got.key, got.queue, w)
		}
	}
}

// What is measured on a real exchange: 3→4 queues moves 25 % of the keys,
// removing one of four 92 % (the first) to 25 % (the last); modulus moves most.
func TestMoved(t *testing.T) {
	all := keys(10000)
	without := func(queue int) *Ring {
		r := NewRing(4)
		r.Unbind(queue)
		return r
	}
	for name, tc := range map[string]struct {
		before, after Router
		want          float64
	}{
		"ring 3 to 4":        {NewRing(3), NewRing(4), 0.25},
		"ring 4 to 5":        {NewRing(4), NewRing(5), 0.20},
		"without the first":  {NewRing(4), without(0), 0.92},
		"without the second": {NewRing(4), without(1), 0.67},
		"without the third":  {NewRing(4), without(2), 0.42},
		"without the last":   {NewRing(4), without(3), 0.25},
		"modulus 4 to 5":     {Modulus(4), Modulus(5), 0.80},
		"kafka 4 to 5":       {Partitions(4), Partitions(5), 0.80},
		"kinesis unchanged":  {NewShards(4), NewShards(4), 0},
	} {
		if got := Moved(all, tc.before, tc.after); math.Abs(got-tc.want) > 0.02 {
			t.Errorf("%s: %.3f of the keys move, want about %.2f", name, got, tc.want)
		}
	}
}

// MD5 of the key decides; the sums are known.
func TestKinesis(t *testing.T) {
	s := NewShards(2)
	// md5("a") = 0cc1…, md5("b") = 92eb…, md5("") = d41d…
	for key, want := range map[string]int{"a": 0, "b": 1, "": 1} {
		if got := s.Route(key); got != want {
			t.Errorf("%q goes to shard %d, want %d", key, got, want)
		}
	}
	if err := s.Split(1); err != nil { // 80… to bf…, c0… to ff…
		t.Fatal(err)
	}
	for key, want := range map[string]int{"a": 0, "b": 2, "": 3} {
		if got := s.Route(key); got != want {
			t.Errorf("after the split %q goes to shard %d, want %d", key, got, want)
		}
	}
	if err := s.Merge(0, 3); err == nil {
		t.Error("shards are merged that do not touch")
	}
	if err := s.Merge(2, 0); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]int{"a": 4, "b": 4, "": 3} {
		if got := s.Route(key); got != want {
			t.Errorf("after the merge %q goes to shard %d, want %d", key, got, want)
		}
	}
	if s.Split(77) == nil || s.Merge(4, 77) == nil {
		t.Error("a shard is changed that is not there")
	}
}

// A split or merge moves only the keys of the shards it replaces.
func TestKinesisMovesOnlyWhatItMust(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 9).Draw(t, "shards")
		victim := rapid.IntRange(0, n-1).Draw(t, "victim")
		before, after := NewShards(n), NewShards(n)
		if err := after.Split(victim); err != nil {
			t.Fatal(err)
		}
		key := rapid.String().Draw(t, "key")
		if from, to := before.Route(key), after.Route(key); from != to && from != victim {
			t.Fatalf("splitting shard %d moved %q from %d to %d", victim, key, from, to)
		}
	})
}

func TestEveryLaneIsReached(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		system := rapid.SampledFrom(Systems()).Draw(t, "system")
		n := rapid.IntRange(1, 40).Draw(t, "lanes")
		r, err := New(system, n)
		if err != nil {
			t.Fatal(err)
		}
		seen := map[int]bool{}
		for _, key := range keys(4000) {
			lane := r.Route(key)
			if lane < 0 || lane >= n {
				t.Fatalf("%s sends %q to lane %d of %d", system, key, lane, n)
			}
			seen[lane] = true
		}
		if len(seen) != n {
			t.Fatalf("%s reaches %d of %d lanes", system, len(seen), n)
		}
	})
}

func TestNewRefuses(t *testing.T) {
	for _, tc := range []struct {
		system string
		lanes  int
	}{{"kafka", 0}, {"kinesis", MaxLanes + 1}, {"pulsar", 3}, {"", 3}} {
		if _, err := New(tc.system, tc.lanes); err == nil {
			t.Errorf("%q with %d lanes is accepted", tc.system, tc.lanes)
		}
	}
	if got := (&Ring{}).Route("x"); got != -1 {
		t.Errorf("an empty ring routes to %d", got)
	}
}
