package fleet

import (
	"fmt"
	"time"

	"resilab/labs/retry/policy"
)

// Validate returns nil, or a *policy.InvalidError about the first setting that
// makes no sense.
func (c *Config) Validate() error {
	checks := []error{
		policy.Within("clients", c.Clients, 1, MaxClients),
		policy.Within("every", c.Every, 0, time.Hour),
		policy.Within("duration", c.Duration, 0, time.Hour),
		policy.Within("layers", c.Layers, 1, MaxLayers),
		policy.Within("max-attempts", c.MaxAttempts, 0, 1_000_000_000),
		c.Policy.Validate(),
		c.validateGuards(),
		c.validateSize(),
		c.Server.validate(),
	}
	return first(checks)
}

func (c *Config) validateGuards() error {
	var checks []error
	if c.Budget != nil {
		checks = append(checks, c.Budget.Validate())
	}
	if c.Breaker != nil {
		checks = append(checks, c.Breaker.Validate())
	}
	if c.Queue {
		checks = append(checks, policy.Within("drain-every", c.DrainEvery, time.Millisecond, time.Hour))
	}
	return first(checks)
}

// validateSize keeps a simulation from running for minutes of real time.
func (c *Config) validateSize() error {
	if c.Every == 0 {
		return nil
	}
	expected := float64(c.Clients) * float64(c.Duration) / float64(c.Every)
	if expected <= MaxOperations {
		return nil
	}
	least := time.Duration(float64(c.Clients) * float64(c.Duration) / MaxOperations)
	return &policy.InvalidError{
		Field: "every", Value: c.Every.String(), Reason: policy.BelowMinimum,
		Allowed: fmt.Sprintf("%v or more with %d clients for %v", least, c.Clients, c.Duration),
	}
}

func (s *Server) validate() error {
	return first([]error{
		policy.Within("latency", s.Latency.Median, 0, time.Hour),
		policy.Within("latency-sigma", s.Latency.Sigma, 0, 3),
		policy.Within("slow-share", s.Latency.SlowShare, 0, 1),
		policy.Within("slow-by", s.Latency.SlowBy, 0, time.Hour),
		policy.Within("replicas", s.Replicas, 0, 1000),
		policy.Within("slots", s.Slots, 0, 1_000_000/s.machines()),
		policy.Within("queue-limit", s.QueueLimit, -1, 10_000_000),
		policy.Within("refusal", s.Refusal, time.Microsecond, time.Hour),
		policy.Within("failure-rate", s.FailureRate, 0, 1),
		policy.Within("decline-rate", s.DeclineRate, 0, 1),
		policy.Within("lost-rate", s.LostRate, 0, 1),
		policy.Within("limit", s.Limit, 0, 1_000_000),
		policy.Within("retry-after", s.RetryAfter, 0, time.Hour),
		policy.Within("outage-at", s.Outage.At, 0, time.Hour),
		policy.Within("outage-for", s.Outage.For, 0, time.Hour),
		policy.Within("outage-replicas", s.Outage.Replicas, 0, s.machines()),
	})
}

func first(errs []error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
