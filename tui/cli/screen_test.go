package cli

import (
	"testing"

	"resilab/labs"
	"resilab/labs/i18n"
	"resilab/tui/widget"
)

// At 80x24 the panel has three rows of 34 cells for what the chosen knob does.
func TestHelpsOfKnobsFitTheSmallestPanel(t *testing.T) {
	for _, lang := range i18n.Langs() {
		text, err := Catalogue(lang)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range labs.All() {
			for _, k := range e.Spec.Knobs {
				if rows := widget.Wrap(text.T(e.Spec.ID+".knob."+k.ID+".help"), 34); !k.Setup && len(rows) > 3 {
					t.Errorf("%s, %s of %s: %q", lang, k.ID, e.Spec.ID, rows)
				}
			}
		}
	}
}
