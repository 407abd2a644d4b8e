package clock

import (
	"context"
	"math"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

func TestFairShare(t *testing.T) {
	for _, c := range []struct {
		wants    []float64
		capacity float64
		want     float64
	}{
		{nil, 100, math.Inf(1)},
		{[]float64{40, 60}, 100, math.Inf(1)},
		{[]float64{200}, 100, 100},
		{[]float64{200, 200}, 100, 50},
		{[]float64{1000, 10, 30, 1000}, 100, 30}, // 10 and 30 have all that they want
		{[]float64{0, 500, 0}, 100, 100},
	} {
		if got := fairShare(append([]float64(nil), c.wants...), c.capacity); got != c.want {
			t.Errorf("fairShare(%v, %v) = %v, want %v", c.wants, c.capacity, got, c.want)
		}
	}
}

// No more than the capacity is given away, and nothing is kept back from those who
// want more.
func TestFairShareUsesTheCapacity(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		wants := rapid.SliceOfN(rapid.Float64Range(0, 1e6), 1, 50).Draw(t, "wants")
		capacity := rapid.Float64Range(1, 1e6).Draw(t, "capacity")
		most := fairShare(append([]float64(nil), wants...), capacity)
		var wanted, given float64
		for _, w := range wants {
			wanted += w
			given += min(w, most)
		}
		if want := min(wanted, capacity); math.Abs(given-want) > 1e-6*want {
			t.Fatalf("gave %v of %v for %v", given, capacity, wants)
		}
	})
}

func TestNextLimit(t *testing.T) {
	for _, c := range []struct{ limit, allowed, want float64 }{
		{1, math.Inf(1), 1},
		{1, 1, 1},
		{1, 0.99, 0.5},
		{1, 0.3, 0.25},
		{1, 0.001, slowest},
		{0.5, 1.2, 0.5}, // too close: it would be slowed again
		{0.5, 1.25, 1},
		{slowest, math.Inf(1), 0.25}, // one step at a time
		{slowest, 0, slowest},
	} {
		if got := nextLimit(c.limit, c.allowed); got != c.want {
			t.Errorf("nextLimit(%v, %v) = %v, want %v", c.limit, c.allowed, got, c.want)
		}
	}
}

// crowd is a capacity of 100 operations a second with clocks whose labs begin so
// many a second of their time.
type crowd struct {
	capacity *Capacity
	clocks   []*Clock
	start    time.Time // of all clocks
	rates    []float64
	begun    []int
	wait     func() // ends the work
}

func newCrowd(t *testing.T, rates ...float64) *crowd {
	ctx, cancel := context.WithCancel(t.Context())
	var work sync.WaitGroup
	c := &crowd{capacity: NewCapacity(100, nil), start: time.Now(), rates: rates, begun: make([]int, len(rates)), wait: func() { cancel(); work.Wait() }}
	for i, rate := range rates {
		k := New(nil)
		c.clocks = append(c.clocks, k)
		c.capacity.Add(k)
		work.Go(func() {
			gap := time.Duration(float64(time.Second) / rate)
			for next := k.Now().Add(gap); k.SleepUntil(ctx, next) == nil; next = next.Add(gap) {
				k.Count()
				c.begun[i]++
			}
		})
	}
	work.Go(func() { c.capacity.Share(ctx) })
	return c
}

func (c *crowd) limits() (all []float64) {
	for _, k := range c.clocks {
		all = append(all, k.Limit())
	}
	return all
}

// The labs that do most are slowed, and only those; in their own time they do as
// much as before. When the others have left, they are as fast as they were.
func TestTheLoudestAreSlowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t, 10, 20, 100, 100)
		c.clocks[3].SetSpeed(2) // wants 200
		time.Sleep(time.Minute)
		for i, want := range []float64{1, 1, 0.25, 0.125} {
			if got := c.clocks[i].Limit(); got != want {
				t.Errorf("limits %v: %v instead of %v for %d", c.limits(), got, want, i)
			}
		}
		if got := c.clocks[3].Speed(); got != 0.25 {
			t.Errorf("2 slowed to an eighth is %v", got)
		}
		c.clocks[3].SetSpeed(1)
		c.capacity.Remove(c.clocks[2])
		if got := c.clocks[2].Limit(); got != 1 {
			t.Errorf("not taking part any more: limit %v", got)
		}
		time.Sleep(time.Minute)
		if got := c.clocks[3].Limit(); got != 0.5 { // 70 of the 100 it wants
			t.Errorf("limits %v", c.limits())
		}
		c.wait()
		for i, k := range c.clocks {
			if want := c.rates[i] * k.Since(c.start).Seconds(); math.Abs(float64(c.begun[i])-want) > 1 {
				t.Errorf("%d of clock %d began, want %.0f: as many a second of its time as before", c.begun[i], i, want)
			}
		}
	})
}

// On a busy machine there is less capacity, down to a part; where all keep time again,
// it is what it was.
func TestCapacityFollowsTheMachine(t *testing.T) {
	late := 2 * tooLate
	c := NewCapacity(800, func() time.Duration { return late })
	for _, want := range []float64{560, 392} {
		if c.share(time.Second); math.Round(c.now) != want {
			t.Errorf("capacity %v, want %v", c.now, want)
		}
	}
	for range 20 {
		c.share(time.Second)
	}
	if c.now != 100 {
		t.Errorf("capacity %v, at least an eighth is left", c.now)
	}
	late = tooLate
	if c.share(time.Second); math.Round(c.now) != 110 {
		t.Errorf("capacity %v, want more", c.now)
	}
	for range 30 {
		c.share(time.Second)
	}
	if c.now != 800 {
		t.Errorf("capacity %v, want all of it", c.now)
	}
}

func TestLateness(t *testing.T) {
	buckets := []float64{math.Inf(-1), 0, 0.001, 0.01, 0.1}
	for _, c := range []struct {
		counts, before []uint64
		want           time.Duration
	}{
		{[]uint64{0, 0, 0, 0}, nil, 0},
		{[]uint64{0, 98, 1, 1}, nil, time.Millisecond},
		{[]uint64{0, 99, 0, 1}, nil, 0},
		{[]uint64{0, 98, 0, 2}, nil, 10 * time.Millisecond},
		{[]uint64{0, 1000, 50, 1000}, []uint64{0, 900, 50, 1000}, 0},
	} {
		if got := allBut(unlucky, buckets, c.counts, c.before); got != c.want {
			t.Errorf("of %v since %v: %v, want %v", c.counts, c.before, got, c.want)
		}
	}
	late := Lateness()
	late()
	if got := late(); got < 0 || got > time.Minute {
		t.Errorf("measured %v", got)
	}
}
