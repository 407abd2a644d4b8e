package labtest

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"resilab/labs/i18n"
	"resilab/labs/lab"
)

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
		checkEffect(t, spec, k)
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
	if _, ok := spec.Metric(spec.Work); !ok {
		t.Errorf("Work is %q, which is no metric of the lab", spec.Work)
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

// checkEffect: a knob has an experiment that can be made, or a reason for none.
func checkEffect(t *testing.T, spec *lab.Spec, k lab.Knob) {
	e := k.Effect
	if e.Metric == "" {
		if e.Unmeasured == "" {
			t.Errorf("knob %s has no effect: declare one with Moves, or say with Unmeasured why not", k.ID)
		}
		return
	}
	if _, ok := spec.Metric(e.Metric); !ok {
		t.Errorf("knob %s moves %q, which is no metric", k.ID, e.Metric)
	}
	before, after, err := spec.Experiment(k)
	if err != nil {
		t.Error(err)
	} else if before[k.ID] == after[k.ID] {
		t.Errorf("knob %s: its experiment does not turn it: %s", k.ID, e.To)
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

// checkNames: no two knobs and no two metrics have the same name on the screen.
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
