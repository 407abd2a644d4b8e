package measure

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"resilab/labs/cacheaside/catalog"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestStaleness(t *testing.T) {
	j := NewProducts([]uint64{1}, nil, nil)
	p, t0 := j.Of(1), time.Unix(1000, 0)
	at := func(s int) time.Time { return t0.Add(time.Duration(s) * time.Second) }
	early := p.Begin()
	p.Committed(catalog.Product{ID: 1, Version: 2}, at(1))
	p.Committed(catalog.Product{ID: 1, Version: 3}, at(5))
	for name, c := range map[string]struct {
		w       ReadStart
		version uint64
		want    staleness
	}{
		"the present version":              {p.Begin(), 3, staleness{}},
		"a write beside the read":          {early, 1, staleness{}},
		"one change behind":                {p.Begin(), 2, staleness{stale: true, age: 5 * time.Second}},
		"two changes behind":               {p.Begin(), 1, staleness{stale: true, age: 9 * time.Second}},
		"newer than was known":             {early, 3, staleness{}},
		"older than what was read already": {ReadStart{version: 1, seen: 2}, 1, staleness{inverted: true}},
	} {
		if got := p.check(c.w, c.version, at(10)); got != c.want {
			t.Errorf("%s: %+v, not %+v", name, got, c.want)
		}
	}
	if j.Of(0) != nil || j.Of(2) != nil {
		t.Error("it has states for products that do not exist")
	}
}

func TestLoadsBelongToTheirExpiry(t *testing.T) {
	p, t0 := NewProducts([]uint64{1}, nil, nil).Of(1), time.Unix(1000, 0)
	step := func(s int) time.Time { return t0.Add(time.Duration(s) * time.Second) }
	if expiry, first := p.LoadBegins(step(0)); expiry || first {
		t.Error("the first copy of all counts as an expiry")
	}
	p.Filled(Copy{Version: 1, TTL: time.Second}, step(1))
	if expiry, first := p.LoadBegins(step(0)); expiry || first {
		t.Error("a straggler of the first copy counts as an expiry")
	}
	for i, want := range []bool{true, false, false} {
		if expiry, first := p.LoadBegins(step(3)); !expiry || first != want {
			t.Errorf("load %d of an expiry: %v, first %v", i+1, expiry, first)
		}
	}
	if loads, open := p.loadsOfCycle(); loads != 3 || !open {
		t.Errorf("%d loads, open %v", loads, open)
	}
	p.Filled(Copy{Version: 1, TTL: time.Second}, step(4))
	if expiry, first := p.LoadBegins(step(3)); !expiry || first {
		t.Error("a straggler opens another expiry")
	}
}

func TestNoObservationIsLost(t *testing.T) {
	var counters Counters
	p := NewProducts([]uint64{5}, nil, nil).Of(1)
	var all sync.WaitGroup
	const actors, each = 8, 20_000
	for range actors {
		all.Go(func() {
			for i := range each {
				counters.CheckStale(p, p.Begin(), 5-uint64(i%2), time.Now())
			}
		})
	}
	all.Wait()
	if stale := counters.Stale.Reads.Load(); stale != actors*each/2 {
		t.Errorf("%d stale of %d", stale, actors*each)
	}
}

func TestRatesOfASlidingSecond(t *testing.T) {
	var p perSecond
	at := func(ms int) time.Time { return time.UnixMilli(1_000_000 + int64(ms)) }
	check := func(ms int, wantLast, wantPeak int64) {
		t.Helper()
		if last, peak := p.rate(at(ms)); last != wantLast || peak != wantPeak {
			t.Errorf("at %d ms: %d in the last second and %d at the peak, not %d and %d", ms, last, peak, wantLast, wantPeak)
		}
	}
	burst := func(ms int) {
		for range 40 {
			p.add(at(ms))
		}
	}
	burst(950) // across the end of a second of the clock
	burst(1050)
	burst(990) // comes late: counts with what was there already
	check(1099, 40, 120)
	check(1100, 120, 120)
	check(1999, 120, 120)
	check(2000, 80, 120)
	check(2100, 0, 120)
	p.add(at(60_000))
	check(60_100, 1, 120)
	check(600_000, 0, 120)
}

