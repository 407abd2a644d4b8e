package topology

import (
	"math"
	"strconv"
	"testing"

	"resilab/labs/convoy/routing"
	"resilab/labs/convoy/transport"
)

func named(n int) transport.Lane { return transport.Lane{Number: n, Queue: "lane-" + strconv.Itoa(n)} }

func TestRoutes(t *testing.T) {
	if r := newRoutes(12, []int{2, 3, 4, 5}); r.Of[0][0] != 2 || r.Of[10][0] != 4 { // the first lane was removed
		t.Errorf("%v", r.Of)
	}
	r := newRoutes(12, []int{1, 2, 3, 4})
	if len(r.Of) != 12 || r.Of[0][0] != 1 || r.Of[10][0] != 3 { // as a real exchange routes user1 and user11
		t.Errorf("%v", r.Of)
	}
	near := func(got []float64, want ...float64) {
		t.Helper()
		for i := range want {
			if math.Abs(got[i]-want[i]) > 0.03 {
				t.Errorf("%s: %.3f of the keys move, want about %.2f", r.Systems[i], got[i], want[i])
			}
		}
	}
	near(r.Grown, 0.20, 0.80, 0.25, 0.80)
	near(r.Shrunk, 0.25, -1, 0.50, 0.75)
	if one := newRoutes(3, []int{1}); one.Shrunk[0] != -1 || one.Shrunk[2] != -1 || one.Shrunk[3] != -1 {
		t.Errorf("the only lane is removed: %v", one.Shrunk)
	}
}

// TestLanesFollowTheirRule: every rule keeps to the open lanes, and those by key
// keep a user's orders together.
func TestLanesFollowTheirRule(t *testing.T) {
	for rule, together := range map[Rule]bool{ByRing: true, ByPartition: true, ByModulus: true, InTurn: false} {
		lanes := New(rule, 40, 4, named)
		seen := func() map[int]bool {
			used := map[int]bool{}
			for n := range uint64(400) {
				user := int(n % 40)
				l, _ := lanes.Route(user, n)
				again, _ := lanes.Route(user, n+40)
				if together && l != again {
					t.Fatalf("rule %d: user %d goes to %v and %v", rule, user, l, again)
				}
				used[l.Number] = true
			}
			return used
		}
		if used := seen(); len(used) != 4 {
			t.Errorf("rule %d uses the lanes %v of 4", rule, used)
		}
		added, _ := lanes.Make()
		lanes.Extend(added)
		first, generation, ok := lanes.Close(true)
		if used := seen(); !ok || first.Number != 1 || generation != 2 || used[1] || !used[5] || len(used) != 4 {
			t.Errorf("rule %d: lane %d closed, generation %d, now uses %v", rule, first.Number, generation, used)
		}
		if all := lanes.All(); all[len(all)-1].Lane != first || all[len(all)-1].Open {
			t.Errorf("rule %d: %v", rule, all)
		}
		lanes.Drop(first)
		if n := len(lanes.All()); n != 4 {
			t.Errorf("rule %d: %d lanes after one was dropped", rule, n)
		}
	}
	if _, _, ok := New(ByRing, 1, 1, named).Close(false); ok {
		t.Error("the only lane was closed")
	}
}

// TestPartitionsOfNATSHaveNoGaps: the lane that was removed last is the next one again, as
// soon as it has run empty.
func TestPartitionsOfNATSHaveNoGaps(t *testing.T) {
	lanes := New(BySubject, 40, 3, named)
	last, _, _ := lanes.Close(false)
	if again, free := lanes.Make(); again != last || free {
		t.Errorf("while lane %v runs empty: %v, free %v", last, again, free)
	}
	lanes.Drop(last)
	again, free := lanes.Make()
	if again != last || !free {
		t.Errorf("after that: %v, free %v", again, free)
	}
	lanes.Extend(again)
	for user := range 40 {
		if l, _ := lanes.Route(user, 0); l.Number != routing.Subjects(3).Route(transport.UserName(user))+1 {
			t.Errorf("user %d goes to %v", user, l)
		}
	}
}
