package lab

import "maps"

// Limit is the most that a visitor over the network gets of a knob, on a machine
// that many share.
type Limit struct {
	Knob string
	Most Value // the largest number or duration; of other knobs the only value
	// Spares is the prefix of the metrics that the limit does not concern. The lab
	// itself applies such a limit. Empty: the limit concerns all.
	Spares string
}

// Cut is a setting that a visitor does not get as asked for.
type Cut struct {
	Limit
	Asked Value
}

// exceeds reports whether a value is more than the limit allows.
func (l Limit) exceeds(v Value) bool {
	switch v.kind {
	case Int, Float, Fraction, Duration:
		return v.num > l.Most.num
	}
	return v != l.Most
}

// visitor applies the limits of visitors to settings.
type visitor struct{ limits []Limit } // empty: not for this person

// Cuts returns what of the settings a visitor does not get.
func (v visitor) Cuts(s Settings) (cuts []Cut) {
	for _, l := range v.limits {
		if asked, ok := s[l.Knob]; ok && l.exceeds(asked) {
			cuts = append(cuts, Cut{l, asked})
		}
	}
	return cuts
}

// allowed returns the settings that the lab works with.
func (v visitor) allowed(s Settings) Settings {
	cuts := v.Cuts(s)
	if len(cuts) == 0 {
		return s
	}
	s = maps.Clone(s)
	for _, c := range cuts {
		if c.Spares == "" {
			s[c.Knob] = c.Most
		}
	}
	return s
}
