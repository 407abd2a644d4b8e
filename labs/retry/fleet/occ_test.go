package fleet_test

import (
	"context"
	"math"
	"testing"
	"time"

	"resilab/labs/retry/fleet"
	"resilab/labs/retry/policy"
)

// contend returns the mean calls and milliseconds of a hundred runs.
func contend(tb testing.TB, clients int, strategy string) (calls, took float64) {
	tb.Helper()
	const runs = 100
	for seed := range uint64(runs) {
		c := fleet.AWSContention(seed, clients, policy.None)
		if strategy == "none" {
			c.Policy.Base, c.Policy.Cap = 0, 0
		} else if strategy != "expo" {
			var err error
			if c.Policy.Jitter, err = policy.ParseJitter(strategy); err != nil {
				tb.Fatal(err)
			}
		}
		r, err := c.Run(context.Background())
		if err != nil {
			tb.Fatal(err)
		}
		calls += float64(r.Calls) / runs
		took += float64(r.Took) / float64(time.Millisecond) / runs
	}
	return calls, took
}

// The means of a hundred runs of the original, and how far another hundred may be
// from them: the longest of many waits varies more than the number of calls.
func TestContentionGivesTheOriginalsTable(t *testing.T) {
	cases := []struct {
		clients  int
		strategy string
		calls    float64
		took     float64
	}{
		{10, "none", 51, 384}, {10, "expo", 51, 3503}, {10, "equal", 42, 692},
		{10, "full", 39, 457}, {10, "decorrelated", 38, 443},
		{100, "none", 2420, 2030}, {100, "expo", 1847, 63086}, {100, "equal", 811, 6602},
		{100, "full", 796, 4876}, {100, "decorrelated", 1005, 4608},
	}
	for _, c := range cases {
		calls, took := contend(t, c.clients, c.strategy)
		if math.Abs(calls/c.calls-1) > 0.05 || math.Abs(took/c.took-1) > 0.1 {
			t.Errorf("%d clients, %s: %.0f calls and %.0f ms, the original %.0f and %.0f",
				c.clients, c.strategy, calls, took, c.calls, c.took)
		}
	}
}

// BenchmarkContention is the original's whole programme: 10 to 200 clients, five
// strategies, a hundred runs each.
func BenchmarkContention(b *testing.B) {
	calls := 0.0
	for b.Loop() {
		for clients := 10; clients <= 200; clients += 10 {
			for _, strategy := range []string{"none", "expo", "equal", "full", "decorrelated"} {
				n, _ := contend(b, clients, strategy)
				calls += 100 * n
			}
		}
	}
	b.ReportMetric(calls/b.Elapsed().Seconds(), "calls/s")
}
