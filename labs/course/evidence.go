package course

import (
	"encoding/json"
	"fmt"
	"maps"

	"resilab/labs/lab"
)

// Evidence is a run as it is kept: what `resilab run --format json` prints is
// read as evidence, too.
type Evidence struct {
	Lab      string             `json:"lab"`
	Seed     uint64             `json:"seed"`
	Brokers  map[string]string  `json:"brokers"`
	Knobs    Knobs              `json:"knobs"`
	Metrics  map[string]float64 `json:"metrics"`
	Duration float64            `json:"duration_s"`
}

// Knobs are settings in the words of the flags. Numbers and booleans are read
// as well.
type Knobs map[string]string

// UnmarshalJSON implements json.Unmarshaler.
func (k *Knobs) UnmarshalJSON(data []byte) error {
	var raw map[string]any
	if err := json.Unmarshal(data, &raw); err != nil {
		return err
	}
	*k = make(Knobs, len(raw))
	for id, v := range raw {
		switch v := v.(type) {
		case string, bool, float64:
			(*k)[id] = fmt.Sprint(v)
		default:
			return fmt.Errorf("knob %s holds a %T", id, v)
		}
	}
	return nil
}

// evidence keeps a run.
func evidence(run lab.Run) *Evidence {
	e := &Evidence{Lab: run.Lab, Seed: run.Seed, Brokers: run.Brokers, Knobs: Knobs{},
		Metrics: maps.Clone(run.Metrics), Duration: run.Duration}
	for id, v := range run.Knobs {
		e.Knobs[id] = v.String()
	}
	return e
}

// ReadEvidence reads the JSON of one run.
func ReadEvidence(data []byte) (*Evidence, error) {
	var e Evidence
	if err := json.Unmarshal(data, &e); err != nil {
		return nil, fmt.Errorf("reading a run: %w", err)
	}
	if e.Lab == "" || len(e.Knobs) == 0 {
		return nil, fmt.Errorf("reading a run: this is not what resilab run --format json prints")
	}
	return &e, nil
}

// Settings reads the kept settings; knobs that the evidence does not have, or
// that are no longer allowed, get the value that no setting has.
func (e *Evidence) Settings(spec *lab.Spec) lab.Settings {
	s := lab.Settings{}
	for _, k := range spec.Knobs {
		if v, err := k.Parse(e.Knobs[k.ID]); err == nil {
			s[k.ID] = v
		}
	}
	return s
}

// real reports whether the run was made on a real broker of the named kind.
func (e *Evidence) real(broker string) bool {
	name := e.Brokers[broker]
	return broker != "" && name != "" && name != "embedded"
}
