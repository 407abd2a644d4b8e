package retry

import (
	"errors"
	"strings"
	"testing"

	"resilab/labs/i18n"
	"resilab/labs/lab"
	"resilab/labs/retry/export"
)

func TestCode(t *testing.T) {
	spec := Spec()
	for _, name := range export.Names() {
		for _, lang := range i18n.Langs() {
			code, err := Code(lang, name, spec.Defaults())
			if err != nil || len(code) < 100 {
				t.Errorf("%s, %s: %q, %v", name, lang, code, err)
			}
		}
	}
	few, err := Code(i18n.English, "cenkalti", spec.Defaults().With("retries", lab.IntValue(7)))
	if err != nil || !strings.Contains(few, "8 attempts are 7 retries") {
		t.Errorf("the knob does not reach the program: %v\n%s", err, few)
	}
	var ke *lab.KnobError
	if _, err := Code(i18n.English, "nope", spec.Defaults()); !errors.As(err, &ke) || ke.Knob != "to" {
		t.Errorf("an unknown library: %v", err)
	}
}

func TestLibraryOf(t *testing.T) {
	spec := Spec()
	if got := LibraryOf(spec.Defaults()); got != CourseLibrary {
		t.Errorf("no preset: %s", got)
	}
	if got := LibraryOf(spec.Turn(spec.Defaults(), "preset", lab.ChoiceValue("polly"))); got != "polly" {
		t.Errorf("preset polly: %s", got)
	}
}
