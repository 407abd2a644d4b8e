package broker

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"resilab/brokers/minirabbit/codec"
)

func TestDeadLetterHeadersRecordEachDeath(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newBroker(t, Options{}).client(t)
		c.queue("retry", arg("x-message-ttl", int32(100)), arg("x-dead-letter-exchange", ""), arg("x-dead-letter-routing-key", "work"))
		c.queue("work", arg("x-dead-letter-exchange", ""), arg("x-dead-letter-routing-key", "retry"))
		c.consume("work")
		c.expiring("work", "m", "60000")
		for tag := uint64(1); tag <= 3; tag++ {
			c.ok(c.Nack(tag, false, false))
			time.Sleep(100 * time.Millisecond)
			synctest.Wait()
		}
		last := c.got[len(c.got)-1].message
		_, headers := last.decode()
		deaths, _ := headers.Get("x-death")
		want := []struct {
			reason, queue, exchange string
			count                   int64
		}{{"expired", "retry", "", 3}, {"rejected", "work", "", 3}}
		for i, w := range want {
			d := deaths.(codec.Array)[i].(codec.Table)
			count, _ := d.Get("count")
			if field(d, "reason") != w.reason || field(d, "queue") != w.queue || field(d, "exchange") != w.exchange || count != w.count {
				t.Errorf("death %d: %v", i, d)
			}
		}
		if n := len(deaths.(codec.Array)); n != len(want) {
			t.Errorf("%d deaths", n)
		}
		if first, _ := headers.Get("x-first-death-reason"); first != "rejected" {
			t.Errorf("the first reason is %v", first)
		}
		if original := field(deaths.(codec.Array)[1], "original-expiration"); original != "60000" {
			t.Errorf("original expiration %q", original)
		}
	})
}

// TestDeadLetterCyclesEnd: queues that dead-letter into each other for lack of
// room or time do not keep a message going for ever; it is dropped.
func TestDeadLetterCyclesEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBroker(t, Options{})
		c := b.client(t)
		for from, to := range map[string]string{"a": "b", "b": "a"} {
			c.queue(from, arg("x-max-length", int32(0)), arg("x-dead-letter-exchange", ""), arg("x-dead-letter-routing-key", to))
		}
		c.queue("self", arg("x-message-ttl", int32(10)), arg("x-dead-letter-exchange", ""))
		c.publish("a", "round")
		c.publish("self", "round")
		time.Sleep(time.Minute)
		synctest.Wait()
		if n := b.Snapshot().Bytes; n != 0 {
			t.Errorf("%d bytes go round", n)
		}
	})
}

func TestCopiesByHeader(t *testing.T) {
	c := newBroker(t, Options{}).client(t)
	for _, q := range []string{"to", "cc", "bcc"} {
		c.queue(q)
		c.consume(q)
	}
	headers := codec.Table{{Name: "CC", Value: codec.Array{"cc", "to"}}, {Name: "BCC", Value: codec.Array{"bcc"}}}
	_, err := c.Publish(c.message("", "to", "m", codec.Properties{Present: codec.HasHeaders, Headers: headers.Encode()}), false)
	c.ok(err)
	if len(c.got) != 3 {
		t.Fatalf("%d copies", len(c.got))
	}
	for _, a := range c.got {
		_, seen := a.message.decode()
		_, cc := seen.Get("CC")
		_, bcc := seen.Get("BCC")
		if !cc || bcc {
			t.Errorf("headers %v", seen)
		}
	}
}

// TestLongAndBranchingDeadLettering: of a long way through queues, and of one that
// branches at each of them.
func TestLongAndBranchingDeadLettering(t *testing.T) {
	b := newBroker(t, Options{})
	c := b.client(t)
	const long, wide = 300, 9
	for i := range long {
		c.queue(fmt.Sprint("ring", i), arg("x-max-length", int32(0)),
			arg("x-dead-letter-exchange", ""), arg("x-dead-letter-routing-key", fmt.Sprint("ring", (i+1)%long)))
	}
	c.fanout("graph")
	for i := range wide {
		c.queue(fmt.Sprint("graph", i), arg("x-max-length", int32(0)), arg("x-dead-letter-exchange", "graph"))
		c.ok(c.Bind(BindSpec{Source: "graph", Destination: fmt.Sprint("graph", i)}))
	}
	c.publish("ring0", "round")
	c.publish("graph0", "everywhere")
	seen := map[string]uint64{}
	for _, q := range b.Snapshot().Queues {
		seen[strings.TrimRight(q.Name, "0123456789")] += q.Counts.Published
	}
	if seen["ring"] != long || seen["graph"] != maxLineage+1 {
		t.Errorf("seen by %d of the ring and %d of the graph; want %d, %d", seen["ring"], seen["graph"], long, maxLineage+1)
	}
	if used := b.memory.used.Load(); used != 0 {
		t.Errorf("%d bytes are left", used)
	}
}
