package cacheaside

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// arrivalsFor lets a stream arrive for a while and returns what it drew.
func arrivalsFor(t *testing.T, rate float64, seed uint64, play func(*arrivals)) (drawn []int, dues []time.Time) {
	synctest.Test(t, func(t *testing.T) {
		a := newArrivals()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			a.run(ctx)
		}()
		a.set(&stream{rate: rate, rng: rand.New(rand.NewPCG(seed, 1)), arrive: func(rng *rand.Rand, due time.Time) {
			drawn = append(drawn, rng.IntN(1000))
			dues = append(dues, due)
		}})
		play(a)
		cancel()
		<-done
	})
	return drawn, dues
}

func TestArrivalsKeepTheirRateAndTheirSeed(t *testing.T) {
	minute := func(*arrivals) { time.Sleep(time.Minute) }
	first, dues := arrivalsFor(t, 50, 7, minute)
	if n := len(first); n < 2800 || n > 3200 { // 3000 ± 3.6 σ
		t.Errorf("%d arrivals in a minute at 50 a second", n)
	}
	if !slices.IsSortedFunc(dues, time.Time.Compare) {
		t.Error("an arrival was due before the one before it")
	}
	if again, _ := arrivalsFor(t, 50, 7, minute); !slices.Equal(first, again) {
		t.Error("the same seed drew something else")
	}
	if other, _ := arrivalsFor(t, 50, 8, minute); slices.Equal(first, other) {
		t.Error("another seed drew the same")
	}
	if none, _ := arrivalsFor(t, 0, 7, minute); len(none) != 0 {
		t.Errorf("%d arrivals at rate 0", len(none))
	}
}

func TestNothingArrivesInAPause(t *testing.T) {
	var before, after int
	drawn, dues := arrivalsFor(t, 100, 1, func(a *arrivals) {
		time.Sleep(10 * time.Second)
		a.pause(true)
		time.Sleep(time.Hour)
		a.pause(false)
		time.Sleep(10 * time.Second)
	})
	begin := dues[0]
	for _, due := range dues {
		switch at := due.Sub(begin); {
		case at < 11*time.Second:
			before++
		case at > time.Hour:
			after++
		default:
			t.Fatalf("something was due %s after the begin, in the pause", at)
		}
	}
	if len(drawn) > 2400 || before < 800 || after < 800 {
		t.Errorf("%d before the pause, %d after it", before, after)
	}
}
