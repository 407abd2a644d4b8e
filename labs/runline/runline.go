// Package runline writes a run as one line that a person can copy, and reads it
// back: the lab, the seed, and the settings that differ from the lab's defaults.
//
//	retry?retries=5&jitter=full&seed=7
//	convoy?lanes=2&b.prefetch=50
//
// What follows "b." are the settings of a second run, B, where they differ from
// those of the first. Setup knobs are left out: an address or a file belongs to
// a person's machine, not to the run.
package runline

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"resilab/labs/lab"
)

// DefaultSeed is the seed of a line that has none.
const DefaultSeed = 1

// maxSeed is the largest seed that the command line takes.
const maxSeed = 1<<31 - 1

const (
	seedKey = "seed"
	bPrefix = "b."
)

// Line is what a line says.
type Line struct {
	Spec *lab.Spec
	Seed uint64 // 0..2147483647
	// A are the settings of the run, with the setup knobs at their defaults.
	A lab.Settings
	// B are those of a second run to compare with; nil: there is none.
	B lab.Settings
}

// String writes the line. Parse reads it back if a person can reach the settings
// by turning knobs.
func (l Line) String() string {
	var parts []string
	add := func(prefix string, from, to lab.Settings) {
		changes := changed(l.Spec, from, to)
		for _, k := range l.Spec.Knobs {
			if v, ok := changes[k.ID]; ok {
				parts = append(parts, prefix+k.ID+"="+escape(exact(v)))
			}
		}
	}
	add("", l.Spec.Defaults(), l.A)
	if l.Seed != DefaultSeed {
		parts = append(parts, seedKey+"="+strconv.FormatUint(l.Seed, 10))
	}
	if l.B != nil {
		before := len(parts)
		if add(bPrefix, l.A, l.B); len(parts) == before {
			parts = append(parts, bPrefix) // B is there, with the settings of A
		}
	}
	if len(parts) == 0 {
		return l.Spec.ID
	}
	return l.Spec.ID + "?" + strings.Join(parts, "&")
}

// changed returns the fewest knobs to turn that lead from some settings to others.
func changed(spec *lab.Spec, from, to lab.Settings) lab.Settings {
	turns := lab.Settings{}
	for {
		got, missing := spec.TurnAll(from, turns), false
		for _, k := range spec.Knobs {
			if _, turned := turns[k.ID]; !k.Setup && !turned && got[k.ID] != to[k.ID] {
				turns[k.ID], missing = to[k.ID], true
			}
		}
		if !missing {
			break
		}
	}
	reached := spec.TurnAll(from, turns)
	for _, k := range spec.Knobs {
		if v, ok := turns[k.ID]; ok {
			delete(turns, k.ID)
			if !maps.Equal(spec.TurnAll(from, turns), reached) {
				turns[k.ID] = v
			}
		}
	}
	return turns
}

// exact writes a value so that nothing of it is lost.
func exact(v lab.Value) string {
	switch v.Kind() {
	case lab.Float, lab.Fraction:
		return strconv.FormatFloat(v.Float(), 'g', -1, 64)
	case lab.Duration:
		s := v.String()
		if d, err := time.ParseDuration(s); err != nil || d != v.Duration() {
			return v.Duration().String()
		}
		return s
	}
	return v.String()
}

// escape keeps a value from ending its part of the line. A µ stays readable.
func escape(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "%C2%B5", "µ") }

// LabOf returns the id of the lab that a line begins with, whether or not there is
// such a lab.
func LabOf(line string) string {
	id, _, _ := strings.Cut(strings.TrimSpace(line), "?")
	return id
}

// UnknownError names what a line has and this version does not know.
type UnknownError struct {
	Lab   string
	Names []string // as written in the line
}

func (e *UnknownError) Error() string {
	return fmt.Sprintf("the lab %s has no setting %s", e.Lab, strings.Join(e.Names, ", "))
}

// SyntaxError is a part of a line that is not of the form "setting=value", or
// that sets a setting for the second time.
type SyntaxError struct {
	Part  string
	Twice bool
}

func (e *SyntaxError) Error() string {
	if e.Twice {
		return fmt.Sprintf("%q is set twice", e.Part)
	}
	return fmt.Sprintf("%q is not of the form setting=value", e.Part)
}

// Parse reads a line of one of the labs. The error is a *lab.KnobError for an
// unknown lab and for a value that is not allowed, an *UnknownError, or a
// *SyntaxError.
func Parse(line string, specs []*lab.Spec) (Line, error) {
	id, query, _ := strings.Cut(strings.TrimSpace(line), "?")
	i := slices.IndexFunc(specs, func(spec *lab.Spec) bool { return spec.ID == id })
	if i < 0 {
		var ids []string
		for _, spec := range specs {
			ids = append(ids, spec.ID)
		}
		return Line{}, &lab.KnobError{Knob: "lab", Value: id, Allowed: strings.Join(ids, "|")}
	}
	r := reader{spec: specs[i], seen: map[string]bool{}, a: lab.Settings{}, seed: DefaultSeed}
	if query != "" {
		for part := range strings.SplitSeq(query, "&") {
			if err := r.add(part); err != nil {
				return Line{}, err
			}
		}
	}
	return r.line()
}

// reader collects the parts of a line.
type reader struct {
	spec    *lab.Spec
	seen    map[string]bool
	seed    uint64
	a, b    lab.Settings // b is nil until a part belongs to it
	unknown []string
}

func (r *reader) add(part string) error {
	if part == bPrefix {
		r.turnsOfB()
		return nil
	}
	name, text, found := strings.Cut(part, "=")
	value, err := url.QueryUnescape(text)
	if !found || name == "" || err != nil {
		return &SyntaxError{Part: part}
	}
	if r.seen[name] {
		return &SyntaxError{Part: name, Twice: true}
	}
	r.seen[name] = true
	if name == seedKey {
		if r.seed, err = strconv.ParseUint(value, 10, 31); err != nil {
			return &lab.KnobError{Knob: seedKey, Value: value, Allowed: fmt.Sprintf("0..%d", maxSeed)}
		}
		return nil
	}
	id, ofB := strings.CutPrefix(name, bPrefix)
	k, ok := r.spec.Knob(id)
	if !ok || k.Setup {
		r.unknown = append(r.unknown, name)
		return nil
	}
	v, err := k.Parse(value)
	if err != nil {
		return err
	}
	if ofB {
		r.turnsOfB()[id] = v
	} else {
		r.a[id] = v
	}
	return nil
}

func (r *reader) turnsOfB() lab.Settings {
	if r.b == nil {
		r.b = lab.Settings{}
	}
	return r.b
}

// line checks what was collected.
func (r *reader) line() (Line, error) {
	if len(r.unknown) > 0 {
		return Line{}, &UnknownError{Lab: r.spec.ID, Names: r.unknown}
	}
	l := Line{Spec: r.spec, Seed: r.seed, A: r.spec.Complete(r.a)}
	if err := r.spec.Check(l.A); err != nil {
		return Line{}, err
	}
	if r.b == nil {
		return l, nil
	}
	l.B = r.spec.TurnAll(l.A, r.b)
	return l, r.spec.Check(l.B)
}
