package lab

import "slices"

// Need is a value that another knob must have for a knob to change what is
// measured.
type Need struct {
	Knob  string
	Words []string // one of these; none: anything but 0, no, or the first choice
}

// With returns the knob with one more need: the named knob has one of the words,
// or, without words, anything but 0, no, or its first choice. A knob without
// needs always changes something; of several needs one is enough.
func (k Knob) With(knob string, words ...string) Knob {
	k.Needs = append(slices.Clip(k.Needs), Need{Knob: knob, Words: words})
	return k
}

// Shows reports whether a change of the knob can be seen with these settings.
func (s *Spec) Shows(k Knob, settings Settings) bool {
	return len(k.Needs) == 0 || slices.ContainsFunc(k.Needs, func(n Need) bool {
		other, _ := s.Knob(n.Knob)
		v := settings[n.Knob]
		switch {
		case len(n.Words) > 0:
			return slices.Contains(n.Words, v.String())
		case other.Kind == Choice:
			return v.Text() != other.Choices[0]
		case other.Kind == Text:
			return v.Text() != ""
		}
		return v.Float() != 0
	})
}
