package lab

import (
	"fmt"
	"io/fs"
	"maps"
	"slices"
)

// Format is how a metric is written.
type Format int

// The formats of metrics.
const (
	Count     Format = iota // 1234
	Number                  // 12.3
	Share                   // a fraction of one, written as percent
	Times                   // a factor: 1.87×
	Millis                  // milliseconds
	PerSecond               // a rate
	Money                   // dollars
)

// Better is the good direction of a metric.
type Better int

// The good directions of metrics.
const (
	Neutral Better = iota
	Higher
	Lower
)

// Metric declares one measured figure. Its ID is the JSON field and the variable
// of a course check. Rates are 0..1; a name with a unit ends in it.
type Metric struct {
	ID     string
	Format Format
	Better Better
	Card   bool // important enough for a card on the screen
	// Level marks a Count that does not grow with the time measured, such as the
	// number in flight or the result of a simulation. Two runs of unequal length
	// compare all other counts as rates.
	Level bool
}

// Action declares something that a person can trigger once: a fault, a flush.
type Action struct {
	ID      string
	Confirm bool // destructive: the screen asks first
	Fault   bool // offered under the fault key
}

// Spec declares a lab once: everything else is derived from it.
type Spec struct {
	ID string
	// Work is the metric that counts what the lab has done: it grows while the lab
	// works.
	Work    string
	Knobs   []Knob
	Metrics []Metric
	Actions []Action
	// Limits are what visitors over the network get at most.
	Limits []Limit
	// Texts holds es.yaml and en.yaml with the lab's part of the catalogue.
	Texts fs.FS
	// Rules checks settings across knobs (cap below base …). It may be nil.
	// Its error is a *KnobError.
	Rules func(Settings) error
}

// Defaults returns the settings that a lab starts with.
func (s *Spec) Defaults() Settings {
	d := make(Settings, len(s.Knobs))
	for _, k := range s.Knobs {
		d[k.ID] = k.Default
	}
	return d
}

// Knob finds a knob by its id.
func (s *Spec) Knob(id string) (Knob, bool) {
	i := slices.IndexFunc(s.Knobs, func(k Knob) bool { return k.ID == id })
	if i < 0 {
		return Knob{}, false
	}
	return s.Knobs[i], true
}

// Metric finds a metric by its id.
func (s *Spec) Metric(id string) (Metric, bool) {
	i := slices.IndexFunc(s.Metrics, func(m Metric) bool { return m.ID == id })
	if i < 0 {
		return Metric{}, false
	}
	return s.Metrics[i], true
}

// Check reports whether every knob has an allowed value and the rules hold.
// The error is a *KnobError unless a knob is unknown or missing.
func (s *Spec) Check(settings Settings) error {
	for id := range settings {
		if _, ok := s.Knob(id); !ok {
			return fmt.Errorf("%s: no knob of the lab %s", id, s.ID)
		}
	}
	for _, k := range s.Knobs {
		v, ok := settings[k.ID]
		if !ok {
			return fmt.Errorf("%s: no value given", k.ID)
		}
		if err := k.Check(v); err != nil {
			return err
		}
	}
	if s.Rules != nil {
		return s.Rules(settings)
	}
	return nil
}

// Turn returns the settings with one knob changed, and with it those that a bundle
// sets. Other bundles that no longer fit go to their Else.
func (s *Spec) Turn(settings Settings, id string, v Value) Settings {
	next := settings.With(id, v)
	if k, ok := s.Knob(id); ok {
		maps.Copy(next, k.Sets[v.Text()])
	}
	for _, k := range s.Knobs {
		if k.Else != "" && k.ID != id && !next.holds(k.Sets[next.Text(k.ID)]) {
			next[k.ID] = ChoiceValue(k.Else)
		}
	}
	return next
}

// Step returns the value of a knob one step further, as Next does. A choice that the
// rules refuse beside the other settings is passed over, so that those behind it can be
// reached; where they refuse all others, the next one is returned.
func (s *Spec) Step(settings Settings, id string, dir int, coarse bool) Value {
	k, _ := s.Knob(id)
	next := k.Next(settings[id], dir, coarse)
	if k.Kind != Choice {
		return next
	}
	for v := next; v != settings[id]; v = k.Next(v, dir, coarse) {
		if s.Check(s.Turn(settings, id, v)) == nil {
			return v
		}
	}
	return next
}

// Complete adds the defaults to settings of which only some are given. Bundles are
// applied first, so a knob that is given as well wins.
func (s *Spec) Complete(given Settings) Settings { return s.TurnAll(s.Defaults(), given) }

// TurnAll returns the settings with several knobs turned. Bundles are turned first,
// so a knob that is turned as well wins.
func (s *Spec) TurnAll(settings, turns Settings) Settings {
	for _, bundles := range []bool{true, false} {
		for _, k := range s.Knobs {
			if v, ok := turns[k.ID]; ok && bundles == (len(k.Sets) > 0) {
				settings = s.Turn(settings, k.ID, v)
			}
		}
	}
	return settings
}
