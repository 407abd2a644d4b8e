package lab

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// Knob declares one setting of a lab. Its ID is the flag, the JSON field and
// the key of its texts (<lab>.knob.<id>).
type Knob struct {
	ID      string
	Kind    Kind
	Unit    string // shown after the number where the kind has none: "/s"
	Default Value
	Scale            // for numbers and durations
	Choices []string // for Choice
	Setup   bool     // read only when the lab starts; not in the knob panel
	// Group names the part of the lab that the knob belongs to, for labs with
	// many: <lab>.group.<group> is shown while one of its knobs is chosen.
	Group string
	// Needs say with what the knob shows, if not at once: see With.
	Needs []Need
	// Effect is an experiment that shows what the knob does: see Moves.
	Effect Effect
	// Sets makes a Choice a bundle: choosing a word turns these knobs, too.
	Sets map[string]Settings
	// Else is the word for "none of these": a bundle's Choice goes there when
	// one of its knobs is turned away. Empty: the Choice stays as it is.
	Else string
}

// Scale is the range of a knob and how its values are stepped through.
type Scale struct {
	Min, Max Value   // inclusive
	Step     float64 // fine step of a linear knob, in the value's unit
	Coarse   float64 // coarse step of a linear knob
	Log      bool    // steps go 1, 2, 5, 10 … instead
	LogBar   bool    // even steps, but drawn like Log: where the small values matter most
}

// NewInt declares a whole-number knob that steps by 1, coarsely by a tenth of its range.
func NewInt(id string, def, lo, hi int) Knob {
	return Knob{ID: id, Kind: Int, Default: IntValue(def), Scale: Scale{Min: IntValue(lo), Max: IntValue(hi),
		Step: 1, Coarse: math.Max(1, math.Round(float64(hi-lo)/10))}}
}

// NewFloat declares a number with a fine and a coarse step.
func NewFloat(id string, def, lo, hi, step, coarse float64) Knob {
	return Knob{ID: id, Kind: Float, Default: FloatValue(def), Scale: Scale{Min: FloatValue(lo), Max: FloatValue(hi),
		Step: step, Coarse: coarse}}
}

// NewFraction declares a share from 0 to 1 that steps by one percent, coarsely by ten.
func NewFraction(id string, def float64) Knob {
	return Knob{ID: id, Kind: Fraction, Default: FractionValue(def), Scale: Scale{Min: FractionValue(0), Max: FractionValue(1),
		Step: 0.01, Coarse: 0.1}}
}

// NewDuration declares a duration on a logarithmic scale.
func NewDuration(id string, def, lo, hi time.Duration) Knob {
	return Knob{ID: id, Kind: Duration, Default: DurationValue(def), Scale: Scale{Min: DurationValue(lo), Max: DurationValue(hi),
		Log: true}}
}

// NewRate declares arrivals a second on a logarithmic scale, in whole numbers.
func NewRate(id string, def, lo, hi int) Knob {
	return Knob{ID: id, Kind: Int, Unit: "/s", Default: IntValue(def), Scale: Scale{Min: IntValue(lo), Max: IntValue(hi),
		Log: true}}
}

// NewChoice declares one word of a list; the first is the default.
func NewChoice(id string, choices ...string) Knob {
	return Knob{ID: id, Kind: Choice, Default: ChoiceValue(choices[0]), Choices: choices}
}

// NewBool declares a switch.
func NewBool(id string, def bool) Knob {
	return Knob{ID: id, Kind: Bool, Default: BoolValue(def)}
}

// NewText declares free text that is read when the lab starts.
func NewText(id, def string) Knob {
	return Knob{ID: id, Kind: Text, Default: TextValue(def), Setup: true}
}

// KnobError is returned for a value that a knob does not take.
type KnobError struct {
	Knob    string
	Value   string
	Allowed string
}

func (e *KnobError) Error() string {
	return fmt.Sprintf("%s: %q is not allowed (%s)", e.Knob, e.Value, e.Allowed)
}

// Allowed returns what the knob takes, for people: "0..10", "1ms..10s", "none|full".
func (k Knob) Allowed() string {
	switch k.Kind {
	case Choice:
		return strings.Join(k.Choices, "|")
	case Bool:
		return "true|false"
	case Text:
		return "text"
	default:
		return k.Min.String() + ".." + k.Max.String()
	}
}

