package convoy

import (
	"embed"
	"slices"
	"time"

	"resilab/labs/convoy/accounts"
	"resilab/labs/convoy/consumer"
	"resilab/labs/convoy/transport"
	"resilab/labs/lab"
)

//go:embed es.yaml en.yaml
var texts embed.FS

// ID of the lab.
const ID = "convoy"

// Actions besides the changes of the lanes.
const (
	actionDemo   = "demo"   // ten orders of three users in turn
	actionPoison = "poison" // the next order of the first user cannot be handled
	actionKill   = "kill"   // the consumer of the first user ends before it acknowledges
	actionHang   = "hang"   // it stops working; again: it resumes
	actionCut    = "cut"    // the producer's connection breaks
)

const noIncident = "none"

// Spec declares the lab.
func Spec() *lab.Spec {
	return &lab.Spec{ID: ID, Work: "handled", Knobs: knobs(), Metrics: metrics(), Actions: actions(), Texts: texts, Rules: rules, Limits: limits()}
}

// rules refuses settings that mean nothing together.
func rules(s lab.Settings) error {
	if l, ok := productOf(s).missing(s); ok {
		return l.refusal()
	}
	if mode := s.Text("mode"); s.Bool("adopt") && mode != modeConvoy && mode != modeModulus {
		return &lab.KnobError{Knob: "adopt", Value: "true", Allowed: "with mode " + modeConvoy + "|" + modeModulus + ": elsewhere one queue is for all consumers"}
	}
	return nil
}

func knobs() []lab.Knob { return slices.Concat(loadKnobs(), failureKnobs(), incidentKnobs()) }

// loadKnobs are who orders what, and how the work is shared.
func loadKnobs() []lab.Knob {
	limit := lab.NewInt("orders", 0, 0, 1_000_000)
	limit.Log = true
	prefetch := lab.NewInt("prefetch", 10, 1, 500)
	prefetch.Log = true
	// Twelve users on four lanes: the hash gives every lane one at least.
	users := lab.NewInt("users", 12, 1, 500)
	users.Coarse = 10
	slow := lab.NewFloat("slow-user", 1, 1, 50, 1, 5)
	slow.Unit = "×"
	return []lab.Knob{
		lab.NewChoice("mode", modeConvoy, modeCompeting, modeSingle, modeModulus, modePool, modeShare).Moves("violations", modeCompeting, "rate=60"),
		users.Moves("max_over_mean", "1"),
		lab.NewInt("lanes", 4, 1, maxLanes).Moves("p95_ms", "1", "rate=30", "users=100"),
		lab.NewRate("rate", 20, 1, 20000).Moves("published", "100"),
		lab.NewDuration("work", 80*time.Millisecond, 0, 10*time.Second).Moves("p50_ms", "0s"),
		lab.NewChoice("work-spread", spreadUniform, spreadConstant, spreadExponential).Moves("p95_ms", spreadExponential, "users=100", "lanes=12"),
		lab.NewChoice("popularity", popularityUniform, popularityTurns, popularityZipf, popularityHot).
			Moves("max_over_mean", popularityHot, "rate=60", "work=0s", "users=100"),
		slow.Moves("p95_hot", "20"),
		prefetch.Moves("violations", "1", "rate=200", "work=20ms", "failure-rate=0.2"),
		lab.NewInt("burst", 1, 1, 100).Moves("p95_ms", "50"),
		limit.Moves("published", "10"),
	}
}

// failureKnobs are which orders fail, and what becomes of them.
func failureKnobs() []lab.Knob {
	hold := lab.NewInt("hold-back", 0, 0, 1000)
	hold.Log = true
	return []lab.Knob{
		lab.NewFraction("failure-rate", 0).Moves("redelivered", "0.5"),
		lab.NewChoice("on-failure", string(consumer.Requeue), string(consumer.Delay), string(consumer.Block), string(consumer.Park)).
			With("failure-rate").With("incident", actionPoison).
			Moves("dead_lettered", string(consumer.Park), "failure-rate=0.5"),
		lab.NewDuration("retry-wait", 500*time.Millisecond, 0, transport.MaxDelay).With("on-failure", string(consumer.Delay), string(consumer.Block)).
			Moves("p95_ms", "5s", "failure-rate=0.5", "on-failure=block", "rate=4"),
		lab.NewChoice("requeue", "nack", "reject").With("failure-rate").With("incident", actionPoison).
			Unmeasured("the broker puts an order back into its queue either way"),
		lab.NewInt("delivery-limit", 0, 0, 20).With("failure-rate").With("incident", actionPoison).
			Moves("dead_lettered", "1", "failure-rate=0.5"),
		lab.NewBool("inbox", false).With("incident", actionKill, actionCut).
			Moves("effects", "true", "users=1", "orders=1", "work=1s", "work-spread=constant", "incident=kill", "incident-at=500ms"),
		hold.With("mode", modeCompeting).With("failure-rate").Moves("applied_violations", "100", "mode=competing", "rate=60"),
		lab.NewBool("drain", false).With("incident", addLane, removeLast, removeFirst).
			Moves("violations", "true", "users=100", "lanes=2", "rate=400", "work=8ms", "prefetch=1", "incident=add-lane", "incident-at=1s"),
		lab.NewChoice("scenario", accounts.Shop, accounts.Bank, accounts.Parcel, accounts.Tenant).
			Moves("rejected", accounts.Bank, "mode=competing", "rate=60"),
	}
}

