package orders

import (
	"testing"
	"testing/synctest"
	"time"

	"resilab/labs/clock"
	"resilab/labs/convoy/transport"
)

var lane1 = transport.Lane{Number: 1, Queue: "lane-1"}

// placed returns a tracker with n confirmed orders in one lane.
func placed(n uint64) *Tracker {
	t := NewTracker(clock.New(nil), false)
	for i := range n {
		t.Place(transport.Order{N: i, Seq: i + 1, Created: time.Now()}, lane1, 0)
		t.Confirmed(i)
	}
	return t
}

// losing is a search of a tracker for which the broker holds nothing.
func losing(t *Tracker) search {
	return search{t, []transport.Lane{lane1}, func(transport.Lane) (int, error) { return 0, nil }}
}

func deliver(t *Tracker, numbers ...uint64) {
	for _, n := range numbers {
		t.Delivered(&transport.Delivery{Order: transport.Order{N: n}, Lane: lane1}, 1)
	}
}

// TestASkippedOrderIsLostAfterAWhile: a lane is a queue, so an order whose later
// ones come will not come itself. Until then it cannot be told.
func TestASkippedOrderIsLostAfterAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := placed(5)
		deliver(tr, 0, 3)
		if !tr.Doubtful() || losing(tr).inSequence() != 0 || tr.Lost() != 0 {
			t.Error("it is lost at once")
		}
		time.Sleep(settle / 2)
		deliver(tr, 1)
		time.Sleep(settle)
		if n := losing(tr).inSequence(); n != 1 || tr.Lost() != 1 || tr.Doubtful() || tr.UnderWay() != 4 {
			t.Errorf("%d lost, %d under way", n, tr.UnderWay())
		}
	})
}

// TestRequeuedOrderIsNotSkipped: an order that goes back to its lane, or is
// published again, is behind others rightly.
func TestRequeuedOrderIsNotSkipped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := placed(1)
		for n := uint64(1); n < 4; n++ {
			tr.Place(transport.Order{N: n, Seq: n + 1, Created: time.Now()}, lane1, 0)
		}
		deliver(tr, 0)
		tr.GivenBack(0)
		tr.Republish(1, lane1)
		for n := uint64(1); n < 4; n++ {
			tr.Confirmed(n)
		}
		deliver(tr, 2, 3)
		time.Sleep(2 * settle)
		if tr.Doubtful() || losing(tr).inSequence() != 0 {
			t.Error("it counts as lost")
		}
	})
}

// TestOrderThatWaitedIsNotSkipped: orders that were sent while it was held back, or
// could not be sent, are before it in the lane.
func TestOrderThatWaitedIsNotSkipped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := placed(1)
		for n := uint64(1); n < 5; n++ {
			tr.Place(transport.Order{N: n, Seq: n + 1, Created: time.Now()}, lane1, 0)
		}
		tr.Unpublish(2)
		tr.Release(1)
		tr.Republish(2, lane1)
		for n := uint64(1); n < 5; n++ {
			tr.Confirmed(n)
		}
		deliver(tr, 0, 3)
		time.Sleep(2 * settle)
		if tr.Doubtful() || losing(tr).inSequence() != 0 {
			t.Error("it counts as lost")
		}
		deliver(tr, 2) // the last one of 0 3 4 1 2
		time.Sleep(2 * settle)
		if n := losing(tr).inSequence(); n != 2 {
			t.Errorf("%d lost", n)
		}
	})
}

// TestBrokerOutageIsNotALoss: what was delivered before may come again, in
// another order.
func TestBrokerOutageIsNotALoss(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := placed(3)
		deliver(tr, 2)
		time.Sleep(2 * settle)
		tr.BrokerUp()
		if tr.Doubtful() || losing(tr).inSequence() != 0 || len(losing(tr).still()) != 0 {
			t.Error("it counts as lost")
		}
	})
}

// TestIdleLaneIsReportedAndGivenUp: the caller checks whether the broker holds
// something for it.
func TestIdleLaneIsReportedAndGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := placed(3)
		deliver(tr, 0)
		time.Sleep(2 * settle)
		if still := losing(tr).still(); len(still) != 0 {
			t.Errorf("%v is still while a consumer has an order", still)
		}
		tr.Done(0)
		time.Sleep(settle / 2)
		if still := losing(tr).still(); len(still) != 0 || losing(tr).in(lane1) != 0 {
			t.Errorf("%v is still at once", still)
		}
		time.Sleep(settle)
		if still := losing(tr).still(); len(still) != 1 || still[0] != lane1 {
			t.Fatalf("still: %v", still)
		}
		if n := losing(tr).in(lane1); n != 2 || !tr.Empty(lane1) || tr.UnderWay() != 0 {
			t.Errorf("%d lost, %d under way", n, tr.UnderWay())
		}
	})
}

