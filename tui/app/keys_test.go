package app

import (
	"testing"

	"resilab/labs/i18n"
	"resilab/tui/widget"
)

// A key means one thing: no two bindings that are live at once share one.
func TestNoKeyMeansTwoThings(t *testing.T) {
	k := newKeymap()
	for _, focus := range []area{onKnobs, onLog, onCard} {
		seen := map[string]string{}
		for _, b := range append(append([]binding{}, k.everywhere...), k.parts[focus]...) {
			for _, name := range b.keys {
				if other, twice := seen[name]; twice {
					t.Errorf("%q means %s and %s", name, other, b.help)
				}
				seen[name] = b.help
			}
			if b.run == nil || b.show == "" {
				t.Errorf("%v: %+v", b.keys, b)
			}
		}
	}
}

func TestEveryTextIsInBothLanguages(t *testing.T) {
	var keys [][]string
	for _, lang := range i18n.Langs() {
		c, err := i18n.Load(lang, Texts)
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, c.Keys())
		k := newKeymap()
		for _, list := range [][]binding{k.everywhere, k.parts[onKnobs], k.parts[onLog]} {
			for _, b := range list {
				if !c.Has("ui.key." + b.help) {
					t.Errorf("%s has no ui.key.%s", lang, b.help)
				}
				if words := c.T("ui.key." + b.help); widget.Width(words) > helpColumn-helpKey-3 {
					t.Errorf("%s: %q is too long for the help", lang, words)
				}
			}
		}
	}
	if len(keys[0]) != len(keys[1]) {
		t.Errorf("%d texts in one language, %d in the other", len(keys[0]), len(keys[1]))
	}
	for i, key := range keys[0][:min(len(keys[0]), len(keys[1]))] {
		if key != keys[1][i] {
			t.Fatalf("%s is not in both languages", key)
		}
	}
}
