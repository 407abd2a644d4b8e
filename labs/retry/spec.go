package retry

import (
	"embed"
	"time"

	"resilab/labs/lab"
	"resilab/labs/retry/fleet"
	"resilab/labs/retry/policy"
)

// texts are the lab's words in Spanish and English.
//
//go:embed es.yaml en.yaml
var texts embed.FS

const off = "off" // the word for a part that is left out

// Spec declares the lab: its knobs in the order of their importance.
func Spec() *lab.Spec {
	groups := []struct {
		name  string
		knobs []lab.Knob
	}{
		{"first", scenarioKnobs()}, {"policy", policyKnobs()}, {"protection", protectionKnobs()},
		{"gateway", gatewayKnobs()}, {"fleet", fleetKnobs()},
	}
	s := &lab.Spec{
		ID: "retry", Work: "operations", Texts: texts, Rules: rules, Metrics: metrics(), Limits: limits(),
		Actions: []lab.Action{{ID: "outage", Fault: true}},
	}
	for _, group := range groups {
		for _, k := range group.knobs {
			k.Group = group.name
			s.Knobs = append(s.Knobs, k)
		}
	}
	return s
}

// busy and failing are loads under which an effect shows within seconds.
func busy(more ...string) []string { return append([]string{"rate=100"}, more...) }

func failing(more ...string) []string { return busy(append([]string{"failure-rate=0.6"}, more...)...) }

// scenarioKnobs are what a person turns first.
func scenarioKnobs() []lab.Knob {
	scenario := lab.NewChoice("scenario", scenarioNames()...)
	scenario.Sets = scenarioSets()
	jitter := lab.NewChoice("jitter", policy.JitterNames()...)
	jitter.Default = lab.ChoiceValue(policy.Full.String())
	failures := lab.NewFraction("failure-rate", 0.18)
	retries := lab.NewInt("retries", 3, 0, maxRetries)
	retries.LogBar = true // 3 to 5 are reasonable; a hundred stands for no limit
	return []lab.Knob{
		scenario.Moves("conflicts", string(Inventory)),
		retries.Moves("failed", "0", busy()...),
		lab.NewDuration("base", 500*time.Millisecond, 0, time.Minute).Moves("p95_ms", "0s", busy()...),
		lab.NewFloat("factor", 2, 1, 10, 0.25, 1).Moves("p95_ms", "1", failing("base=100ms")...),
		lab.NewDuration("cap", 10*time.Second, 0, time.Hour).Moves("p95_ms", "100ms", failing("base=100ms", "factor=10")...),
		jitter.Moves("p50_ms", policy.None.String(), failing()...),
		failures.Moves("failed", "0.9", busy()...),
		lab.NewRate("rate", 5, 0, maxRate).Moves("operations", "50"),
	}
}

// policyKnobs are the rest of the policy.
func policyKnobs() []lab.Knob {
	spread := lab.NewInt("jitter-pct", 25, 0, 100)
	spread.Unit, spread.Step = "%", 5
	return []lab.Knob{
		presetKnob().Moves("p95_ms", "resilience4j", failing()...),
		lab.NewBool("classify", true).With("decline-rate").With("scenario", string(Inventory)).With("gateway-url").
			Moves("attempts_per_op", "false", busy("decline-rate=0.5")...),
		lab.NewDuration("attempt-timeout", 5*time.Second, 0, time.Minute).Moves("timeouts", "10ms"),
		lab.NewDuration("deadline", 0, 0, time.Hour).Moves("failed", "200ms", failing()...),
		lab.NewBool("retry-after", true).With("limit").With("gateway-url").Moves("throttled", "false", busy("limit=20", "base=10ms")...),
		spread.With("jitter", policy.Percent.String()).Moves("p50_ms", "100", failing("jitter=percent", "retries=1")...),
	}
}

// protectionKnobs limit the harm of retries, and choose what comes after them.
func protectionKnobs() []lab.Knob {
	tokens := lab.NewInt("budget-tokens", 10, 1, 1000)
	tokens.Log = true
	return []lab.Knob{
		lab.NewChoice("budget", append([]string{off}, policy.BudgetNames()...)...).Moves("budget_refused", policy.Bucket, failing()...),
		tokens.Moves("budget_refused", "1000", failing("budget=bucket")...),
		lab.NewFloat("budget-refill", 0.1, 0, 1, 0.05, 0.1).Moves("budget_refused", "1", failing("budget=bucket")...),
		lab.NewChoice("breaker", append([]string{off}, policy.BreakerNames()...)...).Moves("rejected", "gobreaker", failing()...),
		lab.NewDuration("breaker-open", 0, 0, 5*time.Minute).With("breaker").Moves("rejected", "10ms", failing("breaker=gobreaker")...),
		lab.NewChoice("fallback", fallbackNone, fallbackCached, fallbackQueue).With("outage").With("decline-rate").With("limit").With("breaker").
			Moves("cached", fallbackCached, failing()...),
		lab.NewDuration("hedge", 0, 0, 10*time.Second).Moves("hedges", "20ms"),
		lab.NewBool("idempotency", false).With("lost-rate").With("hedge").Moves("double_charges", "true", busy("lost-rate=0.5")...),
	}
}

