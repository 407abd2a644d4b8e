package kafka

import (
	"fmt"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// The embedded Kafka keeps what a group has not handled yet, and nothing else.
func TestHandledRecordsAreDeleted(t *testing.T) {
	o := embedded(t)
	topic, err := OpenTopic(t.Context(), o, "orders", "g1", 1)
	if err != nil {
		t.Fatal(err)
	}
	defer topic.Close()
	produce := func(n int) {
		t.Helper()
		client, err := kgo.NewClient(o.base()...)
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		for i := range n {
			client.Produce(t.Context(), &kgo.Record{Topic: "orders", Value: fmt.Append(nil, i, strings.Repeat("x", 500))}, nil)
		}
		if err := client.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	start := func() int64 {
		t.Helper()
		offsets, err := topic.admin.ListStartOffsets(t.Context(), "orders")
		if err != nil {
			t.Fatal(err)
		}
		at, _ := offsets.Lookup("orders", 0)
		return at.Offset
	}
	commit := func(group string, at int64) {
		t.Helper()
		offsets := kadm.Offsets{}
		offsets.AddOffset("orders", 0, at, -1)
		if err := topic.admin.CommitAllOffsets(t.Context(), group, offsets); err != nil {
			t.Fatal(err)
		}
	}
	produce(3000)
	if at := start(); at != 0 {
		t.Fatalf("%d records are gone before anybody has read them", at)
	}
	commit("g1", 2000)
	commit("g2", 1500) // reads the topic, too, and is behind
	await(t, "what both have handled is deleted", func() bool { return start() == 1500 })
	commit("g2", 3000)
	await(t, "what the slower one has handled is deleted", func() bool { return start() == 2000 })
}
