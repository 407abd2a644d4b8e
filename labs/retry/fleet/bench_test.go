package fleet_test

import (
	"context"
	"testing"
	"time"

	"resilab/labs/retry/fleet"
	"resilab/labs/retry/policy"
)

// BenchmarkAttempts reports how many attempts a second one core simulates, with
// few and with many clients, in an outage that makes most of them retry.
func BenchmarkAttempts(b *testing.B) {
	for _, clients := range []int{1000, 100_000} {
		b.Run(map[int]string{1000: "1000 clients", 100_000: "100000 clients"}[clients], func(b *testing.B) {
			cfg := fleet.Default()
			cfg.Clients = clients
			cfg.Server.Slots *= clients / 1000
			cfg.Server.QueueLimit *= clients / 1000
			cfg.Server.Outage.For = 20 * time.Second
			attempts := 0
			b.ReportAllocs()
			for b.Loop() {
				r, err := fleet.Run(context.Background(), cfg)
				if err != nil {
					b.Fatal(err)
				}
				attempts += r.Calls
			}
			b.ReportMetric(float64(attempts)/b.Elapsed().Seconds(), "attempts/s")
			b.ReportMetric(float64(attempts)/float64(b.N), "attempts/run")
		})
	}
}

// BenchmarkEverything has all guards on and three layers.
func BenchmarkEverything(b *testing.B) {
	cfg := fleet.Default()
	cfg.Layers = 3
	budget, _ := policy.BudgetPreset("aws")
	breaker := policy.BreakerSpec{Failures: 5, OpenFor: time.Second, Probes: 1}
	cfg.Budget, cfg.Breaker, cfg.Queue = &budget, &breaker, true
	attempts := 0
	for b.Loop() {
		r, err := fleet.Run(context.Background(), cfg)
		if err != nil {
			b.Fatal(err)
		}
		attempts += r.Calls
	}
	b.ReportMetric(float64(attempts)/b.Elapsed().Seconds(), "attempts/s")
}