func TestTheDatabaseIsNeverAskedBeyondTheLimit(t *testing.T) {
	const limit = 10
	m := &Database{}
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			for range 2000 {
				if m.Admit(limit) {
					m.Leave()
				}
			}
		})
	}
	all.Wait()
	if most, left := m.Most(), m.InFlight(); most > limit || left != 0 {
		t.Errorf("%d at a time, %d left", most, left)
	}
}

func TestHiddenLateProduct(t *testing.T) {
	var n LateProduct
	t0 := time.Unix(1000, 0)
	n.Denied(7, t0)
	n.Enter(7, t0.Add(time.Second))
	n.Denied(7, t0) // it began before the product was there
	n.Denied(8, t0.Add(5*time.Second))
	if n.LongestHidden() != 0 {
		t.Error("what was never there was hidden")
	}
	n.Denied(7, t0.Add(3*time.Second))
	if n.LongestHidden() != 2*time.Second {
		t.Errorf("hidden for %s", n.LongestHidden())
	}
}

// A server that refuses some commands and answers others is in one trouble, not in
// a hundred.
func TestHealthReportsStates(t *testing.T) {
	now := time.Unix(1000, 0)
	var told []string
	h := NewHealth(func() time.Time { return now }, func(err error, away time.Duration) {
		if err != nil {
			told = append(told, "down")
			return
		}
		told = append(told, "up after "+away.String())
	})
	h.Up()
	for range 30 { // writes fail, reads do not
		h.Down(errors.New("READONLY"))
		h.Up()
		now = now.Add(100 * time.Millisecond)
	}
	now = now.Add(time.Second)
	h.Up()
	h.Up()
	if !slices.Equal(told, []string{"down", "up after 2.9s"}) {
		t.Errorf("told %v", told)
	}
}

// What the lab deletes or shortens is recorded before it happens: whatever polling
// sees in between is taken for what it is.
func TestHowACopyEnds(t *testing.T) {
	t0 := time.Unix(1000, 0)
	at := func(s int) time.Time { return t0.Add(time.Duration(s) * time.Second) }
	fresh := func() *Product {
		p := NewProducts([]uint64{1}, nil, nil).Of(1)
		p.Filled(Copy{Version: 1, TTL: 10 * time.Second}, t0)
		return p
	}
	for name, c := range map[string]struct {
		before func(*Product)
		seen   time.Time
		want   Life
	}{
		"at the end of its TTL":      {func(*Product) {}, at(10), Expired},
		"deleted by another client":  {func(*Product) {}, at(5), Deleted},
		"shortened by the lab":       {func(p *Product) { p.Shortened(at(5)) }, at(5), Expired},
		"deleted by the lab":         {func(p *Product) { p.Deleting(at(5)) }, at(5), Deleted},
		"deleted in its last moment": {func(p *Product) { p.Deleting(at(10)) }, at(10), Deleted},
	} {
		p := fresh()
		c.before(p)
		if _, ended := p.polled(-2, c.seen); !ended || p.View(1, c.seen, false).Life != c.want {
			t.Errorf("%s: it is %v", name, p.View(1, c.seen, false).Life)
		}
	}
	p := fresh()
	p.Shortened(at(5))
	p.polled(5*time.Second, at(5)) // asked before Redis shortened it
	if p.polled(-2, at(6)); p.View(1, at(6), false).Life != Expired {
		t.Error("an answer from before the copy was shortened makes its end a deletion")
	}
	if _, ended := fresh().polled(-2, t0.Add(-time.Second)); ended {
		t.Error("an answer from before the copy was written ends it")
	}
}
