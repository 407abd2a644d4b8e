package accounts

import (
	"testing"
	"time"

	"resilab/labs/convoy/orders"
	"resilab/labs/convoy/transport"
)

func TestBusiness(t *testing.T) {
	for name, tc := range map[string]struct {
		scenario string
		seqs     []uint64
		refused  int
		wrong    bool
	}{
		"bank in order":          {Bank, []uint64{1, 2, 3}, 0, false},
		"withdrawn too early":    {Bank, []uint64{2, 1}, 1, true},
		"shop in order":          {Shop, []uint64{1, 2, 3, 4}, 0, false},
		"paid before reserved":   {Shop, []uint64{2, 1, 3}, 2, true},
		"delivered, then loaded": {Parcel, []uint64{1, 2, 4, 3}, 1, true},
		"tenant, two rounds":     {Tenant, []uint64{1, 2, 3, 4, 5, 6}, 0, false},
	} {
		var b business
		refused := 0
		for _, seq := range tc.seqs {
			b.distinct++
			if !b.do(tc.scenario, seq) {
				refused++
			}
		}
		if refused != tc.refused || b.wrong(tc.scenario) != tc.wrong {
			t.Errorf("%s: %d refused, wrong is %v", name, refused, b.wrong(tc.scenario))
		}
	}
}

func TestRecentKeepsTheNewest(t *testing.T) {
	var r recent
	for seq := range uint64(recentLength + 5) {
		r.add(HandledOrder{Seq: seq})
	}
	last := r.last(3)
	if len(last) != 3 || last[2].Seq != recentLength+4 || last[0].Seq != recentLength+2 {
		t.Errorf("%v", last)
	}
	if n := len(r.last(1000)); n != recentLength {
		t.Errorf("%d are kept", n)
	}
}

// TestBookMarksOvertakingOrders: one definition for the ledger, the picture and
// the causes.
func TestBookMarksOvertakingOrders(t *testing.T) {
	b := NewBook(Options{Users: 1, Scenario: Shop, Competing: true})
	for _, seq := range []uint64{4, 1, 2, 3, 5, 7, 6} {
		b.Handled(Handling{Order: transport.Order{Seq: seq}, Lane: 1, Past: orders.Past{Publishes: 1}, Placed: time.Unix(1, 0), Now: time.Unix(2, 0)})
	}
	u := b.Users(1)[0]
	for _, o := range u.Recent {
		if want := o.Seq == 4 || o.Seq == 7; (o.Kind == Violation) != want {
			t.Errorf("%+v", o)
		}
	}
	m := map[string]float64{}
	b.Figures(m)
	if u.Violations != 2 || b.Causes()[Competing] != 2 || m["violations"] != 2 || m["applied_violations"] != 2 {
		t.Errorf("user %d, causes %v, metrics %v", u.Violations, b.Causes(), m)
	}
}

// TestHoldBackRestoresTheOrder: held back until the earlier ones have come.
func TestHoldBackRestoresTheOrder(t *testing.T) {
	b := NewBook(Options{Users: 1, Scenario: Bank, HoldBack: 3})
	for _, seq := range []uint64{2, 3, 4, 1, 6, 7, 8, 9, 5} {
		b.Handled(Handling{Order: transport.Order{Seq: seq}, Placed: time.Unix(1, 0), Now: time.Unix(2, 0)})
	}
	m := map[string]float64{}
	b.Figures(m)
	if m["buffer_max"] != 3 || m["applied_violations"] != 4 || m["effects"] != 9 {
		t.Errorf("%v", m) // the buffer was full when 9 came: 5 came too late
	}
}

// The share of moved users is known when nine of ten were seen again, however many
// orders the first ones place.
func TestMovedIsKnownWhenMostUsersWereSeenAgain(t *testing.T) {
	b := NewBook(Options{Users: 20, Scenario: Shop, Sharded: true})
	handle := func(user, lane, generation int) {
		b.Delivered(user, lane, generation, false)
		b.Handled(Handling{Order: transport.Order{User: user, Seq: uint64(generation)}, Lane: lane, Past: orders.Past{Publishes: 1},
			Placed: time.Unix(1, 0), Now: time.Unix(2, 0)})
	}
	known := func() (float64, bool) {
		m := map[string]float64{}
		b.Figures(m)
		share, ok := m["moved"]
		return share, ok
	}
	for user := range 20 {
		if handle(user, 1, 1); user == 9 && b.Seen() != 0.5 {
			t.Errorf("half of the users are seen as %v", b.Seen())
		}
	}
	b.LanesChanged(2)
	for user := range 17 {
		handle(user, 1+user%2, 2)
		handle(user, 1+user%2, 2)
	}
	if share, ok := known(); ok {
		t.Errorf("after 17 of 20 users: %v", share)
	}
	handle(17, 2, 2)
	if share, ok := known(); !ok || share != 0.5 {
		t.Errorf("after 18 of 20 users, of whom 9 moved: %v, %t", share, ok)
	}
}

// TestAReleasedOrderIsTheCause: in a share group an order that was delivered before came
// back from a consumer; another one was slower than a competitor.
func TestAReleasedOrderIsTheCause(t *testing.T) {
	for deliveries, want := range map[int]Cause{1: Competing, 2: Requeued} {
		b := NewBook(Options{Users: 1, Scenario: Shop, Competing: true, Released: true})
		handle := func(seq uint64, deliveries int) Judgement {
			return b.Handled(Handling{Order: transport.Order{Seq: seq}, Lane: 1, Past: orders.Past{Publishes: 1, Deliveries: deliveries}, Placed: time.Unix(1, 0), Now: time.Unix(2, 0)})
		}
		handle(2, 1)
		if j := handle(1, deliveries); j.Cause != want || b.Causes()[want] != 1 {
			t.Errorf("after %d deliveries the cause is %s, want %s", deliveries, j.Cause, want)
		}
	}
}
