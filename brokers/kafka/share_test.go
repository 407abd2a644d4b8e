package kafka

import (
	"fmt"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// shareGroup returns a topic with n records and a share group.
func shareGroup(t *testing.T, o Options, n int) (topic *Topic, deliveries int) {
	t.Helper()
	topic, err := OpenTopic(t.Context(), o, "orders", "share-group", 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(topic.Close)
	if deliveries, err = topic.Share(t.Context()); err != nil {
		t.Fatal(err)
	}
	producer, err := NewProducer(o, 5, true)
	if err != nil {
		t.Fatal(err)
	}
	defer producer.Close()
	for i := range n {
		if err := producer.ProduceSync(t.Context(), &kgo.Record{Topic: "orders", Key: []byte("user1"), Value: fmt.Append(nil, i)}).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	return topic, deliveries
}

func shareMember(t *testing.T, o Options, most int) *kgo.Client {
	t.Helper()
	member, err := NewShareMember(o, "orders", "share-group", most)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(member.Close)
	return member
}

// poll returns what a member receives next, at least one record.
func poll(t *testing.T, member *kgo.Client) (records []*kgo.Record) {
	t.Helper()
	for len(records) == 0 {
		fetches := member.PollRecords(t.Context(), 100)
		if err := fetches.Err(); err != nil {
			t.Fatal(err)
		}
		records = fetches.Records()
	}
	return records
}

func lag(t *testing.T, topic *Topic) int {
	t.Helper()
	n, err := topic.Lag(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestShareGroup: two members have records of the one partition at a time, what is
// accepted is counted as done although an earlier record is open, and what is released
// or left behind comes again, to the other one.
func TestShareGroup(t *testing.T) {
	o := embedded(t)
	topic, deliveries := shareGroup(t, o, 6)
	if deliveries != mostDeliveries {
		t.Errorf("the broker delivers a record %d times, want %d", deliveries, mostDeliveries)
	}
	if n := lag(t, topic); n != 6 {
		t.Errorf("a lag of %d before a member reads", n)
	}
	first, second := shareMember(t, o, 2), shareMember(t, o, 2)
	await(t, "both are members", func() bool { n, err := topic.Members(t.Context()); return err == nil && n == 2 })
	has, others := poll(t, first), poll(t, second)
	if len(has) != 2 || len(others) != 2 || has[0].Partition != others[0].Partition {
		t.Fatalf("the members have %d and %d records", len(has), len(others))
	}
	others[0].Ack(kgo.AckAccept)
	others[1].Ack(kgo.AckRelease)
	if err := second.FlushAcks(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := lag(t, topic); n != 5 {
		t.Errorf("a lag of %d, want 5: one of 6 was accepted", n)
	}
	again := poll(t, second)
	if again[0].Offset != others[1].Offset || again[0].DeliveryCount() != 2 {
		t.Errorf("after the release of offset %d came %d, delivery %d", others[1].Offset, again[0].Offset, again[0].DeliveryCount())
	}
	first.Close() // as a consumer that ends with two records
	seen := map[int64]int32{}
	for len(seen) < 5 {
		for _, r := range again {
			seen[r.Offset] = r.DeliveryCount()
			r.Ack(kgo.AckAccept)
		}
		if len(seen) < 5 {
			again = poll(t, second)
		}
	}
	if seen[has[0].Offset] != 2 || seen[has[1].Offset] != 2 {
		t.Errorf("deliveries by offset: %v, want 2 of what the first member left behind", seen)
	}
	if err := second.FlushAcks(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := lag(t, topic); n != 0 {
		t.Errorf("a lag of %d in the end", n)
	}
	second.Close()
	if err := topic.Delete(t.Context()); err != nil {
		t.Error(err)
	}
	if groups, err := topic.admin.ListGroups(t.Context()); err != nil || len(groups) != 0 {
		t.Errorf("groups %v, %v", groups, err)
	}
}

// TestAShareGroupGivesUp what was released as often as the broker allows: nothing waits
// any more.
func TestAShareGroupGivesUp(t *testing.T) {
	o := embedded(t)
	topic, deliveries := shareGroup(t, o, 1)
	member := shareMember(t, o, 1)
	for n := range deliveries {
		r := poll(t, member)[0]
		if got := r.DeliveryCount(); got != int32(n+1) {
			t.Fatalf("delivery %d, want %d", got, n+1)
		}
		r.Ack(kgo.AckRelease)
		if err := member.FlushAcks(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if n := lag(t, topic); n != 0 {
		t.Errorf("a lag of %d after the last delivery", n)
	}
}

// The embedded Kafka keeps what a share group has not handled yet, and nothing else.
func TestAcknowledgedRecordsAreDeleted(t *testing.T) {
	o := embedded(t)
	topic, _ := shareGroup(t, o, 10)
	member := shareMember(t, o, 10)
	records := poll(t, member)
	for _, r := range records[:4] {
		r.Ack(kgo.AckAccept)
	}
	if err := member.FlushAcks(t.Context()); err != nil {
		t.Fatal(err)
	}
	handled := kadm.Offsets{}
	if err := acknowledged(t.Context(), topic.admin, handled); err != nil {
		t.Fatal(err)
	}
	if o, ok := handled.Lookup("orders", 0); !ok || o.At != 4 {
		t.Errorf("records before %d may be deleted, want 4", o.At)
	}
	if err := committed(t.Context(), topic.admin, handled); err != nil {
		t.Errorf("a share group disturbs what consumer groups have committed: %v", err)
	}
}
