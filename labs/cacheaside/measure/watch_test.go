package measure

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"resilab/labs/clock"
)

// counting counts the rounds of a watch, all of whose copies are alive.
type counting struct{ rounds atomic.Int64 }

func (c *counting) PTTLs(_ context.Context, _ []string, left []time.Duration) error {
	for i := range left {
		left[i] = 10 * time.Second
	}
	c.rounds.Add(1)
	return nil
}

// Without a viewer, or when a hidden tab takes one snapshot a second, TTLs are read
// once a second; while a screen watches, ten times.
func TestPollingStopsWithoutAViewer(t *testing.T) {
	for name, c := range map[string]struct {
		every    time.Duration
		min, max int64
	}{
		"nobody":         {time.Hour, 9, 12},
		"a hidden tab":   {time.Second, 9, 12},
		"a screen":       {100 * time.Millisecond, 90, 105},
		"a slow session": {250 * time.Millisecond, 90, 105},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, stop := context.WithCancel(t.Context())
				var source counting
				products := NewProducts([]uint64{1, 1}, nil, nil)
				w := NewWatch(clock.New(nil), &source, products, []string{"a", "b"},
					Hooks{Polled: func(error) {}, Ended: func(int, Life, bool) {}, Changed: func() {}, Settled: func() bool { return true }, Awake: func(ctx context.Context) error { return ctx.Err() }})
				done := make(chan struct{})
				go func() { defer close(done); w.Run(ctx) }()
				for range int(10 * time.Second / min(c.every, 10*time.Second)) {
					time.Sleep(min(c.every, 10*time.Second))
					w.Look()
				}
				stop()
				<-done
				if n := source.rounds.Load(); n < c.min || n > c.max {
					t.Errorf("%d rounds in 10 s", n)
				}
			})
		})
	}
}
