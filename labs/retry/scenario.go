package retry

import (
	"time"

	"resilab/labs/lab"
)

// Scenario is what the operations of a run are about.
type Scenario string

// The scenarios are the use cases of the retry pattern, and its classic demo.
const (
	Payments        Scenario = "payments"
	Demo            Scenario = "demo"
	Inventory       Scenario = "inventory"
	Recommendations Scenario = "recommendations"
	Notifications   Scenario = "notifications"
)

func scenarioNames() []string {
	return []string{string(Payments), string(Demo), string(Inventory), string(Recommendations), string(Notifications)}
}

// scenarioSets are the knobs that each scenario sets. Every scenario sets all the
// knobs that any of them sets, so that no setting of the last one remains.
func scenarioSets() map[string]lab.Settings {
	common := lab.Settings{
		"retries": lab.IntValue(3), "base": ms(500), "factor": lab.FloatValue(2), "cap": ms(10_000),
		"jitter": lab.ChoiceValue("full"), "failure-rate": lab.FractionValue(0.18), "rate": lab.IntValue(5),
		"attempt-timeout": ms(5000), "fallback": lab.ChoiceValue("none"), "breaker": lab.ChoiceValue("off"),
		"latency": ms(60), "outage": ms(0), "fail-first": lab.IntValue(0),
		"classify": lab.BoolValue(true), "budget": lab.ChoiceValue(off), "deadline": ms(0),
	}
	with := func(changes lab.Settings) lab.Settings {
		for id, v := range common {
			if _, own := changes[id]; !own {
				changes[id] = v
			}
		}
		return changes
	}
	return map[string]lab.Settings{
		string(Payments): with(lab.Settings{}),
		// async-retry randomizes by default.
		string(Demo): with(lab.Settings{
			"base": ms(1000), "cap": ms(60_000), "jitter": lab.ChoiceValue("randomize"),
			"failure-rate": lab.FractionValue(0), "fail-first": lab.IntValue(2), "rate": lab.IntValue(1), "attempt-timeout": ms(0),
		}),
		// A flash sale: all clients at once, for the same row of the stock.
		string(Inventory): with(lab.Settings{
			"retries": lab.IntValue(5), "base": ms(100), "cap": ms(2000), "failure-rate": lab.FractionValue(0),
			"rate": lab.IntValue(5), "latency": ms(30),
		}),
		// A recommendation must come soon: one quick retry, then the copy.
		string(Recommendations): with(lab.Settings{
			"retries": lab.IntValue(1), "base": ms(100), "cap": ms(500), "failure-rate": lab.FractionValue(0.4),
			"attempt-timeout": ms(300), "fallback": lab.ChoiceValue("cached"),
		}),
		// An e-mail may come later, so it waits in a queue while the service is away.
		string(Notifications): with(lab.Settings{
			"retries": lab.IntValue(2), "base": ms(200), "fallback": lab.ChoiceValue("queue"), "outage": ms(5000),
		}),
	}
}

func ms(n int) lab.Value { return lab.DurationValue(time.Duration(n) * time.Millisecond) }
