package lab

import (
	"fmt"
	"strings"
)

// Effect is an experiment that shows what a knob does: with the settings With
// beside the defaults, Metric changes by a quarter or more when the knob goes from
// its default to To. The suite that every lab passes makes each of them.
type Effect struct {
	Metric string
	To     string   // the knob's value as a flag takes it
	With   []string // other settings, each "knob=value"
	// Unmeasured says why no metric shows the knob; the other fields are empty.
	Unmeasured string
}

// Moves returns the knob with an experiment that shows what it does. To is the
// knob's value as a flag takes it; with are other settings, each "knob=value".
func (k Knob) Moves(metric, to string, with ...string) Knob {
	k.Effect = Effect{Metric: metric, To: to, With: with}
	return k
}

// Unmeasured returns the knob with the reason why no metric shows it.
func (k Knob) Unmeasured(reason string) Knob {
	k.Effect = Effect{Unmeasured: reason}
	return k
}

// Experiment returns the settings of the knob's experiment: those before the knob
// is turned, and those after. The knob must have an effect on a metric.
func (s *Spec) Experiment(k Knob) (before, after Settings, err error) {
	given := Settings{}
	for _, pair := range k.Effect.With {
		id, text, _ := strings.Cut(pair, "=")
		other, ok := s.Knob(id)
		if !ok {
			return nil, nil, fmt.Errorf("the effect of %s: no knob %q", k.ID, id)
		}
		if given[id], err = other.Parse(text); err != nil {
			return nil, nil, fmt.Errorf("the effect of %s: %w", k.ID, err)
		}
	}
	to, err := k.Parse(k.Effect.To)
	if err != nil {
		return nil, nil, fmt.Errorf("the effect of %s: %w", k.ID, err)
	}
	before = s.Complete(given)
	after = s.Turn(before, k.ID, to)
	for _, settings := range []Settings{before, after} {
		if err := s.Check(settings); err != nil {
			return nil, nil, fmt.Errorf("the effect of %s: %w", k.ID, err)
		}
	}
	return before, after, nil
}
