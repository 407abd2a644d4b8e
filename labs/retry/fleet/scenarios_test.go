package fleet_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	"resilab/labs/retry/fleet"
	"resilab/labs/retry/policy"
)

type metrics = map[string]float64

// checks are the conditions of the exercises: a is the run before, b the one after.
var checks = map[string]func(a, b metrics) bool{
	"R1": func(a, b metrics) bool { return b["attempts_per_op"] <= 1.15 && b["success"] >= a["success"]-0.005 },
	"R2": func(a, b metrics) bool { return b["peak"] <= 0.35*a["peak"] && b["served"] >= 0.99 },
	"R3": func(a, b metrics) bool { return b["cost"] < 0.75*a["cost"] && b["served"] >= 0.99 },
	"R4": func(_, b metrics) bool { return b["amplification"] <= 4 },
	"R5": func(_, b metrics) bool { return b["load"] <= 1.15 },
	"R6": func(a, b metrics) bool {
		return b["outage_calls"] <= 0.15*a["outage_calls"] && b["rejected_after_recovery"] <= 40
	},
	"R7": func(_, b metrics) bool { return b["charges"] == b["orders_paid"] && b["retries"] > 0 },
	"R8": func(_, b metrics) bool {
		return b["p99_ms"] <= 350 && b["attempts_per_op"] <= 1.15 && b["failure"] <= 0.002
	},
	"R9": func(_, b metrics) bool { return b["attempts_per_op"] <= 2.5 && b["lost_orders"] == 0 },
}

func measure(t *testing.T, cfg fleet.Config) metrics {
	t.Helper()
	r := run(t, cfg)
	return r.Metrics()
}

// The settings an exercise starts from do not meet its condition, the better ones
// do, and with other seeds as well.
func TestTheStartFailsAndTheGoldenSettingsPass(t *testing.T) {
	for _, s := range fleet.Scenarios() {
		check, ok := checks[s.Exercise]
		if !ok {
			continue
		}
		t.Run(s.Exercise+" "+s.Name, func(t *testing.T) {
			for seed := uint64(1); seed <= 5; seed++ {
				s.Before.Seed, s.After.Seed = seed, seed
				a, b := measure(t, s.Before), measure(t, s.After)
				if check(a, a) {
					t.Errorf("seed %d: passes without a change: %v", seed, a)
				}
				if !check(a, b) {
					t.Errorf("seed %d: fails with the golden settings: %v\nbefore: %v", seed, b, a)
				}
			}
		})
	}
	if n := len(checks); n != 9 {
		t.Errorf("%d exercises, want 9", n)
	}
}

func TestScenarioNames(t *testing.T) {
	for _, s := range fleet.Scenarios() {
		if got, err := fleet.ScenarioByName(s.Name); err != nil || got.Exercise != s.Exercise {
			t.Errorf("%s: %v, %v", s.Name, got.Exercise, err)
		}
	}
	if _, err := fleet.ScenarioByName("peace"); err == nil {
		t.Error("an unknown scenario is known")
	}
}

// R3 asks for the cheapest of at least four: the order is the same for every seed.
func TestWhichJitterIsCheapest(t *testing.T) {
	s, err := fleet.ScenarioByName("jitter")
	if err != nil {
		t.Fatal(err)
	}
	for seed := uint64(1); seed <= 5; seed++ {
		costs := map[string]float64{}
		for _, j := range []policy.Jitter{policy.Equal, policy.Full, policy.Decorrelated} {
			cfg := s.After
			cfg.Seed, cfg.Policy.Jitter = seed, j
			costs[j.String()] = measure(t, cfg)["cost"]
		}
		s.Before.Seed = seed
		costs["fixed"] = measure(t, s.Before)["cost"]
		cheapest := slices.MinFunc(slices.Collect(maps.Keys(costs)), func(a, b string) int {
			if costs[a] < costs[b] {
				return -1
			}
			return 1
		})
		if cheapest != "decorrelated" {
			t.Errorf("seed %d: %s is the cheapest: %v", seed, cheapest, costs)
		}
	}
}

// R5 has a second half: where little fails, the budget must not get in the way.
func TestBudgetAllowsRetriesWhereLittleFails(t *testing.T) {
	s, err := fleet.ScenarioByName("budget")
	if err != nil {
		t.Fatal(err)
	}
	s.After.Server.FailureRate = 0.05
	if m := measure(t, s.After); m["success"] < 0.995 || m["load"] > 1.15 {
		t.Errorf("success %v with a load of %v", m["success"], m["load"])
	}
	for name, want := range map[string]float64{"before": 1.87, "after": 1.06} {
		cfg := map[string]fleet.Config{"before": s.Before, "after": s.After}[name]
		cfg.Server.FailureRate = 0.5
		if got := measure(t, cfg)["load"]; got < want-0.05 || got > want+0.05 {
			t.Errorf("%s, half of all fail: load %v, want about %v", name, got, want)
		}
	}
}

// R6 is a trade: an open time of 5 s turns clients away that would be served.
func TestABreakerThatStaysOpenTooLong(t *testing.T) {
	s, err := fleet.ScenarioByName("breaker")
	if err != nil {
		t.Fatal(err)
	}
	s.After.Breaker.OpenFor = 5 * time.Second
	if m := measure(t, s.After); m["rejected_after_recovery"] <= 40 {
		t.Errorf("only %v rejected after recovery", m["rejected_after_recovery"])
	}
}

// R8 has a shore on either side.
func TestTooShortAndTooLong(t *testing.T) {
	s, err := fleet.ScenarioByName("timeout")
	if err != nil {
		t.Fatal(err)
	}
	for timeout, pass := range map[time.Duration]bool{
		20 * time.Millisecond: false, 100 * time.Millisecond: true, 150 * time.Millisecond: true,
		250 * time.Millisecond: true, time.Second: false, 5 * time.Second: false,
	} {
		s.After.Policy.AttemptTimeout = timeout
		if m := measure(t, s.After); checks["R8"](nil, m) != pass {
			t.Errorf("time-out %v: p99 %v ms, %v attempts, failure %v", timeout, m["p99_ms"], m["attempts_per_op"], m["failure"])
		}
	}
}

// The figures of Brooker's simulator for the last 20 s, long after the outage: 71
// successes a second, or none at all.
func TestTheMetastableFailure(t *testing.T) {
	s, err := fleet.ScenarioByName("metastable")
	if err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		name        string
		cfg         fleet.Config
		retries     int
		calls, good float64
	}{
		{"no retry", s.Before, 0, 70, 70},
		{"one retry", s.Before, 1, 138, 0},
		{"three retries", s.Before, 3, 277, 0},
		{"token bucket", s.After, 3, 71, 70},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			c.cfg.Policy.Retries = c.retries
			r := run(t, c.cfg)
			calls, good := rates(r, 40*time.Second, 60*time.Second)
			if calls < 0.93*c.calls || calls > 1.07*c.calls || good < 0.93*c.good || good > 1.07*c.good {
				t.Errorf("%.0f calls and %.0f successes a second, want about %v and %v", calls, good, c.calls, c.good)
			}
		})
	}
}
