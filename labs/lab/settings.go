package lab

import "time"

// Settings holds a value for every knob of a Spec. It is treated as
// immutable: With returns a changed copy.
type Settings map[string]Value

// With returns a copy with one value replaced.
func (s Settings) With(id string, v Value) Settings {
	next := make(Settings, len(s)+1)
	for k, old := range s {
		next[k] = old
	}
	next[id] = v
	return next
}

// Int returns an Int knob's value. Like the methods below it returns the zero
// value for an unknown id.
func (s Settings) Int(id string) int { return s[id].Int() }

// Float returns the value of a Float or Fraction knob.
func (s Settings) Float(id string) float64 { return s[id].Float() }

// Duration returns a Duration knob's value.
func (s Settings) Duration(id string) time.Duration { return s[id].Duration() }

// Bool returns a Bool knob's value.
func (s Settings) Bool(id string) bool { return s[id].Bool() }

// Text returns a Choice or Text knob's value.
func (s Settings) Text(id string) string { return s[id].Text() }

// holds reports whether all values of part are those of s.
func (s Settings) holds(part Settings) bool {
	for id, v := range part {
		if s[id] != v {
			return false
		}
	}
	return true
}
