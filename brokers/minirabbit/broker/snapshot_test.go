package broker

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestRates: rates are computed over at least a second, however many snapshots are taken.
func TestRates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBroker(t, Options{})
		c := b.client(t)
		c.queue("q")
		rates := func() Rates {
			s := b.Snapshot()
			q, _ := s.Queue("q")
			return q.Rates
		}
		if r := rates(); r != (Rates{}) {
			t.Errorf("a new queue has %+v", r)
		}
		c.numbered("q", 1, 20)
		time.Sleep(2 * time.Second)
		if r := rates(); r.Published != 10 || r.Delivered != 0 {
			t.Errorf("20 in 2 s: %+v", r)
		}
		c.consume("q")
		c.ok(c.Ack(0, true))
		for range 10 { // looking does not change what is seen
			time.Sleep(100 * time.Millisecond)
			rates()
		}
		if r := rates(); r.Published != 0 || r.Delivered != 20 || r.Acked != 20 {
			t.Errorf("20 delivered a second ago: %+v", r)
		}
		time.Sleep(time.Minute)
		rates()
		time.Sleep(time.Second)
		if r := rates(); r != (Rates{}) {
			t.Errorf("after a quiet minute: %+v", r)
		}
	})
}