// Parse reads and checks a value. The error is a *KnobError.
func (k Knob) Parse(s string) (Value, error) {
	v, err := ParseValue(k.Kind, s)
	if err != nil {
		return Value{}, &KnobError{Knob: k.ID, Value: s, Allowed: k.Allowed()}
	}
	return v, k.Check(v)
}

// Check reports whether the knob takes v. The error is a *KnobError.
func (k Knob) Check(v Value) error {
	ok := v.kind == k.Kind
	switch k.Kind {
	case Choice:
		ok = ok && k.choiceIndex(v) >= 0
	case Int, Float, Fraction, Duration:
		ok = ok && v.num >= k.Min.num && v.num <= k.Max.num
	}
	if !ok {
		return &KnobError{Knob: k.ID, Value: v.String(), Allowed: k.Allowed()}
	}
	return nil
}

// Next returns the value one step up (dir > 0) or down, clamped to the range.
// A switch turns, a choice goes round.
func (k Knob) Next(v Value, dir int, coarse bool) Value {
	switch k.Kind {
	case Bool:
		return BoolValue(!v.Bool())
	case Choice:
		n := len(k.Choices)
		return ChoiceValue(k.Choices[((k.choiceIndex(v)+dir)%n+n)%n])
	case Text:
		return v
	}
	step := k.Step
	if coarse {
		step = k.Coarse
	}
	num := v.num + float64(dir)*step
	if k.Log {
		num = k.nextLog(v.num, dir, coarse)
	} else if step > 0 {
		num = math.Round(num/step*1e6) / 1e6 * step // no 0.30000000000000004
	}
	num = math.Min(k.Max.num, math.Max(k.Min.num, num))
	return Value{kind: k.Kind, num: num}
}

// Position places v in the knob's range, from 0 to 1, for the range bar.
func (k Knob) Position(v Value) float64 {
	switch k.Kind {
	case Bool:
		return v.num
	case Choice:
		if len(k.Choices) < 2 {
			return 0
		}
		return float64(k.choiceIndex(v)) / float64(len(k.Choices)-1)
	case Text:
		return 0
	}
	lo, hi, x := k.Min.num, k.Max.num, v.num
	if k.Log || k.LogBar {
		floor := k.logFloor()
		scale := func(f float64) float64 { return math.Log(math.Max(f, floor/2) / (floor / 2)) }
		lo, hi, x = scale(lo), scale(hi), scale(x)
	}
	if hi <= lo {
		return 0
	}
	return math.Min(1, math.Max(0, (x-lo)/(hi-lo)))
}

func (k Knob) choiceIndex(v Value) int {
	for i, c := range k.Choices {
		if c == v.text {
			return i
		}
	}
	return -1
}

// logFloor is the smallest value above zero that stepping reaches.
func (k Knob) logFloor() float64 {
	if k.Min.num > 0 {
		return k.Min.num
	}
	if k.Kind == Duration {
		return float64(time.Millisecond)
	}
	return 1
}

// nextLog steps through 1, 2, 5, 10 …, coarsely through powers of ten of the
// present value. Below the smallest step stands the knob's minimum (often 0).
func (k Knob) nextLog(x float64, dir int, coarse bool) float64 {
	floor := k.logFloor()
	if x < floor {
		if dir > 0 {
			return floor
		}
		return k.Min.num
	}
	if coarse {
		x *= math.Pow(10, float64(dir))
	} else {
		x = step125(x, dir)
	}
	if x < floor {
		return k.Min.num
	}
	return x
}

// step125 returns the neighbour of x in the series … 1, 2, 5, 10, 20, 50 …
func step125(x float64, dir int) float64 {
	const slack = 1e-9
	exp := math.Floor(math.Log10(x) + slack)
	unit := math.Pow(10, exp)
	m := x / unit
	if dir > 0 {
		for _, s := range []float64{2, 5, 10} {
			if m < s-slack {
				return s * unit
			}
		}
		return 20 * unit
	}
	for _, s := range []float64{5, 2, 1} {
		if m > s+slack {
			return s * unit
		}
	}
	return unit / 2
}