// TestOrderPublishedAndDeliveredAgain: published again, handled before its confirm, delivered
// once more.
func TestOrderPublishedAndDeliveredAgain(t *testing.T) {
	tr := NewTracker(clock.New(nil), false)
	tr.Place(transport.Order{N: 7, Seq: 1, Created: time.Unix(5, 0)}, lane1, 0)
	tr.Unpublish(7)
	if to, ok := tr.Republish(7, lane1); !ok || to != lane1 {
		t.Fatal("it is not published again")
	}
	deliver(tr, 7)
	if created, past := tr.Done(7); created != time.Unix(5, 0) || past.Publishes != 1 || past.Deliveries != 1 {
		t.Errorf("placed %v, %+v", created, past)
	}
	if _, ok := tr.Republish(7, lane1); !ok {
		t.Error("handled and not confirmed: its publisher cannot know")
	}
	deliver(tr, 7)
	if created, _ := tr.Done(7); created.IsZero() {
		t.Error("the second copy is in its lane")
	}
	if o, ok := tr.Confirmed(7); !ok || o.Seq != 1 || tr.UnderWay() != 0 {
		t.Errorf("confirmed %v, %d under way", ok, tr.UnderWay())
	}
	if _, ok := tr.Republish(7, lane1); ok {
		t.Error("a confirmed order is published again")
	}
}

// TestAnOrderWhoseLaneIsNotKnown: it was sent while lanes changed. It is not lost
// because its supposed lane goes on or is still, only when all lanes are.
func TestAnOrderWhoseLaneIsNotKnown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lane2 := transport.Lane{Number: 2, Queue: "lane-2"}
		tr := placed(1)
		tr.Place(transport.Order{N: 1, Created: time.Now()}, lane1, 0) // not confirmed yet
		tr.Rerouting(true)
		tr.Place(transport.Order{N: 2, Created: time.Now()}, lane1, 0)
		tr.Rerouting(false)
		tr.Place(transport.Order{N: 3, Created: time.Now()}, lane1, 0)
		for n := uint64(1); n < 4; n++ {
			tr.Confirmed(n)
		}
		deliver(tr, 3)
		tr.Delivered(&transport.Delivery{Order: transport.Order{N: 1}, Lane: lane2}, 2)
		time.Sleep(2 * settle)
		if n := losing(tr).inSequence(); n != 1 { // order 0
			t.Errorf("%d lost", n)
		}
		tr.Done(3)
		time.Sleep(2 * settle)
		if n := losing(tr).in(lane1); n != 0 || losing(tr).unplaced() || losing(tr).anywhere() != 0 || !tr.Unplaced() {
			t.Errorf("%d lost while a consumer has an order", n)
		}
		tr.Done(1)
		time.Sleep(2 * settle)
		if !losing(tr).unplaced() || losing(tr).anywhere() != 1 || tr.Unplaced() || tr.UnderWay() != 0 {
			t.Errorf("%d under way", tr.UnderWay())
		}
	})
}

// TestUnorderedLanes: a later order that comes says nothing of an earlier one. One that
// the broker gives up is lost, once, unless it was handled.
func TestUnorderedLanes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := NewTracker(clock.New(nil), true)
		for n := range uint64(3) {
			tr.Place(transport.Order{N: n, Created: time.Now()}, lane1, 0)
			tr.Confirmed(n)
		}
		deliver(tr, 2)
		time.Sleep(2 * settle)
		if n := losing(tr).inSequence(); n != 0 || tr.Doubtful() {
			t.Errorf("%d lost because a later order came", n)
		}
		deliver(tr, 0)
		tr.Done(0)
		if tr.Lose(0) || !tr.Lose(1) || tr.Lose(1) || tr.Lost() != 1 || tr.UnderWay() != 1 {
			t.Errorf("%d lost, %d under way", tr.Lost(), tr.UnderWay())
		}
	})
}
