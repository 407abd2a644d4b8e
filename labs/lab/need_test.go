package lab

import "testing"

func TestKnobsShowWithOthers(t *testing.T) {
	spec := &Spec{ID: "x", Knobs: []Knob{
		NewInt("plain", 0, 0, 9),
		NewChoice("strategy", "none", "early", "lease"),
		NewBool("breaker", false),
		NewText("url", ""),
		NewInt("beta", 1, 0, 9).With("strategy", "early"),
		NewInt("open", 1, 0, 9).With("breaker"),
		NewInt("any", 1, 0, 9).With("strategy").With("plain").With("url"),
	}}
	for _, tc := range []struct {
		knob, turned string
		to           Value
		shows        bool
	}{
		{"plain", "plain", IntValue(0), true},
		{"beta", "strategy", ChoiceValue("none"), false},
		{"beta", "strategy", ChoiceValue("lease"), false},
		{"beta", "strategy", ChoiceValue("early"), true},
		{"open", "plain", IntValue(1), false},
		{"open", "breaker", BoolValue(true), true},
		{"any", "breaker", BoolValue(true), false},
		{"any", "plain", IntValue(1), true},
		{"any", "url", TextValue("http://127.0.0.1"), true},
		{"any", "strategy", ChoiceValue("lease"), true},
	} {
		k, _ := spec.Knob(tc.knob)
		if got := spec.Shows(k, spec.Defaults().With(tc.turned, tc.to)); got != tc.shows {
			t.Errorf("%s shows with %s at %v: %v", tc.knob, tc.turned, tc.to, got)
		}
	}
}
