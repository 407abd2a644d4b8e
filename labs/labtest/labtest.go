// Package labtest holds every lab to the same promises: its declaration is
// sound, its texts are complete in both languages, its settings survive being
// written as flags, and its engine starts, measures, pauses and stops cleanly.
package labtest

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"resilab/labs/clock"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"resilab/labs/i18n"
	"resilab/labs/lab"
)

// Subject is a lab under test and a world for it to run in.
type Subject struct {
	Spec *lab.Spec
	New  lab.Factory
	Env  lab.Env
	// Moved is a metric that grows while the lab works.
	Moved string
}

// Run checks all promises.
func Run(t *testing.T, s Subject) {
	t.Run("declaration", func(t *testing.T) { checkDeclaration(t, s.Spec) })
	t.Run("texts", func(t *testing.T) { checkTexts(t, s.Spec) })
	t.Run("settings survive flags and JSON", func(t *testing.T) { checkRoundTrip(t, s.Spec) })
	t.Run("works, pauses, steps", func(t *testing.T) { checkWorks(t, s) })
	t.Run("every knob turns on the living lab", func(t *testing.T) { checkKnobs(t, s) })
	t.Run("stops twice", func(t *testing.T) { checkStop(t, s) })
	t.Run("a panic ends no other lab", func(t *testing.T) { checkCrash(t, s) })
}

var (
	knobID   = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
	metricID = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)
)

func checkDeclaration(t *testing.T, spec *lab.Spec) {
	if err := spec.Check(spec.Defaults()); err != nil {
		t.Errorf("the defaults are refused: %v", err)
	}
	seen := map[string]bool{}
	unique := func(kind, id string, form *regexp.Regexp) {
		if !form.MatchString(id) {
			t.Errorf("%s %q is not of the form %s", kind, id, form)
		}
		if seen[kind+id] {
			t.Errorf("%s %q is declared twice", kind, id)
		}
		seen[kind+id] = true
	}
	for _, k := range spec.Knobs {
		unique("knob", k.ID, knobID)
	}
	for _, k := range spec.Knobs {
		for _, need := range k.Needs {
			checkNeed(t, spec, k, need)
		}
	}
	cards := 0
	for _, m := range spec.Metrics {
		unique("metric", m.ID, metricID)
		if m.Card {
			cards++
		}
	}
	if cards == 0 {
		t.Error("no metric is important enough for a card")
	}
	for _, a := range spec.Actions {
		unique("action", a.ID, knobID)
	}
}

// checkNeed: what a knob shows with is declared, and not itself.
func checkNeed(t *testing.T, spec *lab.Spec, k lab.Knob, need lab.Need) {
	other, ok := spec.Knob(need.Knob)
	if !ok || other.ID == k.ID {
		t.Errorf("knob %s shows with %q, which is no other knob", k.ID, need.Knob)
	}
	for _, word := range need.Words {
		if !slices.Contains(other.Choices, word) {
			t.Errorf("knob %s shows with %s at %q, which is none of %v", k.ID, need.Knob, word, other.Choices)
		}
	}
}

// checkTexts: every declared thing has a text in every language, and both
// languages have the same keys with the same places.
func checkTexts(t *testing.T, spec *lab.Spec) {
	catalogues := map[i18n.Lang]*i18n.Catalogue{}
	for _, lang := range i18n.Langs() {
		c, err := i18n.Load(lang, spec.Texts)
		if err != nil {
			t.Fatal(err)
		}
		catalogues[lang] = c
		for _, key := range declaredKeys(spec) {
			if !c.Has(key) {
				t.Errorf("%s: no text for %s", lang, key)
			}
		}
		checkNames(t, spec, c)
	}
	SameTexts(t, catalogues[i18n.Spanish], catalogues[i18n.English])
}

