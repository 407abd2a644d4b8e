package course

import (
	"slices"

	"resilab/labs/lab"
)

// Plan is what the runs of a card are made with, and what they must have in
// common.
type Plan struct {
	Broker  string         // which broker its figures depend on: amqp, redis or none
	Needs   string         // the broker that must be a real one: amqp, redis or none
	Start   lab.Settings   // what run A is taken with, complete
	Opens   []string       // the knobs that the later runs may differ in
	Free    []string       // knobs that a student may choose, the same in every run
	Samples []Sample       // how much every run must have measured
	Golden  []lab.Settings // settings known to pass, complete, for each run; run A first
}

// Sample is a number of things that a run must have measured at least.
type Sample struct {
	Metric string  `yaml:"metric"`
	Min    float64 `yaml:"min"`
}

// Runs returns how many runs the card compares.
func (p *Plan) Runs() int { return len(p.Golden) }

// embedded reports whether the run lacks the real broker that the card needs.
func (p *Plan) embedded(run *Evidence) bool { return p.Needs != "" && !run.real(p.Needs) }

// alike reports whether two runs have the same settings of the open knobs.
func (p *Plan) alike(a, b *Evidence) bool {
	return !slices.ContainsFunc(p.Opens, func(id string) bool { return a.Knobs[id] != b.Knobs[id] })
}

// short lists the samples that a run has not measured yet.
func (p *Plan) short(run *Evidence) (missing []Shortage) {
	for _, s := range p.Samples {
		if have := run.Metrics[s.Metric]; have < s.Min {
			missing = append(missing, Shortage{Sample: s, Have: have})
		}
	}
	return missing
}

// changed lists the knobs of a lab in which two settings differ, but for those
// allowed. A bundle's own word is left out: it follows the knobs that it bundles.
func changed(spec *lab.Spec, settings, from lab.Settings, allowed []string) (ids []string) {
	for _, k := range spec.Knobs {
		if settings[k.ID] != from[k.ID] && len(k.Sets) == 0 && !k.Setup && !slices.Contains(allowed, k.ID) {
			ids = append(ids, k.ID)
		}
	}
	return ids
}
