package kafka

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is only for a broker that hangs.
const patience = 2 * time.Minute

func embedded(t *testing.T) Options {
	t.Helper()
	e, err := StartEmbedded()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return Options{Addr: e.Addr(), Name: t.Name()}
}

func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("time-out: waited until %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// TestTopic follows ten keyed records from the producer to the end of the topic.
func TestTopic(t *testing.T) {
	o := embedded(t)
	topic, err := OpenTopic(t.Context(), o, "orders", "order-group", 3)
	if err != nil {
		t.Fatal(err)
	}
	defer topic.Close()
	again, err := OpenTopic(t.Context(), o, "orders", "order-group", 3)
	if err != nil {
		t.Fatalf("a topic that exists is not taken over: %v", err)
	}
	again.Close()
	producer, err := NewProducer(o, 5, true)
	if err != nil {
		t.Fatal(err)
	}
	partitionOf := map[string]int32{}
	for i := range 10 {
		key := fmt.Sprintf("user%d", i%3+1)
		sent, err := producer.ProduceSync(t.Context(), &kgo.Record{Topic: "orders", Key: []byte(key), Value: fmt.Append(nil, i)}).First()
		if err != nil {
			t.Fatal(err)
		}
		if p, seen := partitionOf[key]; seen && p != sent.Partition {
			t.Errorf("%s went to partitions %d and %d", key, p, sent.Partition)
		}
		partitionOf[key] = sent.Partition
	}
	producer.Close()
	lag := func() (sum int) {
		for p := range 3 {
			n, err := topic.Lag(t.Context(), p)
			if err != nil {
				t.Fatal(err)
			}
			sum += n
		}
		return sum
	}
	if n := lag(); n != 10 {
		t.Errorf("a lag of %d before anybody reads", n)
	}
	member, err := NewMember(o, "orders", "order-group")
	if err != nil {
		t.Fatal(err)
	}
	last := map[string]byte{}
	for read := 0; read < 10; {
		fetches := member.PollRecords(t.Context(), 4)
		for _, r := range fetches.Records() {
			if key := string(r.Key); r.Value[0] < last[key] {
				t.Errorf("%s: %s after %c", key, r.Value, last[key])
			} else {
				last[key] = r.Value[0]
			}
			member.MarkCommitRecords(r)
			read++
		}
	}
	await(t, "the member is counted", func() bool { n, err := topic.Members(t.Context()); return err == nil && n == 1 })
	await(t, "what is marked is committed", func() bool { return lag() == 0 })
	member.Close()
	if err := topic.AddPartition(t.Context()); err != nil {
		t.Error(err)
	}
	if err := topic.Delete(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestOpenSaysWhichAddressFailed(t *testing.T) {
	_, err := OpenTopic(t.Context(), Options{Addr: "127.0.0.1:1"}, "orders", "group", 1)
	if err == nil || !strings.Contains(err.Error(), "Kafka at 127.0.0.1:1") || strings.Contains(err.Error(), "\n") {
		t.Errorf("%v", err)
	}
}

func TestVersionsNeedNoEnglish(t *testing.T) {
	for guess, want := range map[string]string{"between v1.0 and v1.1": "v1.0..v1.1", "at least v4.0": "v4.0+", "v3.6": "v3.6"} {
		if got := shortVersion(guess); got != want {
			t.Errorf("%q becomes %q, want %q", guess, got, want)
		}
	}
}