// checkNames: on a screen a name is all that tells one knob, or one figure,
// from another.
func checkNames(t *testing.T, spec *lab.Spec, c *i18n.Catalogue) {
	var knobs, metrics []string
	for _, k := range spec.Knobs {
		knobs = append(knobs, spec.ID+".knob."+k.ID+".name")
	}
	for _, m := range spec.Metrics {
		metrics = append(metrics, spec.ID+".metric."+m.ID)
	}
	for _, keys := range [][]string{knobs, metrics} {
		names := map[string]string{}
		for _, key := range keys {
			name := strings.ToLower(c.T(key))
			if other, taken := names[name]; taken {
				t.Errorf("%s: %s and %s are both called %q", c.Lang(), other, key, name)
			}
			names[name] = key
		}
	}
}

func declaredKeys(spec *lab.Spec) []string {
	keys := []string{spec.ID + ".name", spec.ID + ".about"}
	for _, k := range spec.Knobs {
		keys = append(keys, spec.ID+".knob."+k.ID+".name", spec.ID+".knob."+k.ID+".help")
		if k.Group != "" {
			keys = append(keys, spec.ID+".group."+k.Group)
		}
		for _, c := range k.Choices {
			keys = append(keys, spec.ID+".choice."+k.ID+"."+c)
		}
	}
	for _, m := range spec.Metrics {
		keys = append(keys, spec.ID+".metric."+m.ID)
	}
	for _, a := range spec.Actions {
		keys = append(keys, spec.ID+".action."+a.ID)
	}
	return keys
}

var place = regexp.MustCompile(`\{\d+\}`)

// SameTexts fails where two languages differ in their keys or in the places
// of a text.
func SameTexts(t *testing.T, a, b *i18n.Catalogue) {
	t.Helper()
	for _, key := range a.Keys() {
		if !b.Has(key) {
			t.Errorf("%s has no text for %s", b.Lang(), key)
			continue
		}
		pa, pb := places(a.T(key)), places(b.T(key))
		if !slices.Equal(pa, pb) {
			t.Errorf("%s has the places %v in %s and %v in %s", key, pa, a.Lang(), pb, b.Lang())
		}
	}
	for _, key := range b.Keys() {
		if !a.Has(key) {
			t.Errorf("%s has no text for %s", a.Lang(), key)
		}
	}
}

func places(text string) []string {
	p := place.FindAllString(text, -1)
	slices.Sort(p)
	return slices.Compact(p)
}

func checkRoundTrip(t *testing.T, spec *lab.Spec) {
	for _, k := range spec.Knobs {
		for _, v := range []lab.Value{k.Default, k.Next(k.Default, 1, false), k.Next(k.Default, -1, true)} {
			back, err := k.Parse(v.String())
			if err != nil || back.String() != v.String() {
				t.Errorf("--%s %s is read back as %s, %v", k.ID, v, back, err)
			}
		}
	}
	raw, err := json.Marshal(spec.Defaults())
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	if err := json.Unmarshal(raw, &fields); err != nil {
		t.Fatal(err)
	}
	for _, k := range spec.Knobs {
		v, ok := fields[k.ID]
		if !ok {
			t.Errorf("knob %s is missing in JSON", k.ID)
			continue
		}
		if back, err := k.Parse(fmt.Sprint(v)); err != nil || back.String() != k.Default.String() {
			t.Errorf("knob %s: JSON %v is read back as %s, %v", k.ID, v, back, err)
		}
	}
}

const patience = 20 * time.Second

func start(t *testing.T, s Subject) lab.Lab {
	t.Helper()
	if s.Env.Clock == nil {
		s.Env.Clock = clock.New(nil)
	}
	l := s.New(s.Env)
	if err := l.Start(t.Context(), s.Spec.Defaults(), 1); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, l) })
	return l
}

func stop(t *testing.T, l lab.Lab) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := l.Stop(ctx); err != nil {
		t.Error(err)
	}
}

