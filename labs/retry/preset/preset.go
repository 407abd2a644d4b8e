// Package preset has the retry policies of well-known libraries: their defaults,
// the formula of their waits, what their numbers count, and how to write a policy
// down in their own terms.
package preset

import (
	"fmt"
	"sort"
	"strings"
	"time"

	"resilab/labs/retry/policy"
)

// Unlimited is the number of retries of a library that retries for ever.
const Unlimited = -1

// Counts is what a library's number of "attempts" or "retries" counts.
type Counts string

// What libraries count.
const (
	Retries  Counts = "retries"  // 3 means four calls
	Attempts Counts = "attempts" // 3 means three calls
	Nothing  Counts = "nothing"  // the library computes waits; the loop is the caller's
)

// Settings are the numbers of a preset.
type Settings struct {
	Retries int           // retries, not attempts; Unlimited for no end
	Base    time.Duration // the first step
	Cap     time.Duration // 0: none
	Factor  float64       // 1: constant waits
	// Spread is the relative width of the jitter where a library has one: 0.5
	// means ±50 %.
	Spread float64
	// SpreadBy is the width of a jitter that is given as a time.
	SpreadBy time.Duration
	// MaxElapsed ends the operation; 0: never.
	MaxElapsed time.Duration
}

// Preset is a library's default retry policy, or one variant of it.
type Preset struct {
	// Name is "library" for the defaults or "library/variant".
	Name     string
	Title    string // as the library writes itself
	Version  string // whose behaviour this is
	Language string
	Counts   Counts
	Settings Settings

	// Budget is the policy.BudgetPreset that limits the library's retries; empty: none.
	Budget string

	jitter   policy.Jitter // the kind of jitter nearest to the library's
	traits   traits
	formula  formula
	sequence sequence // where there is no formula
}

// sequence starts the waits of one operation. The function it returns is called
// with n = 0, 1, 2, … in turn.
type sequence func(Settings) func(n int, r float64) float64

// traits are what is special about a library.
type traits uint

const (
	fixedFactor traits = 1 << iota // its factor is 1 or 2
	sorted                         // it draws all waits at first and sorts them
	everyError                     // it repeats every error by default
	noBase                         // it has no setting for the base …
	noCap                          // … the cap …
	noFactor                       // … or the factor
	lowCap                         // it accepts a cap below the base
	spread                         // it has a setting for a relative width of the jitter …
	spreadBy                       // … or for an absolute one
)

func (p Preset) has(t traits) bool { return p.traits&t != 0 }

// RetriesEveryError reports whether the library, by default, also repeats what fails
// permanently. The others have a classifier, or leave it to the caller.
func (p Preset) RetriesEveryError() bool { return p.has(everyError) }

// Overrides replaces numbers of a preset. A nil field leaves the preset's own.
type Overrides struct {
	Retries *int
	Base    *time.Duration
	Cap     *time.Duration
	Factor  *float64
	// Spread and SpreadBy are the width of the jitter, as in Settings.
	Spread   *float64
	SpreadBy *time.Duration
}

// All lists the presets: each library's defaults, followed by its variants.
func All() []Preset { return table() }

// Names lists the names of All.
func Names() []string {
	var names []string
	for _, p := range table() {
		names = append(names, p.Name)
	}
	return names
}

// ByName returns the preset of that name, or a *policy.InvalidError.
func ByName(name string) (Preset, error) {
	for _, p := range table() {
		if p.Name == name {
			return p, nil
		}
	}
	return Preset{}, &policy.InvalidError{
		Field: "preset", Value: name, Reason: policy.UnknownName, Allowed: strings.Join(Names(), ", "),
	}
}

// Variant reports whether the preset is something other than a library's defaults.
func (p Preset) Variant() bool { return strings.Contains(p.Name, "/") }

// With returns the preset with numbers replaced, or a *policy.InvalidError if they
// make no sense or the library has no such setting.
func (p Preset) With(o Overrides) (Preset, error) {
	s := &p.Settings
	replace(&s.Retries, o.Retries)
	replace(&s.Base, o.Base)
	replace(&s.Factor, o.Factor)
	replace(&s.Spread, o.Spread)
	replace(&s.SpreadBy, o.SpreadBy)
	for _, check := range []func(Overrides) error{p.numbers, p.offers} {
		if err := check(o); err != nil {
			return Preset{}, err
		}
	}
	replace(&s.Cap, o.Cap)
	if p.Name == "spring-retry/uniform" && s.Cap < s.Base {
		return Preset{}, &policy.InvalidError{
			Field: "base", Value: s.Base.String(), Reason: policy.AboveMaximum, Allowed: "0s to the cap of " + s.Cap.String(),
		}
	}
	return p, nil
}

