package kit_test

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"resilab/labs/clock"
	"resilab/labs/kit"
	"resilab/labs/lab"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestQuantileErrorIsAtMostOnePercent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		durations := rapid.SliceOfN(rapid.Int64Range(0, int64(24*time.Hour)), 1, 300).Draw(t, "durations")
		q := rapid.Float64Range(0, 1).Draw(t, "q")
		var h kit.Histogram
		sum := int64(0)
		for _, d := range durations {
			h.Add(time.Duration(d))
			sum += d
		}
		slices.Sort(durations)
		want := float64(durations[max(1, int(math.Ceil(q*float64(len(durations)))))-1])
		got, ok := h.Quantile(q)
		if !ok || math.Abs(float64(got)-want) > 0.008*want {
			t.Fatalf("quantile %v is %v, want %v", q, float64(got), want)
		}
		if h.Count() != uint64(len(durations)) || h.Mean() != time.Duration(sum/int64(len(durations))) {
			t.Fatalf("%d counted with mean %v", h.Count(), h.Mean())
		}
	})
}

func TestMergedHistogramsCountEverything(t *testing.T) {
	var a, b kit.Histogram
	if _, ok := a.Quantile(0.5); ok {
		t.Error("an empty histogram knows a quantile")
	}
	for i := range 100 {
		a.Add(time.Millisecond)
		b.Add(time.Duration(i) * time.Second)
	}
	a.Merge(&b)
	if got, _ := a.Quantile(1); a.Count() != 200 || got < 98*time.Second || got > 100*time.Second {
		t.Errorf("%d counted, the longest %v", a.Count(), got)
	}
	got, ok := a.Quantiles(0.5, 0.75)
	if !ok || got[0] > 2*time.Millisecond || got[1] < 49*time.Second || got[1] > 50*time.Second {
		t.Errorf("quantiles %v", got)
	}
}

func TestHistogramCountsFromManyGoroutines(t *testing.T) {
	var h kit.Histogram
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 1000 {
				h.Add(time.Duration(i*j) * time.Microsecond)
			}
		})
	}
	wg.Wait()
	if h.Count() != 8000 {
		t.Errorf("%d counted", h.Count())
	}
}

func BenchmarkHistogramAdd(b *testing.B) {
	var h kit.Histogram
	b.ReportAllocs()
	for i := range b.N {
		h.Add(time.Duration(i&0xffff) * time.Microsecond)
	}
}

func TestTheStopwatchStandsWhileHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := kit.NewStopwatch(time.Now)
		time.Sleep(3 * time.Second)
		w.Hold()
		time.Sleep(time.Minute)
		w.Hold()
		w.Release()
		time.Sleep(time.Minute)
		if got := w.Elapsed(); got != 3*time.Second {
			t.Errorf("elapsed %v while one hold is left", got)
		}
		w.Release()
		time.Sleep(time.Second)
		if got := w.Elapsed(); got != 4*time.Second {
			t.Errorf("elapsed %v", got)
		}
	})
}

func TestStreamDependsOnSeedAndName(t *testing.T) {
	draw := func(seed uint64, name string) uint64 { return kit.Stream(seed, name).Uint64() }
	if first, again := draw(1, "users"), draw(1, "users"); first != again {
		t.Error("the same stream draws other numbers")
	}
	if draw(1, "users") == draw(2, "users") || draw(1, "users") == draw(1, "gaps") {
		t.Error("another seed or name draws the same numbers")
	}
	// The first output of SplitMix64 from state 0, as published with xoshiro.
	if got := (&kit.SplitMix{}).Uint64(); got != 0xe220a8397b1dcdaf {
		t.Errorf("SplitMix64 starts with %#x", got)
	}
}

func TestZipfDrawsInProportion(t *testing.T) {
	for _, skew := range []float64{0, 1, 1.2} {
		z, rng := kit.NewZipf(10, skew), rand.New(rand.NewPCG(1, 1))
		counts := make([]float64, 10)
		for range 100_000 {
			counts[z.Draw(rng)]++
		}
		for i := range counts {
			want := counts[0] * math.Pow(float64(i+1), -skew)
			if math.Abs(counts[i]-want) > 0.1*want {
				t.Errorf("skew %v: %d is drawn %v times, want about %v", skew, i, counts[i], want)
			}
		}
	}
}

