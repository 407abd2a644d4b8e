package convoy

import (
	"math"
	"testing"
	"time"

	"resilab/labs/convoy/transport"
)

// TestWorkBelongsToTheOrder: the spread decides how long, not when or where.
func TestWorkBelongsToTheOrder(t *testing.T) {
	const n, mean = 20000, 10 * time.Millisecond
	for spread, limit := range map[string]time.Duration{spreadConstant: mean, spreadUniform: 2 * mean, spreadExponential: 10 * mean} {
		c := newConfig(settings(t, turned{"work": mean.String(), "work-spread": spread, "slow-user": "3"}), 7)
		work := c.workOf()
		workOf := func(n uint64, user int) time.Duration { return work(transport.Order{N: n, User: user}) }
		sum := time.Duration(0)
		for i := range uint64(n) {
			w := workOf(i, 1)
			if w < 0 || w > limit || w != workOf(i, 5) || workOf(i, 0) < 3*w-3 {
				t.Fatalf("%s: order %d takes %s, of the slow user %s", spread, i, w, workOf(i, 0))
			}
			sum += w
		}
		if got := sum / n; got < mean*97/100 || got > mean*103/100 {
			t.Errorf("%s: mean %s, want %s", spread, got, mean)
		}
	}
}

func TestUserSampler(t *testing.T) {
	const n = 50000
	for popularity, want := range map[string][]float64{ // the shares of users 1, 2 and 5
		popularityUniform: {0.2, 0.2, 0.2}, popularityTurns: {0.2, 0.2, 0.2},
		popularityZipf: {0.438, 0.219, 0.0876}, popularityHot: {0.4, 0.15, 0.15},
	} {
		c := newConfig(settings(t, turned{"popularity": popularity, "users": "5"}), 3)
		pick, again := c.userSampler(), c.userSampler()
		var count [5]float64
		for i := range n {
			u := pick()
			if u != again() {
				t.Fatalf("%s: the same seed picks another user", popularity)
			}
			if popularity == popularityTurns && u != i%5 {
				t.Fatalf("turn %d is user %d's", i, u)
			}
			count[u]++
		}
		for i, u := range []int{0, 1, 4} {
			if got := count[u] / n; math.Abs(got-want[i]) > 0.015 {
				t.Errorf("%s: user %d has %.3f of the orders, want %.3f", popularity, u+1, got, want[i])
			}
		}
	}
}
