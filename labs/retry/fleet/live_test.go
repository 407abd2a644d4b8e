package fleet_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"resilab/labs/retry/fleet"
	"resilab/labs/retry/policy"
)

// One client of the fleet and policy.Do, with the same policy, guards and server,
// make the same calls and give up at the same moment.
func TestFleetClientMatchesDo(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		millis := func(name string, lo, hi int) time.Duration {
			return time.Duration(rapid.IntRange(lo, hi).Draw(rt, name)) * time.Millisecond
		}
		cfg := fleet.Default()
		cfg.Clients, cfg.Every = 1, 0
		cfg.Policy = policy.Policy{
			Retries: rapid.IntRange(0, 8).Draw(rt, "retries"), Base: millis("base", 0, 500),
			Cap: 3 * time.Second, Factor: rapid.Float64Range(1, 4).Draw(rt, "factor"),
			AttemptTimeout: millis("timeout", 0, 3) * 40, Deadline: millis("deadline", 0, 3) * 1000,
		}
		latency := millis("latency", 1, 100)
		failure := &policy.StatusError{Status: 503}
		cfg.Server = fleet.Server{Latency: fleet.Latency{Median: latency}, Refusal: latency, FailureRate: 1}
		runner := &policy.Runner{Policy: cfg.Policy, Classify: policy.Classify}
		if rapid.Bool().Draw(rt, "budget") {
			spec := policy.BudgetSpec{Capacity: 3, PerSuccess: 1, RetryCost: 1}
			cfg.Budget, runner.Budget = &spec, policy.NewBudget(spec)
		}
		if rapid.Bool().Draw(rt, "breaker") {
			spec := policy.BreakerSpec{Failures: 2, OpenFor: 300 * time.Millisecond, Probes: 1}
			cfg.Breaker = &spec
		}
		simulated := run(rt, cfg)
		synctest.Test(t, func(t *testing.T) {
			if cfg.Breaker != nil {
				runner.Breaker = policy.NewBreaker(*cfg.Breaker, nil)
			}
			calls, start := 0, time.Now()
			_, err := policy.Do(t.Context(), runner, func(ctx context.Context) (int, error) {
				calls++
				select {
				case <-ctx.Done():
					return 0, ctx.Err()
				case <-time.After(latency):
					return 0, failure
				}
			})
			if took := time.Since(start); err == nil || calls != simulated.Calls || took != simulated.LastDone {
				t.Errorf("Do made %d calls in %v, the fleet %d in %v (%+v)", calls, took, simulated.Calls, simulated.LastDone, cfg.Policy)
			}
		})
	})
}