// incidentKnobs are what strikes the lanes, and the broker that has them.
func incidentKnobs() []lab.Knob {
	incident := lab.NewChoice("incident", noIncident, actionKill, actionHang, actionPoison, actionCut, addLane, removeLast, removeFirst)
	return []lab.Knob{
		incident.Moves("redelivered", actionKill, "rate=60"),
		lab.NewDuration("incident-at", 2*time.Second, 0, time.Minute).With("incident").Moves("redelivered", "1m", "rate=60", "incident=kill"),
		lab.NewDuration("restart-after", time.Second, 0, time.Minute).With("incident", actionKill).
			Moves("takeover_ms", "4s", "engine=rabbitmq", "rate=60", "incident=kill", "incident-at=500ms"),
		lab.NewBool("adopt", false).With("incident", actionKill).
			Moves("takeover_ms", "true", "engine=rabbitmq", "rate=60", "incident=kill", "incident-at=500ms", "restart-after=3s"),
		lab.NewChoice("engine", engines(anyProduct)...).
			Moves("violations", engineKafka, "rate=200", "work=20ms", "failure-rate=0.2"),
		lab.NewChoice("queue-type", queueClassic, queueQuorum).With("engine", engineRabbitMQ).Moves("violations", queueQuorum, "engine=rabbitmq", "failure-rate=0.5", "prefetch=1", "rate=60"),
	}
}

func metrics() []lab.Metric {
	return []lab.Metric{
		{ID: "violations", Format: lab.Count, Better: lab.Lower, Card: true},
		{ID: "violation_rate", Format: lab.Share, Better: lab.Lower},
		{ID: "throughput", Format: lab.PerSecond, Better: lab.Higher, Card: true},
		{ID: "p95_ms", Format: lab.Millis, Better: lab.Lower, Card: true},
		{ID: "p50_ms", Format: lab.Millis, Better: lab.Lower},
		{ID: "lost", Format: lab.Count, Better: lab.Lower, Card: true},
		{ID: "duplicates", Format: lab.Count, Better: lab.Lower, Card: true},
		{ID: "redelivered", Format: lab.Count, Better: lab.Lower},
		{ID: "published", Format: lab.Count},
		{ID: "confirmed", Format: lab.Count},
		{ID: "handled", Format: lab.Count, Better: lab.Higher},
		{ID: "unique_messages", Format: lab.Count},
		{ID: "effects", Format: lab.Count},
		{ID: "gaps", Format: lab.Count, Better: lab.Lower},
		{ID: "dead_lettered", Format: lab.Count, Better: lab.Lower},
		{ID: "nacked", Format: lab.Count, Better: lab.Lower},
		{ID: "republished", Format: lab.Count},
		{ID: "max_over_mean", Format: lab.Times, Better: lab.Lower},
		{ID: "p95_hot", Format: lab.Millis, Better: lab.Lower},
		{ID: "p95_lane", Format: lab.Millis, Better: lab.Lower},
		{ID: "p95_others", Format: lab.Millis, Better: lab.Lower},
		{ID: "moved", Format: lab.Share},
		{ID: "lane_resumed", Format: lab.Count, Better: lab.Higher},
		{ID: "takeover_ms", Format: lab.Millis, Better: lab.Lower},
		{ID: "applied_violations", Format: lab.Count, Better: lab.Lower},
		{ID: "buffer_max", Format: lab.Count, Level: true, Better: lab.Lower},
		{ID: "rejected", Format: lab.Count, Better: lab.Lower},
		{ID: "wrong_accounts", Format: lab.Count, Better: lab.Lower},
	}
}

func actions() []lab.Action {
	return []lab.Action{
		{ID: actionDemo},
		{ID: addLane},
		{ID: removeLast},
		{ID: removeFirst},
		{ID: actionKill, Fault: true},
		{ID: actionHang, Fault: true},
		{ID: actionPoison, Fault: true},
		{ID: actionCut, Fault: true},
	}
}
