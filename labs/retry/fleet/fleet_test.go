package fleet_test

import (
	"context"
	"errors"
	"math"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"resilab/labs/retry/fleet"
	"resilab/labs/retry/policy"
)

func run(t interface {
	Helper()
	Fatal(...any)
}, cfg fleet.Config) fleet.Result {
	t.Helper()
	r, err := fleet.Run(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestTheSameSeedGivesTheSameNumbers(t *testing.T) {
	cfg := fleet.Default()
	a, b := run(t, cfg), run(t, cfg)
	if !reflect.DeepEqual(a, b) {
		t.Error("two runs from one seed differ")
	}
	cfg.Seed++
	if reflect.DeepEqual(a, run(t, cfg)) {
		t.Error("another seed gives the same run")
	}
}

func TestTwoPoliciesMeetTheSameOperations(t *testing.T) {
	cfg := fleet.Default()
	cfg.Server = fleet.Server{Latency: fleet.Latency{Median: time.Millisecond}, Refusal: time.Millisecond, FailureRate: 0.3}
	with := run(t, cfg)
	cfg.Policy.Retries = 0
	without := run(t, cfg)
	if with.Operations != without.Operations || with.FirstTry != without.Succeeded {
		t.Errorf("with retries %d of %d succeed at the first call, without %d of %d",
			with.FirstTry, with.Operations, without.Succeeded, without.Operations)
	}
}

func TestRunStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := fleet.Run(ctx, fleet.Default()); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestInvalidValuesAreRefused(t *testing.T) {
	for field, change := range map[string]func(*fleet.Config){
		"clients":       func(c *fleet.Config) { c.Clients = 0 },
		"layers":        func(c *fleet.Config) { c.Layers = 6 },
		"cap":           func(c *fleet.Config) { c.Policy.Cap = 1 },
		"every":         func(c *fleet.Config) { c.Clients, c.Every = fleet.MaxClients, time.Millisecond },
		"failure-rate":  func(c *fleet.Config) { c.Server.FailureRate = math.NaN() },
		"budget-refill": func(c *fleet.Config) { c.Budget = &policy.BudgetSpec{Capacity: 1} },
		"breaker-open":  func(c *fleet.Config) { c.Breaker = &policy.BreakerSpec{Failures: 1} },
		"drain-every":   func(c *fleet.Config) { c.Queue, c.DrainEvery = true, 0 },
		"outage-for":    func(c *fleet.Config) { c.Server.Outage.For = -1 },
	} {
		cfg := fleet.Default()
		change(&cfg)
		var invalid *policy.InvalidError
		if _, err := fleet.Run(context.Background(), cfg); !errors.As(err, &invalid) || invalid.Field != field {
			t.Errorf("%s: got %v", field, err)
		}
	}
}

// anyConfig draws a small simulation with every feature on or off.
func anyConfig(t *rapid.T) fleet.Config {
	cfg := fleet.Default()
	cfg.Seed = rapid.Uint64().Draw(t, "seed")
	cfg.Clients = rapid.IntRange(1, 200).Draw(t, "clients")
	cfg.Every = time.Duration(rapid.IntRange(0, 5).Draw(t, "every")) * time.Second
	cfg.Duration = 5 * time.Second
	cfg.Layers = rapid.IntRange(1, 3).Draw(t, "layers")
	cfg.Policy.Retries = rapid.IntRange(0, 3).Draw(t, "retries")
	cfg.Policy.Jitter = policy.Jitter(rapid.IntRange(0, len(policy.JitterNames())-1).Draw(t, "jitter"))
	cfg.Policy.AttemptTimeout = time.Duration(rapid.IntRange(0, 2).Draw(t, "timeout")) * 50 * time.Millisecond
	cfg.Policy.Deadline = time.Duration(rapid.IntRange(0, 2).Draw(t, "deadline")) * time.Second
	cfg.Policy.HonorRetryAfter = rapid.Bool().Draw(t, "honour")
	cfg.Blind = rapid.Bool().Draw(t, "blind")
	cfg.Queue = rapid.Bool().Draw(t, "queue")
	cfg.Keys = rapid.Bool().Draw(t, "keys")
	if name := rapid.SampledFrom(append(policy.BudgetNames(), "")).Draw(t, "budget"); name != "" {
		budget, _ := policy.BudgetPreset(name)
		cfg.Budget = &budget
	}
	if rapid.Bool().Draw(t, "breaker") {
		cfg.Breaker = &policy.BreakerSpec{Failures: 3, OpenFor: 300 * time.Millisecond, Probes: 1}
	}
	share := rapid.Float64Range(0, 0.5)
	s := &cfg.Server
	s.FailureRate, s.DeclineRate, s.LostRate = share.Draw(t, "fails"), share.Draw(t, "declines"), share.Draw(t, "lost")
	s.Replicas = 2
	s.Slots, s.QueueLimit = rapid.IntRange(0, 5).Draw(t, "slots"), rapid.IntRange(-1, 20).Draw(t, "room")
	s.Limit, s.RetryAfter = rapid.IntRange(0, 50).Draw(t, "limit"), time.Second
	s.Outage = fleet.Outage{
		At: time.Second, For: time.Second,
		Kind: fleet.OutageKind(rapid.IntRange(0, 1).Draw(t, "outage")), Replicas: rapid.IntRange(0, 2).Draw(t, "hit"),
	}
	return cfg
}

func TestEveryOperationAndEveryCharge(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cfg := anyConfig(t)
		r := run(t, cfg)
		if r.Operations != r.Succeeded+r.Declined+r.Recovered+r.Lost || r.Lost < 0 {
			t.Fatalf("of %d operations %d succeeded, %d were declined, %d recovered and %d lost",
				r.Operations, r.Succeeded, r.Declined, r.Recovered, r.Lost)
		}
		if most := r.Operations * int(math.Pow(float64(cfg.Policy.Attempts()), float64(cfg.Layers))); !cfg.Queue && r.Calls > most {
			t.Fatalf("%d calls, the policy allows %d", r.Calls, most)
		}
		calls, good := 0, 0
		for _, b := range r.Bins {
			calls, good = calls+b.Calls, good+b.Good
		}
		if calls != r.Calls || good != r.Succeeded {
			t.Fatalf("the bins hold %d calls and %d successes of %d and %d", calls, good, r.Calls, r.Succeeded)
		}
		if r.Charges-r.DoubleCharges > r.Operations || r.Charges-r.DoubleCharges < r.Succeeded+r.Recovered {
			t.Fatalf("%d orders paid, %d succeeded of %d", r.Charges-r.DoubleCharges, r.Succeeded+r.Recovered, r.Operations)
		}
		if cfg.Keys && r.DoubleCharges != 0 {
			t.Fatalf("%d double charges with idempotency keys", r.DoubleCharges)
		}
		if d := cfg.Policy.Deadline; d > 0 && r.P99 > d+d/100 {
			t.Fatalf("p99 is %v with a deadline of %v", r.P99, d)
		}
	})
}

