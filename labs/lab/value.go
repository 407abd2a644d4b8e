package lab

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"resilab/labs/i18n"
)

// Kind is the type of a knob's value.
type Kind int

// The kinds of knobs.
const (
	Int      Kind = iota // a whole number: 3
	Float                // a number: 2.5
	Fraction             // a share of one, written 0.18 or 18%
	Duration             // a time with its unit: 100ms, 1.5s
	Choice               // one word of a list
	Bool                 // on or off
	Text                 // free text, such as an address
)

// Value is one knob's value. The zero Value is the integer 0. Values are
// comparable with ==.
type Value struct {
	kind Kind
	num  float64 // Int, Float, Fraction; nanoseconds for Duration; 0 or 1 for Bool
	text string  // Choice, Text
}

// IntValue returns the value of an Int knob.
func IntValue(n int) Value { return Value{kind: Int, num: float64(n)} }

// FloatValue returns the value of a Float knob.
func FloatValue(f float64) Value { return Value{kind: Float, num: f} }

// FractionValue returns the value of a Fraction knob; f is a share of one.
func FractionValue(f float64) Value { return Value{kind: Fraction, num: f} }

// DurationValue returns the value of a Duration knob.
func DurationValue(d time.Duration) Value { return Value{kind: Duration, num: float64(d)} }

// ChoiceValue returns the value of a Choice knob.
func ChoiceValue(s string) Value { return Value{kind: Choice, text: s} }

// TextValue returns the value of a Text knob.
func TextValue(s string) Value { return Value{kind: Text, text: s} }

// BoolValue returns the value of a Bool knob.
func BoolValue(b bool) Value {
	if b {
		return Value{kind: Bool, num: 1}
	}
	return Value{kind: Bool}
}

// Kind returns the kind of knob that the value is for.
func (v Value) Kind() Kind { return v.kind }

// Int returns a number rounded to a whole one; 0 for words.
func (v Value) Int() int { return int(math.Round(v.num)) }

// Float returns a number; 0 for words.
func (v Value) Float() float64 { return v.num }

// Duration returns a duration.
func (v Value) Duration() time.Duration { return time.Duration(math.Round(v.num)) }

// Bool reports whether a switch is on.
func (v Value) Bool() bool { return v.num != 0 }

// Text returns a word or text; "" for numbers.
func (v Value) Text() string { return v.text }

// String returns the value as a flag takes it; ParseValue reads it back.
func (v Value) String() string {
	switch v.kind {
	case Int:
		return strconv.Itoa(v.Int())
	case Float, Fraction:
		return strconv.FormatFloat(v.num, 'g', 6, 64)
	case Duration:
		return i18n.FormatDuration(v.Duration())
	case Bool:
		return strconv.FormatBool(v.Bool())
	default:
		return v.text
	}
}

// MarshalJSON encodes numbers as numbers and a duration as a string with its unit.
func (v Value) MarshalJSON() ([]byte, error) {
	switch v.kind {
	case Int:
		return json.Marshal(v.Int())
	case Float, Fraction:
		return json.Marshal(v.num)
	case Bool:
		return json.Marshal(v.Bool())
	default:
		return json.Marshal(v.String())
	}
}

// ParseValue reads s as a value of the given kind. Knob.Parse checks the range,
// too.
func ParseValue(kind Kind, s string) (Value, error) {
	s = strings.TrimSpace(s)
	switch kind {
	case Int:
		n, err := strconv.Atoi(s)
		return IntValue(n), err
	case Float:
		f, err := parseFinite(s)
		return FloatValue(f), err
	case Fraction:
		if rest, ok := strings.CutSuffix(s, "%"); ok {
			f, err := parseFinite(strings.TrimSpace(rest))
			return FractionValue(f / 100), err
		}
		f, err := parseFinite(s)
		return FractionValue(f), err
	case Duration:
		d, err := parseDuration(s)
		return DurationValue(d), err
	case Bool:
		b, err := parseBool(s)
		return BoolValue(b), err
	case Choice:
		return ChoiceValue(s), nil
	default:
		return TextValue(s), nil
	}
}

func parseFinite(s string) (float64, error) {
	f, err := strconv.ParseFloat(s, 64)
	if err == nil && (math.IsNaN(f) || math.IsInf(f, 0)) {
		return 0, fmt.Errorf("%q is not a finite number", s)
	}
	return f, err
}

// parseDuration takes Go's durations, and 0 without a unit.
func parseDuration(s string) (time.Duration, error) {
	return time.ParseDuration(strings.ReplaceAll(s, " ", ""))
}

func parseBool(s string) (bool, error) {
	switch strings.ToLower(s) {
	case "on", "sí", "si", "yes":
		return true, nil
	case "off", "no":
		return false, nil
	}
	return strconv.ParseBool(s)
}
