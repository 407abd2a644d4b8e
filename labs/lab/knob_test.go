package lab

import (
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// knobs of every kind, as the labs declare them.
func sampleKnobs() []Knob {
	return []Knob{
		NewInt("retries", 3, 0, 10),
		NewFloat("factor", 2, 1, 5, 0.1, 1),
		NewFraction("failure-rate", 0.18),
		NewDuration("base", 100*time.Millisecond, time.Millisecond, 10*time.Second),
		NewDuration("latency", 0, 0, 5*time.Second),
		NewRate("rate", 20, 0, 1000),
		NewChoice("jitter", "none", "full", "equal"),
		NewBool("classify", true),
		NewText("http-addr", "127.0.0.1:3000"),
	}
}

func TestKnobParse(t *testing.T) {
	spec := &Spec{ID: "x", Knobs: sampleKnobs()}
	for _, tc := range []struct{ id, in, want string }{
		{"retries", "5", "5"},
		{"factor", "1.5", "1.5"},
		{"failure-rate", "0.25", "0.25"},
		{"failure-rate", "25%", "0.25"},
		{"failure-rate", "25 %", "0.25"},
		{"base", "1.5s", "1.5s"},
		{"base", "200 ms", "200ms"},
		{"latency", "0", "0s"},
		{"jitter", "full", "full"},
		{"classify", "off", "false"},
		{"classify", "sí", "true"},
		{"http-addr", "[::1]:80", "[::1]:80"},
	} {
		k, _ := spec.Knob(tc.id)
		v, err := k.Parse(tc.in)
		if err != nil || v.String() != tc.want {
			t.Errorf("%s: Parse(%q) = %s, %v; want %s", tc.id, tc.in, v, err, tc.want)
		}
	}
}

func TestKnobRefusesWithWhatIsAllowed(t *testing.T) {
	spec := &Spec{ID: "x", Knobs: sampleKnobs()}
	for _, tc := range []struct{ id, in, allowed string }{
		{"retries", "11", "0..10"},
		{"retries", "-1", "0..10"},
		{"retries", "tres", "0..10"},
		{"retries", "", "0..10"},
		{"retries", "1e99", "0..10"},
		{"factor", "NaN", "1..5"},
		{"factor", "Inf", "1..5"},
		{"failure-rate", "101%", "0..1"},
		{"base", "0s", "1ms..10s"},
		{"base", "5", "1ms..10s"},
		{"jitter", "FULL", "none|full|equal"},
		{"classify", "maybe", "true|false"},
	} {
		k, _ := spec.Knob(tc.id)
		_, err := k.Parse(tc.in)
		var ke *KnobError
		if !errors.As(err, &ke) {
			t.Errorf("%s: Parse(%q) = %v, want a *KnobError", tc.id, tc.in, err)
			continue
		}
		if ke.Knob != tc.id || ke.Allowed != tc.allowed {
			t.Errorf("%s: Parse(%q): %+v, want allowed %s", tc.id, tc.in, ke, tc.allowed)
		}
	}
}

func TestKnobSteps(t *testing.T) {
	spec := &Spec{ID: "x", Knobs: sampleKnobs()}
	for _, tc := range []struct {
		id, from string
		dir      int
		coarse   bool
		want     string
	}{
		{"retries", "3", 1, false, "4"},
		{"retries", "10", 1, false, "10"},
		{"retries", "0", -1, false, "0"},
		{"failure-rate", "0.29", 1, false, "0.3"},
		{"failure-rate", "0.95", 1, true, "1"},
		{"base", "100ms", 1, false, "200ms"},
		{"base", "200ms", 1, false, "500ms"},
		{"base", "100ms", -1, false, "50ms"},
		{"base", "130ms", -1, false, "100ms"},
		{"base", "130ms", 1, false, "200ms"},
		{"base", "100ms", 1, true, "1s"},
		{"base", "1ms", -1, false, "1ms"},
		{"latency", "0s", 1, false, "1ms"},
		{"latency", "1ms", -1, false, "0s"},
		{"latency", "5s", 1, true, "5s"},
		{"rate", "1", -1, false, "0"},
		{"rate", "0", 1, true, "1"},
		{"jitter", "equal", 1, false, "none"},
		{"jitter", "none", -1, true, "equal"},
		{"classify", "true", 1, false, "false"},
	} {
		k, _ := spec.Knob(tc.id)
		from, err := k.Parse(tc.from)
		if err != nil {
			t.Fatal(err)
		}
		if got := k.Next(from, tc.dir, tc.coarse).String(); got != tc.want {
			t.Errorf("%s: %s %+d coarse=%v → %s, want %s", tc.id, tc.from, tc.dir, tc.coarse, got, tc.want)
		}
	}
}

// Whatever keys are pressed, a knob stays in its range, its value survives
// being written as a flag, and its position stays on the bar.
func TestKnobWalk(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k := rapid.SampledFrom(sampleKnobs()).Draw(t, "knob")
		v := k.Default
		for range rapid.IntRange(0, 60).Draw(t, "steps") {
			dir := rapid.SampledFrom([]int{-1, 1}).Draw(t, "dir")
			next := k.Next(v, dir, rapid.Bool().Draw(t, "coarse"))
			if err := k.Check(next); err != nil {
				t.Fatal(err)
			}
			if p := k.Position(next); p < 0 || p > 1 {
				t.Fatalf("position %v of %s", p, next)
			}
			back, err := k.Parse(next.String())
			if err != nil || back.String() != next.String() {
				t.Fatalf("%s is read back as %s, %v", next, back, err)
			}
			v = next
		}
	})
}