func replace[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

// numbers checks what was overridden by the rules of a policy. A library's own cap
// may lie below an overridden base; that is then what it does.
func (p Preset) numbers(o Overrides) error {
	check := policy.Policy{Retries: max(0, p.Settings.Retries), Base: p.Settings.Base, Cap: policy.MaxWait, Factor: p.Settings.Factor}
	if o.Retries != nil {
		check.Retries = *o.Retries
	}
	replace(&check.Cap, o.Cap)
	if p.has(lowCap) {
		check.Cap = max(check.Cap, check.Base)
	}
	if err := check.Validate(); err != nil {
		return err
	}
	if err := policy.Within("spread", p.Settings.Spread, 0, 1); err != nil {
		return err
	}
	return policy.Within("spread-by", p.Settings.SpreadBy, 0, policy.MaxWait)
}

// offers refuses settings that the library does not have.
func (p Preset) offers(o Overrides) error {
	for _, c := range []struct {
		missing bool
		field   string
		value   any
		allowed string
	}{
		{o.Base != nil && p.has(noBase), "base", p.Settings.Base, "not with " + p.Title},
		{o.Cap != nil && p.has(noCap), "cap", deref(o.Cap), "not with " + p.Title},
		{o.Factor != nil && p.has(noFactor), "factor", p.Settings.Factor, "not with " + p.Title},
		{p.has(fixedFactor) && p.Settings.Factor != 1 && p.Settings.Factor != 2, "factor", p.Settings.Factor, "1 or 2 with " + p.Title},
		{o.Spread != nil && !p.has(spread), "spread", p.Settings.Spread, "not with " + p.Name},
		{o.SpreadBy != nil && !p.has(spreadBy), "spread-by", p.Settings.SpreadBy, "not with " + p.Name},
		{p.has(spread) && p.Settings.Spread > 0 && p.Settings.SpreadBy > 0, "spread-by", p.Settings.SpreadBy, "0s where there is a spread"},
	} {
		if c.missing {
			return &policy.InvalidError{Field: c.field, Value: fmt.Sprint(c.value), Reason: policy.NotInLibrary, Allowed: c.allowed}
		}
	}
	return nil
}

func deref[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

// Delays returns the first count waits, or fewer where the policy ends before.
// random returns a uniform draw from [0, 1) for each.
func (p Preset) Delays(count int, random func() float64) []time.Duration {
	limit := count
	if p.has(sorted) {
		// Sorting needs them all, as the library does.
		limit = policy.MaxRetries
	}
	delays := []time.Duration{}
	next := p.waits()
	var elapsed time.Duration
	for n := 0; n < limit && p.goesOn(n, elapsed); n++ {
		d := milliseconds(next(n, random()))
		if p.Settings.MaxElapsed > 0 && elapsed+d > p.Settings.MaxElapsed {
			break
		}
		delays = append(delays, d)
		elapsed = min(elapsed+d, longest)
	}
	if p.has(sorted) {
		sort.Slice(delays, func(i, j int) bool { return delays[i] < delays[j] })
	}
	return delays[:min(count, len(delays))]
}

// waits starts the waits of one operation.
func (p Preset) waits() func(n int, r float64) float64 {
	if p.sequence != nil {
		return p.sequence(p.Settings)
	}
	prev := 0.0
	return func(n int, r float64) float64 {
		prev = p.formula(p.Settings, n, prev, r)
		return prev
	}
}

func (p Preset) goesOn(n int, elapsed time.Duration) bool {
	if p.Settings.Retries != Unlimited && n >= p.Settings.Retries {
		return false
	}
	return p.Settings.MaxElapsed == 0 || elapsed <= p.Settings.MaxElapsed
}

// Attempts is how many calls an operation that keeps failing at once makes, and
// false if it never ends. Where only a time ends it, that depends on the draws.
func (p Preset) Attempts(random func() float64) (int, bool) {
	switch {
	case p.Settings.Retries != Unlimited:
		return p.Settings.Retries + 1, true
	case p.Settings.MaxElapsed > 0 && p.Settings.Base > 0:
		return len(p.Delays(1_000_000, random)) + 1, true
	}
	return 0, false
}

// Policy returns the preset as a policy of this lab. Its formula is the library's own,
// so that the waits are the same; only a library that looks at the draws before has
// none, and the nearest kind of jitter instead. Where a library has no limit of
// retries, the policy has the largest it accepts.
func (p Preset) Policy() policy.Policy {
	s := p.Settings
	nearest := policy.Policy{
		Retries: s.Retries, Base: s.Base, Cap: s.Cap, Factor: s.Factor,
		Jitter: p.jitter, JitterPct: 100 * s.Spread, Deadline: s.MaxElapsed,
	}
	if s.Retries == Unlimited {
		nearest.Retries = policy.MaxRetries
	}
	if s.Cap == 0 {
		nearest.Cap = policy.MaxWait
	}
	if f := p.formula; f != nil {
		nearest.Formula = func(n int, prev time.Duration, r float64) time.Duration {
			return milliseconds(f(s, n, ms(prev), r))
		}
	}
	return nearest
}

// longest stands for every longer wait. A number of milliseconds can express it
// exactly.
const longest = 100 * 365 * 24 * time.Hour

// milliseconds rounds to whole nanoseconds.
func milliseconds(ms float64) time.Duration {
	if ns := ms * float64(time.Millisecond); ns < float64(longest) {
		return time.Duration(ns + 0.5)
	}
	return longest
}
