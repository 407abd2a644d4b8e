package labtest

import (
	"testing"

	"resilab/labs/lab"
)

// Settings returns the defaults of a lab with changes, written as flags are. It
// ends the test if the lab refuses them.
func Settings(tb testing.TB, spec *lab.Spec, changes map[string]string) lab.Settings {
	tb.Helper()
	given := lab.Settings{}
	for id, text := range changes {
		k, ok := spec.Knob(id)
		if !ok {
			tb.Fatalf("no knob %s", id)
		}
		v, err := k.Parse(text)
		if err != nil {
			tb.Fatal(err)
		}
		given[id] = v
	}
	s := spec.Complete(given)
	if err := spec.Check(s); err != nil {
		tb.Fatal(err)
	}
	return s
}