func TestRoutineLinesLeaveRoomForRareOnes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := kit.NewThrottledLog(10, 5, time.Now)
		log.Add(lab.MarkFault, "fault")
		for range 20 {
			for range 100 {
				log.Routine(lab.MarkHandled, "handled")
			}
			time.Sleep(time.Second)
		}
		events, total := log.Last(10)
		if total != 101 {
			t.Errorf("%d lines written, want 1 and 5 a second", total)
		}
		if len(events) != 10 || events[0].Key != "fault" {
			t.Errorf("the fault was pushed out: %v", events)
		}
	})
}

func TestALimiterCountsWhatItSkips(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := kit.NewLimiter(2, time.Now)
		passed := 0
		for range 10 {
			if ok, _ := l.Allow("a"); ok {
				passed++
			}
		}
		if ok, _ := l.Allow("b"); !ok || passed != 2 {
			t.Errorf("%d of one kind passed, another: %v", passed, ok)
		}
		time.Sleep(time.Second)
		if ok, skipped := l.Allow("a"); !ok || skipped != 8 {
			t.Errorf("Allow = %v, %d skipped, want 8", ok, skipped)
		}
	})
}

// arrived runs arrivals for some seconds of virtual time and returns when they came.
func arrived(t *testing.T, gap func() time.Duration, during func(c *clock.Clock, v *kit.Valve)) []time.Duration {
	var at []time.Duration
	synctest.Test(t, func(t *testing.T) {
		c, v := clock.New(nil), kit.NewValve()
		start := c.Now()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			kit.Arrive(ctx, c, v, kit.Arrival{Gap: gap, Do: func(time.Time) { at = append(at, c.Since(start)) }})
		}()
		during(c, v)
		cancel()
		<-done
	})
	return at
}

func TestArrivalsPauseAndStep(t *testing.T) {
	got := arrived(t, kit.Regular(1), func(_ *clock.Clock, v *kit.Valve) {
		v.Step() // the valve is open: nothing to step
		time.Sleep(2500 * time.Millisecond)
		v.Close()
		time.Sleep(10 * time.Second)
		v.Step()
		time.Sleep(10 * time.Second)
		v.Open()
		time.Sleep(time.Second)
	})
	want := []time.Duration{time.Second, 2 * time.Second, 12500 * time.Millisecond, 23 * time.Second}
	if !slices.Equal(got, want) {
		t.Errorf("arrived at %v, want %v", got, want)
	}
}

func TestArrivalsFollowTheClock(t *testing.T) {
	got := arrived(t, kit.Regular(1), func(c *clock.Clock, _ *kit.Valve) {
		c.SetSpeed(4)
		time.Sleep(1010 * time.Millisecond)
	})
	if len(got) != 4 || got[3] != 4*time.Second {
		t.Errorf("arrived at %v, want one each second of the clock", got)
	}
}

func TestBurstsAndPoisson(t *testing.T) {
	got := arrived(t, kit.Burst(3, time.Second), func(*clock.Clock, *kit.Valve) { time.Sleep(1500 * time.Millisecond) })
	if want := []time.Duration{0, 0, 0, time.Second, time.Second, time.Second}; !slices.Equal(got, want) {
		t.Errorf("arrived at %v, want %v", got, want)
	}
	got = arrived(t, kit.Poisson(100, kit.Stream(1, "gaps")), func(*clock.Clock, *kit.Valve) { time.Sleep(100 * time.Second) })
	if n := len(got); n < 9500 || n > 10500 {
		t.Errorf("%d arrivals in 100 s at 100/s", n)
	}
	if got := arrived(t, kit.Poisson(0, nil), func(*clock.Clock, *kit.Valve) { time.Sleep(time.Hour) }); len(got) != 0 {
		t.Errorf("%d arrivals at rate 0", len(got))
	}
}