// steady is a server that only fails at random, at once.
func steady(p float64) fleet.Config {
	cfg := fleet.Default()
	cfg.Clients, cfg.Every, cfg.Duration = 1000, time.Second, 20*time.Second
	cfg.Server = fleet.Server{Latency: fleet.Latency{Median: time.Millisecond}, Refusal: time.Millisecond, FailureRate: p}
	return cfg
}

func TestAmplificationIsTheGeometricSum(t *testing.T) {
	for _, p := range []float64{0, 0.05, 0.5, 1} {
		r := run(t, steady(p))
		got := r.Metrics()["amplification"]
		if want := 1 + p + p*p + p*p*p; math.Abs(got-want) > 0.02 {
			t.Errorf("failure rate %v: %v calls an operation, want %v", p, got, want)
		}
	}
}

func TestLayersMultiply(t *testing.T) {
	for layers, want := range map[int]int{1: 4, 2: 16, 3: 64} {
		cfg := steady(1)
		cfg.Layers = layers
		if r := run(t, cfg); r.Calls != want*r.Operations {
			t.Errorf("%d layers of 4 attempts: %v calls an operation", layers, float64(r.Calls)/float64(r.Operations))
		}
	}
}

// One slot with exponential service is the queue M/M/1, whose time in the system is
// exponential with the rate μ − λ.
func TestQueueMatchesTheFormula(t *testing.T) {
	cfg := fleet.Default()
	cfg.Clients, cfg.Every, cfg.Duration = 500, 10*time.Second, 30*time.Minute
	cfg.Policy.AttemptTimeout = 0
	cfg.Server = fleet.Server{
		Latency: fleet.Latency{Median: 10 * time.Millisecond, Exponential: true},
		Slots:   1, QueueLimit: -1, Refusal: time.Millisecond,
	}
	r := run(t, cfg)
	for q, got := range map[float64]time.Duration{0.5: r.P50, 0.95: r.P95, 0.99: r.P99} {
		want := -math.Log(1-q) / (100 - 50)
		if math.Abs(got.Seconds()/want-1) > 0.05 {
			t.Errorf("quantile %v is %v, theory says %.4f s", q, got, want)
		}
	}
}

func TestAnOutageHitsItsReplicas(t *testing.T) {
	cfg := fleet.Default()
	cfg.Clients, cfg.Every, cfg.Duration = 2000, 10*time.Second, 10*time.Second
	cfg.Policy.Retries = 0
	cfg.Server = fleet.Server{
		Latency: fleet.Latency{Median: time.Millisecond}, Replicas: 4, Refusal: time.Millisecond,
		Outage: fleet.Outage{At: 3 * time.Second, For: 4 * time.Second, Replicas: 1},
	}
	r := run(t, cfg)
	for second, want := range map[int]float64{1: 1, 5: 0.75, 8: 1} {
		from := time.Duration(second) * time.Second
		calls, good := rates(r, from, from+time.Second)
		if math.Abs(good/calls-want) > 0.01 {
			t.Errorf("in second %d %v of %v calls a second succeed", second, good, calls)
		}
	}
}

// rates returns the calls and the successes a second between two times.
func rates(r fleet.Result, from, to time.Duration) (calls, good float64) {
	for i, b := range r.Bins {
		if at := time.Duration(i) * fleet.BinWidth; at >= from && at < to {
			calls += float64(b.Calls)
			good += float64(b.Good)
		}
	}
	seconds := (to - from).Seconds()
	return calls / seconds, good / seconds
}
