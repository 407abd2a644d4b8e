package retry

import (
	"context"
	"fmt"
	"maps"
	"testing"

	"resilab/labs/retry/fleet"
)

type flags = map[string]string

// exercise is one of the course's, as a student does it with the settings: what both runs
// share, what the student changes, and when it is passed.
type exercise struct {
	common, a, b flags
	passes       func(a, b map[string]float64) bool
}

func exercises() map[string]exercise {
	herd := flags{
		"crowd": "herd", "clients": "200", "fleet-outage": "100ms", "failure-rate": "0", "slow-rate": "0", "latency": "50ms",
	}
	calm := flags{"fleet-outage": "0s", "failure-rate": "0", "slow-rate": "0"}
	with := func(base flags, more ...flags) flags {
		all := maps.Clone(base)
		for _, m := range more {
			maps.Copy(all, m)
		}
		return all
	}
	patient := flags{"capacity": "5", "line": "5", "retries": "30", "base": "100ms", "cap": "2s", "attempt-timeout": "0s"}
	cheaper := func(a, b map[string]float64) bool { return b["cost"] < 0.75*a["cost"] && b["served"] >= 0.99 }
	return map[string]exercise{
		"R1": {
			with(calm, flags{"failure-rate": "0.09", "decline-rate": "0.19"}), flags{"classify": "false"}, flags{"classify": "true"},
			func(a, b map[string]float64) bool {
				return b["attempts_per_op"] <= 1.15 && b["success"] >= a["success"]-0.005
			},
		},
		"R2": {
			with(herd, flags{"capacity": "10", "line": "15", "retries": "4", "cap": "20s", "attempt-timeout": "1s"}),
			flags{"jitter": "none"}, flags{"jitter": "full"},
			func(a, b map[string]float64) bool { return b["peak"] <= 0.35*a["peak"] && b["served"] >= 0.99 },
		},
		"R3 full":         {with(herd, patient), flags{"factor": "1", "jitter": "none"}, flags{"jitter": "full"}, cheaper},
		"R3 equal":        {with(herd, patient), flags{"factor": "1", "jitter": "none"}, flags{"jitter": "equal"}, cheaper},
		"R3 decorrelated": {with(herd, patient), flags{"factor": "1", "jitter": "none"}, flags{"jitter": "decorrelated"}, cheaper},
		"R4": {
			with(calm, flags{"failure-rate": "1"}), flags{"layers": "3"}, flags{"layers": "1"},
			func(_, b map[string]float64) bool { return b["amplification"] <= 4 },
		},
		"R5 all fail": {
			with(calm, flags{"failure-rate": "1"}), nil, flags{"budget": "bucket"},
			func(_, b map[string]float64) bool { return b["load"] <= 1.15 },
		},
		"R6": {
			with(calm, flags{"fleet-outage": "8s", "base": "200ms", "cap": "2s"}), nil,
			flags{"breaker": "gobreaker", "breaker-open": "1s"},
			func(a, b map[string]float64) bool {
				return b["outage_calls"] <= 0.15*a["outage_calls"] && b["rejected_after_recovery"] <= 40
			},
		},
		"R6 open for too long": {
			with(calm, flags{"fleet-outage": "8s", "base": "200ms", "cap": "2s", "breaker": "gobreaker"}),
			flags{"breaker-open": "5s"}, flags{"breaker-open": "1s"},
			func(_, b map[string]float64) bool { return b["rejected_after_recovery"] <= 40 },
		},
		"R7": {
			with(calm, flags{"lost-rate": "0.1"}), nil, flags{"idempotency": "true"},
			func(_, b map[string]float64) bool { return b["charges"] == b["orders_paid"] && b["retries"] > 0 },
		},
		"R8": {
			with(calm, flags{"latency": "30ms", "slow-rate": "0.02", "base": "10ms"}),
			flags{"attempt-timeout": "5s"}, flags{"attempt-timeout": "150ms"},
			func(_, b map[string]float64) bool {
				return b["p99_ms"] <= 350 && b["attempts_per_op"] <= 1.15 && b["failure"] <= 0.002
			},
		},
		"R8 too short": {
			with(calm, flags{"latency": "30ms", "slow-rate": "0.02", "base": "10ms"}),
			flags{"attempt-timeout": "20ms"}, flags{"attempt-timeout": "150ms"},
			func(_, b map[string]float64) bool { return b["failure"] <= 0.002 },
		},
		"R9": {
			with(herd, flags{"fleet-outage": "0s", "latency": "20ms", "limit": "20"}),
			flags{"retries": "100", "base": "100ms", "cap": "100ms", "factor": "1", "jitter": "none", "retry-after": "false"},
			flags{"retries": "2", "base": "5s", "cap": "20s", "fallback": "queue"},
			func(_, b map[string]float64) bool { return b["attempts_per_op"] <= 2.5 && b["lost_orders"] == 0 },
		},
	}
}

// Every exercise can be done with the settings: the start does not pass, what the
// student is to find does, and not for one seed only.
func TestTheExercisesCanBeDoneWithTheKnobs(t *testing.T) {
	for name, e := range exercises() {
		t.Run(name, func(t *testing.T) {
			for seed := uint64(1); seed <= 5; seed++ {
				a, b := fleetFiguresOf(t, e.common, e.a, seed), fleetFiguresOf(t, e.common, e.b, seed)
				if e.passes(a, a) {
					t.Errorf("seed %d: passes without a change: %v", seed, a)
				}
				if !e.passes(a, b) {
					t.Errorf("seed %d: does not pass: %v\nbefore: %v", seed, b, a)
				}
			}
		})
	}
}

// The budget's other half: where little fails, it must not get in the way.
func TestBudgetAllowsRetriesWhereLittleFails(t *testing.T) {
	rarely := flags{"fleet-outage": "0s", "slow-rate": "0", "failure-rate": "0.05", "budget": "bucket"}
	if m := fleetFiguresOf(t, rarely, nil, 1); m["success"] < 0.995 || m["load"] > 1.15 {
		t.Errorf("success %v with a load of %v", m["success"], m["load"])
	}
}

func fleetFiguresOf(t *testing.T, common, own flags, seed uint64) map[string]float64 {
	t.Helper()
	all := maps.Clone(common)
	maps.Copy(all, own)
	cfg, err := FleetConfig(settings(t, all), seed)
	if err != nil {
		t.Fatal(fmt.Errorf("%v: %w", all, err))
	}
	result, err := fleet.Run(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return result.Metrics()
}