func TestSpecCheck(t *testing.T) {
	spec := &Spec{ID: "x", Knobs: sampleKnobs(), Rules: func(s Settings) error {
		if s.Int("retries") > 5 && s.Bool("classify") {
			return &KnobError{Knob: "retries", Value: "6", Allowed: "0..5"}
		}
		return nil
	}}
	if err := spec.Check(spec.Defaults()); err != nil {
		t.Fatal(err)
	}
	for name, s := range map[string]Settings{
		"an unknown knob": spec.Defaults().With("nope", IntValue(1)),
		"a wrong kind":    spec.Defaults().With("base", IntValue(1)),
		"a broken rule":   spec.Defaults().With("retries", IntValue(6)),
		"a missing knob":  {},
	} {
		if spec.Check(s) == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

// TestStepPassesOverWhatIsRefused: a choice behind one that does not fit the other
// settings can be reached with the arrows.
func TestStepPassesOverWhatIsRefused(t *testing.T) {
	refused := map[string]bool{}
	spec := &Spec{ID: "x", Knobs: sampleKnobs(), Rules: func(s Settings) error {
		if refused[s.Text("jitter")] {
			return &KnobError{Knob: "jitter", Value: s.Text("jitter"), Allowed: "with something else"}
		}
		return nil
	}}
	for _, c := range []struct {
		refused   []string
		dir       int
		from, end string
	}{
		{nil, 1, "none", "full"},
		{[]string{"full"}, 1, "none", "equal"},
		{[]string{"full"}, -1, "equal", "none"},
		{[]string{"none"}, 1, "equal", "full"},
		{[]string{"full", "equal"}, 1, "none", "full"}, // all others: the refusal says why
	} {
		clear(refused)
		for _, v := range c.refused {
			refused[v] = true
		}
		if got := spec.Step(spec.Defaults().With("jitter", ChoiceValue(c.from)), "jitter", c.dir, false).Text(); got != c.end {
			t.Errorf("%v refused: from %s by %d to %s, want %s", c.refused, c.from, c.dir, got, c.end)
		}
	}
	if got := spec.Step(spec.Defaults(), "retries", 1, false).Int(); got != 4 {
		t.Errorf("retries: %d", got)
	}
}

func TestLogKeepsTheNewest(t *testing.T) {
	now := time.Unix(0, 0)
	l := NewLog(3, func() time.Time { return now })
	for i := range 5 {
		now = now.Add(time.Second)
		l.Add(MarkInfo, "k", i)
	}
	events, total := l.Last(10)
	if total != 5 || len(events) != 3 {
		t.Fatalf("%d events of %d", len(events), total)
	}
	for i, e := range events {
		if e.Args[0] != i+2 || e.Seq != uint64(i+3) || e.At != time.Duration(i+3)*time.Second {
			t.Errorf("event %d: %+v", i, e)
		}
	}
}

// A bar on a log scale leaves room for the small values and does not change the steps.
func TestLogBarSpreadsSmallValues(t *testing.T) {
	k := NewInt("retries", 3, 0, 100)
	k.LogBar = true
	if p := k.Position(k.Default); p < 0.2 || p > 0.5 {
		t.Errorf("3 of 100 stands at %v of the bar", p)
	}
	if lo, hi := k.Position(k.Min), k.Position(k.Max); lo != 0 || hi != 1 {
		t.Errorf("the ends stand at %v and %v", lo, hi)
	}
	if next := k.Next(IntValue(3), 1, false); next.Int() != 4 {
		t.Errorf("a step up from 3 is %v", next)
	}
}
