package clock_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"resilab/labs/clock"
)

func TestTheSpeedChangesHowFastTimePasses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := clock.New(nil)
		start := c.Now()
		time.Sleep(10 * time.Second)
		c.SetSpeed(0.5)
		time.Sleep(10 * time.Second)
		c.SetSpeed(4)
		time.Sleep(10 * time.Second)
		if got, want := c.Since(start), 55*time.Second; got != want {
			t.Errorf("%v passed on the clock, want %v", got, want)
		}
		if got, want := c.Real(time.Minute), 15*time.Second; got != want {
			t.Errorf("a minute lasts %v, want %v", got, want)
		}
		if got, want := c.Lab(15*time.Second), time.Minute; got != want {
			t.Errorf("15 s are %v on the clock, want %v", got, want)
		}
	})
}

func TestASleepFollowsTheSpeed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := clock.New(nil)
		start := time.Now()
		go func() {
			time.Sleep(10 * time.Second)
			c.SetSpeed(4)
		}()
		if err := c.Sleep(t.Context(), time.Minute); err != nil {
			t.Fatal(err)
		}
		if got, want := time.Since(start), 10*time.Second+50*time.Second/4; got != want {
			t.Errorf("the sleep took %v, want %v", got, want)
		}
	})
}

func TestASleepEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := clock.New(nil)
		ctx, cancel := c.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := c.Sleep(ctx, time.Hour); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("err = %v, want the deadline's", err)
		}
		wake := make(chan struct{}, 1)
		wake <- struct{}{}
		if woken, err := c.WaitUntil(t.Context(), c.Now().Add(time.Hour), wake); !woken || err != nil {
			t.Errorf("WaitUntil = %v, %v, want woken", woken, err)
		}
	})
}

func TestTimeNeverRunsBackwards(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		real := time.Unix(0, 0)
		c := clock.New(func() time.Time { return real })
		last := c.Now()
		for range rapid.IntRange(1, 50).Draw(t, "changes") {
			c.SetSpeed(rapid.Float64Range(0.1, 4).Draw(t, "speed"))
			if now := c.Now(); now.Before(last) {
				t.Fatalf("a change of speed turned %v into %v", last, now)
			}
			real = real.Add(time.Duration(rapid.IntRange(0, int(time.Hour)).Draw(t, "passed")))
			now := c.Now()
			if now.Before(last) {
				t.Fatalf("%v comes after %v", now, last)
			}
			last = now
		}
	})
}

// At a low speed the longest waits are longer than a duration can be.
func TestALongWaitDoesNotOverflow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const century = 100 * 365 * 24 * time.Hour
		c := clock.New(time.Now)
		for _, speed := range []float64{0.1, 0.25, 4, 10} {
			c.SetSpeed(speed)
			if c.Real(century) <= 0 || c.Lab(century) <= 0 {
				t.Errorf("at speed %v a century lasts %v, and is %v", speed, c.Real(century), c.Lab(century))
			}
		}
		c.SetSpeed(0.25)
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		if err := c.Sleep(ctx, century); err == nil {
			t.Error("a century has passed within an hour")
		}
	})
}