// await polls until ok holds for the lab's snapshot.
func await(t *testing.T, l lab.Lab, what string, ok func(*lab.Snapshot) bool) *lab.Snapshot {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		snap := l.Snapshot()
		if ok(snap) {
			return snap
		}
		if time.Now().After(deadline) {
			t.Fatalf("waited %s in vain until %s; metrics %v, troubles %v", patience, what, snap.Metrics, snap.Troubles)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func checkWorks(t *testing.T, s Subject) {
	l := start(t, s)
	moved := func(n float64) func(*lab.Snapshot) bool {
		return func(snap *lab.Snapshot) bool { return snap.Metrics[s.Moved] >= n }
	}
	await(t, l, "it works", moved(3))
	l.Pause()
	rested := await(t, l, "it has come to rest", func(snap *lab.Snapshot) bool { return snap.InFlight == 0 })
	before := rested.Metrics[s.Moved]
	l.Step()
	await(t, l, "one step is done", moved(before+1))
	l.Resume()
	snap := await(t, l, "it works again", moved(before+3))
	if snap.EventTotal == 0 {
		t.Error("it works without a line in its log")
	}
	for id := range snap.Metrics {
		if _, ok := s.Spec.Metric(id); !ok {
			t.Errorf("metric %s is measured but not declared", id)
		}
	}
	checkEventTexts(t, s.Spec, snap)
}

func checkEventTexts(t *testing.T, spec *lab.Spec, snap *lab.Snapshot) {
	for _, lang := range i18n.Langs() {
		c, err := i18n.Load(lang, spec.Texts)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range snap.Events {
			if !c.Has(e.Key) {
				t.Errorf("%s: no text for the event %s", lang, e.Key)
			}
		}
		for _, n := range snap.Notes {
			if !c.Has(n.Key) {
				t.Errorf("%s: no text for the note %s", lang, n.Key)
			}
		}
	}
}

// checkKnobs turns each knob one step from its default and back.
func checkKnobs(t *testing.T, s Subject) {
	l := start(t, s)
	for _, k := range s.Spec.Knobs {
		if k.Setup {
			continue
		}
		for _, v := range []lab.Value{k.Next(k.Default, 1, false), k.Next(k.Default, -1, false)} {
			settings := s.Spec.Defaults().With(k.ID, v)
			if s.Spec.Check(settings) != nil {
				continue // forbidden by a rule beside this knob's default
			}
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			err := l.Apply(ctx, settings)
			cancel()
			if err != nil {
				t.Errorf("turning %s to %s: %v", k.ID, v, err)
			}
		}
	}
	if err := l.Apply(t.Context(), s.Spec.Defaults()); err != nil {
		t.Fatal(err)
	}
	await(t, l, "it works with its defaults again", func(snap *lab.Snapshot) bool { return snap.Metrics[s.Moved] >= 1 })
}

// checkCrash: where labs of many people share a process, what panics in a
// goroutine of one is led to who asked for it, and the lab can still be left.
func checkCrash(t *testing.T, s Subject) {
	var armed atomic.Bool
	s.Env.Clock = clock.New(func() time.Time {
		if armed.CompareAndSwap(true, false) {
			panic("the clock has stopped")
		}
		return time.Now()
	})
	crashed := make(chan any, 1)
	s.Env.Crashed = func(reason any, stack []byte) {
		if len(stack) == 0 {
			t.Error("a crash without a stack")
		}
		crashed <- reason
	}
	l := start(t, s)
	armed.Store(true)
	select {
	case reason := <-crashed:
		if reason != "the clock has stopped" {
			t.Errorf("crashed by %v", reason)
		}
	case <-time.After(patience):
		t.Error("nobody heard of the panic")
	}
	stop(t, l)
}

func checkStop(t *testing.T, s Subject) {
	l := start(t, s)
	stop(t, l)
	stop(t, l)
	if l.Snapshot() == nil {
		t.Error("a stopped lab has no snapshot")
	}
}