// gatewayKnobs are what the other side does to us.
func gatewayKnobs() []lab.Knob {
	room := lab.NewInt("line", 50, 0, 1000)
	room.Step = 5
	return []lab.Knob{
		lab.NewInt("fail-first", 0, 0, 10).Moves("retries", "2"),
		lab.NewFraction("lost-rate", 0).Moves("double_charges", "0.5", busy()...),
		lab.NewFraction("decline-rate", 0).Moves("declined", "0.5", busy()...),
		lab.NewDuration("latency", 60*time.Millisecond, 0, 10*time.Second).Moves("p50_ms", "500ms"),
		lab.NewFraction("slow-rate", 0.01).Moves("p50_ms", "1"),
		lab.NewDuration("outage", 0, 0, time.Minute).Moves("outage_calls", "3s"),
		lab.NewRate("limit", 0, 0, 1000).Moves("throttled", "5", busy()...),
		lab.NewInt("capacity", 0, 0, 100).Moves("p50_ms", "1", busy()...),
		room.With("capacity").Moves("p95_ms", "0", busy("capacity=1", "retries=0")...),
		lab.NewText("gateway-url", "").Unmeasured("it says where the gateway is, not what the gateway does"),
	}
}

// fleetKnobs are the other clients: the simulation of many clients takes policy and
// gateway from the other knobs.
func fleetKnobs() []lab.Knob {
	clients := lab.NewInt("clients", 1000, 1, maxClients)
	clients.Log = true
	return []lab.Knob{
		clients.Moves("fleet_peak", "10"),
		lab.NewChoice("crowd", crowdSteady, crowdHerd).Moves("fleet_peak", crowdHerd),
		lab.NewDuration("fleet-outage", 5*time.Second, 0, time.Minute).Moves("fleet_outage_calls", "0s"),
		lab.NewInt("layers", 1, 1, fleet.MaxLayers).Moves("fleet_amplification", "3", "failure-rate=0.6"),
	}
}

func metrics() []lab.Metric {
	return append(liveMetrics(), fleetMetrics()...)
}

// fleetMetrics are the figures of the simulation.
func fleetMetrics() []lab.Metric {
	return []lab.Metric{
		{ID: "fleet_success", Format: lab.Share, Better: lab.Higher},
		{ID: "fleet_served", Format: lab.Share, Better: lab.Higher},
		{ID: "fleet_amplification", Format: lab.Times, Better: lab.Lower},
		{ID: "fleet_peak", Format: lab.Count, Level: true, Better: lab.Lower},
		{ID: "fleet_p95_ms", Format: lab.Millis, Better: lab.Lower},
		{ID: "fleet_p99_ms", Format: lab.Millis, Better: lab.Lower},
		{ID: "fleet_cost", Format: lab.Number, Better: lab.Lower},
		{ID: "fleet_last_done_ms", Format: lab.Millis, Better: lab.Lower},
		{ID: "fleet_outage_calls", Format: lab.Count, Level: true, Better: lab.Lower},
		{ID: "fleet_rejected_after_recovery", Format: lab.Count, Level: true, Better: lab.Lower},
		{ID: "fleet_wasted_work", Format: lab.Share, Better: lab.Lower},
		{ID: "fleet_lost_orders", Format: lab.Count, Level: true, Better: lab.Lower},
	}
}

func liveMetrics() []lab.Metric {
	return []lab.Metric{
		{ID: "success", Format: lab.Share, Better: lab.Higher, Card: true},
		{ID: "success_no_retry", Format: lab.Share, Better: lab.Higher, Card: true},
		{ID: "amplification", Format: lab.Times, Better: lab.Lower, Card: true},
		{ID: "p99_ms", Format: lab.Millis, Better: lab.Lower, Card: true},
		{ID: "double_charges", Format: lab.Count, Better: lab.Lower, Card: true},
		{ID: "double_money", Format: lab.Money, Better: lab.Lower, Card: true},
		{ID: "p50_ms", Format: lab.Millis, Better: lab.Lower, Card: true},
		{ID: "served", Format: lab.Share, Better: lab.Higher, Card: true},
		{ID: "budget_left", Format: lab.Share, Better: lab.Neutral, Card: true},
		{ID: "operations", Format: lab.Count},
		{ID: "failed", Format: lab.Count, Better: lab.Lower},
		{ID: "failed_no_retry", Format: lab.Count, Better: lab.Lower},
		{ID: "attempts_per_op", Format: lab.Times, Better: lab.Lower},
		{ID: "attempts", Format: lab.Count, Better: lab.Lower},
		{ID: "retries", Format: lab.Count, Better: lab.Lower},
		{ID: "hedges", Format: lab.Count},
		{ID: "p95_ms", Format: lab.Millis, Better: lab.Lower},
		{ID: "charges", Format: lab.Count},
		{ID: "orders_paid", Format: lab.Count, Better: lab.Higher},
		{ID: "unaware", Format: lab.Count, Better: lab.Lower},
		{ID: "replayed", Format: lab.Count},
		{ID: "declined", Format: lab.Count},
		{ID: "timeouts", Format: lab.Count, Better: lab.Lower},
		{ID: "throttled", Format: lab.Count, Better: lab.Lower},
		{ID: "conflicts", Format: lab.Count, Better: lab.Lower},
		{ID: "budget_refused", Format: lab.Count},
		{ID: "rejected", Format: lab.Count, Better: lab.Lower},
		{ID: "rejected_after_recovery", Format: lab.Count, Better: lab.Lower},
		{ID: "outage_calls", Format: lab.Count, Better: lab.Lower},
		{ID: "cached", Format: lab.Count},
		{ID: "queued", Format: lab.Count},
		{ID: "delivered", Format: lab.Count, Better: lab.Higher},
		{ID: "queue_waiting", Format: lab.Count, Better: lab.Lower},
		{ID: "lost_orders", Format: lab.Count, Better: lab.Lower},
		{ID: "shed", Format: lab.Count, Better: lab.Lower},
	}
}
