package fleet

import (
	"strings"
	"time"

	"resilab/labs/retry/policy"
)

// Scenario is a question with two answers: settings as a client often has them,
// and settings that do better.
type Scenario struct {
	Name string
	// Exercise is the course's exercise that asks the question, empty if none does.
	Exercise      string
	Before, After Config
}

// Scenarios lists the scenarios in the order of the exercises.
func Scenarios() []Scenario {
	return []Scenario{
		classifier(), herd(), whichJitter(), layers(), budget(), breaker(), doubleCharge(),
		timeout(), retryAfter(), metastable(),
	}
}

// ScenarioByName returns the scenario of that name, or a *policy.InvalidError.
func ScenarioByName(name string) (Scenario, error) {
	var names []string
	for _, s := range Scenarios() {
		if s.Name == name {
			return s, nil
		}
		names = append(names, s.Name)
	}
	return Scenario{}, &policy.InvalidError{
		Field: "scenario", Value: name, Reason: policy.UnknownName, Allowed: strings.Join(names, ", "),
	}
}

const (
	millisecond = time.Millisecond
	second      = time.Second
)

// scenario makes both sides from one: before and after change what differs.
func scenario(name, exercise string, common Config, before, after func(*Config)) Scenario {
	s := Scenario{Name: name, Exercise: exercise, Before: common, After: common}
	before(&s.Before)
	after(&s.After)
	return s
}

func unchanged(*Config) {}

// shop is a hundred orders a second to a server without limits.
func shop(duration time.Duration) Config {
	cfg := Default()
	cfg.Duration = duration
	cfg.Server = Server{Latency: Latency{Median: 20 * millisecond, Sigma: 0.3}, Refusal: millisecond}
	return cfg
}

// together is a herd: clients that all begin at once.
func together(clients int, p policy.Policy, s Server) Config {
	cfg := Default()
	cfg.Clients, cfg.Every = clients, 0
	cfg.Policy, cfg.Server = p, s
	return cfg
}

// R1: nearly a tenth of the requests fail and pass when repeated, nearly a fifth
// of the orders are declined permanently.
func classifier() Scenario {
	common := shop(20 * second)
	common.Server.FailureRate, common.Server.DeclineRate = 0.09, 0.19
	return scenario("classifier", "R1", common, func(c *Config) { c.Blind = true }, unchanged)
}

// R2: a moment's outage makes two hundred clients fail together; the server has
// room for 25 of them.
func herd() Scenario {
	common := together(200,
		policy.Policy{Retries: 4, Base: 500 * millisecond, Cap: 20 * second, Factor: 2, AttemptTimeout: second},
		Server{
			Latency: Latency{Median: 50 * millisecond, Sigma: 0.2}, Slots: 10, QueueLimit: 15,
			Refusal: 5 * millisecond, Outage: Outage{For: 100 * millisecond},
		})
	return scenario("herd", "R2", common, unchanged, func(c *Config) { c.Policy.Jitter = policy.Full })
}

// R3: the herd before a smaller server, with patient clients: which jitter serves
// them all at the lowest cost? Before waits a fixed time.
func whichJitter() Scenario {
	common := together(200,
		policy.Policy{Retries: 30, Base: 100 * millisecond, Cap: 2 * second, Factor: 2},
		Server{
			Latency: Latency{Median: 50 * millisecond, Sigma: 0.3}, Slots: 5, QueueLimit: 5,
			Refusal: 5 * millisecond, Outage: Outage{For: 100 * millisecond},
		})
	return scenario("jitter", "R3", common,
		func(c *Config) { c.Policy.Factor = 1 },
		func(c *Config) { c.Policy.Jitter = policy.Decorrelated })
}

// R4: everything fails; each of three layers tries four times, or only one does.
func layers() Scenario {
	common := shop(10 * second)
	common.Server.FailureRate = 1
	return scenario("layers", "R4", common, func(c *Config) { c.Layers = 3 }, unchanged)
}

// R5: everything fails; the budget caps what the retries cost. (At a failure rate
// of 5 % it must not get in the way.)
func budget() Scenario {
	common := shop(30 * second)
	common.Server.FailureRate = 1
	return scenario("budget", "R5", common, unchanged, func(c *Config) {
		bucket, _ := policy.BudgetPreset("bucket")
		c.Budget = &bucket
	})
}

// R6: for ten seconds nothing answers. The breaker keeps the clients away, and must
// not keep them away for long once the server is back.
func breaker() Scenario {
	common := shop(30 * second)
	common.Policy.Base, common.Policy.Cap = 200*millisecond, 2*second
	common.Server.Outage = Outage{At: 5 * second, For: 10 * second, Kind: Hang}
	return scenario("breaker", "R6", common, unchanged, func(c *Config) {
		c.Breaker = &policy.BreakerSpec{Failures: 5, OpenFor: second, Probes: 1}
	})
}

// R7: a tenth of the replies are lost after the money was taken.
func doubleCharge() Scenario {
	common := shop(10 * second)
	common.Server.LostRate = 0.1
	return scenario("double-charge", "R7", common, unchanged, func(c *Config) { c.Keys = true })
}

// R8: two requests in a hundred take nearly a second longer. A time-out that is too
// short fails many that would have come.
func timeout() Scenario {
	common := shop(60 * second)
	common.Policy.Base = 10 * millisecond
	common.Server.Latency = Latency{Median: 30 * millisecond, Sigma: 0.5, SlowShare: 0.02, SlowBy: 900 * millisecond}
	return scenario("timeout", "R8", common,
		func(c *Config) { c.Policy.AttemptTimeout = 5 * second },
		func(c *Config) { c.Policy.AttemptTimeout = 150 * millisecond })
}

// R9: twenty requests a second are admitted, the others are to come back in a
// second. Before comes back ten times a second.
func retryAfter() Scenario {
	common := together(200,
		policy.Policy{Retries: 100, Base: 100 * millisecond, Cap: 100 * millisecond, Factor: 1},
		Server{
			Latency: Latency{Median: 20 * millisecond, Sigma: 0.3}, Refusal: 5 * millisecond,
			Limit: 20, RetryAfter: second,
		})
	return scenario("retry-after", "R9", common, unchanged, func(c *Config) {
		c.Policy = policy.Policy{
			Retries: 2, Base: 5 * second, Cap: 20 * second, Factor: 2, Jitter: policy.Full, HonorRetryAfter: true,
		}
		c.Queue = true
	})
}

// The metastable failure of Brooker's stability-sim: two servers at 70 % of their
// capacity, of which one is down for five seconds. With three immediate retries the
// load never falls again, with a token bucket it does.
func metastable() Scenario {
	common := Default()
	common.Clients, common.Every, common.Duration = 700, 10*second, 60*second
	common.Policy = policy.Policy{Retries: 3, Factor: 1, AttemptTimeout: second}
	common.Server = Server{
		Latency: Latency{Median: 100 * millisecond, Exponential: true}, Replicas: 2, Slots: 5, QueueLimit: -1,
		Refusal: time.Microsecond, Outage: Outage{At: 5 * second, For: 5 * second, Replicas: 1},
	}
	return scenario("metastable", "", common, unchanged, func(c *Config) {
		bucket, _ := policy.BudgetPreset("bucket")
		c.Budget = &bucket
	})
}
