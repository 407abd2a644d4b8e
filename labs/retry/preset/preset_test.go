package preset_test

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"resilab/labs/retry/policy"
	"resilab/labs/retry/preset"
)

func pointer[T any](v T) *T { return &v }

// Without jitter the common policy gives the same waits in every library.
func TestCommonPolicyIsTheSameInEveryLibrary(t *testing.T) {
	common := preset.Overrides{
		Retries: pointer(6), Base: pointer(100 * time.Millisecond), Cap: pointer(time.Second), Factor: pointer(2.0),
	}
	for _, name := range []string{
		"async-retry/no-randomize", "promise-retry", "spring-retry", "spring-7", "resilience4j", "polly",
		"tenacity", "jpillora", "failsafe-go", "sethvargo", "exponential",
	} {
		p, err := preset.ByName(name)
		if err != nil {
			t.Fatal(err)
		}
		if p, err = p.With(common); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		text, err := json.Marshal(p.Schedule(6, 0.5))
		want := `{"preset":"` + name + `","attempts":7,"delays_ms":[100,200,400,800,1000,1000]}`
		if err != nil || string(text) != want {
			t.Errorf("%s, %v; want %s", text, err, want)
		}
	}
}

func TestScheduleJSON(t *testing.T) {
	for name, want := range map[string]string{
		"async-retry":  `{"preset":"async-retry","attempts":11,"delays_ms":[1500,3000,6000]}`,
		"spring-retry": `{"preset":"spring-retry","attempts":3,"delays_ms":[1000,1000]}`,
		"tenacity":     `{"preset":"tenacity","attempts":null,"delays_ms":[0,0,0]}`,
	} {
		p, err := preset.ByName(name)
		if err != nil {
			t.Fatal(err)
		}
		if text, err := json.Marshal(p.Schedule(3, 0.5)); err != nil || string(text) != want {
			t.Errorf("%s, %v; want %s", text, err, want)
		}
	}
}

func TestInvalidValuesAreRefused(t *testing.T) {
	cases := []struct {
		name, field string
		overrides   preset.Overrides
	}{
		{"async-retry", "retries", preset.Overrides{Retries: pointer(-1)}},
		{"async-retry", "base", preset.Overrides{Base: pointer(-time.Second)}},
		{"async-retry", "cap", preset.Overrides{Cap: pointer(time.Millisecond)}},
		{"async-retry", "factor", preset.Overrides{Factor: pointer(0.5)}},
		{"polly", "factor", preset.Overrides{Factor: pointer(3.0)}},
	}
	for _, c := range cases {
		p, err := preset.ByName(c.name)
		if err != nil {
			t.Fatal(err)
		}
		var invalid *policy.InvalidError
		if _, err := p.With(c.overrides); !errors.As(err, &invalid) || invalid.Field != c.field {
			t.Errorf("%s: got %v, want %s refused", c.name, err, c.field)
		}
	}
	if _, err := preset.ByName("homemade"); err == nil {
		t.Error("an unknown preset is known")
	}
}

func TestEveryPresetGivesAValidPolicy(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range preset.All() {
		if seen[p.Name] || p.Title == "" || p.Version == "" || p.Language == "" {
			t.Errorf("%s: a duplicate, or incomplete: %+v", p.Name, p)
		}
		seen[p.Name] = true
		nearest := p.Policy()
		if err := nearest.Validate(); err != nil {
			t.Errorf("%s: %v", p.Name, err)
		}
	}
}

// The knob of a preset and the command schedule must show the same waits: there is
// one table for both. Polly's exponential jitter is not a knob, because it depends on
// the draws before.
func TestPolicyWaitsLikeTheLibrary(t *testing.T) {
	for _, p := range preset.All() {
		nearest := p.Policy()
		if p.Name == "polly/exponential-jitter" {
			continue
		}
		for _, r := range []float64{0, 0.25, 0.5, 0.999} {
			waits := nearest.Schedule()
			for n, want := range p.Delays(12, func() float64 { return r }) {
				if got, _ := waits.Next(func() float64 { return r }); got != want {
					t.Errorf("%s, r = %v: wait %d is %v, the library's %v", p.Name, r, n, got, want)
				}
			}
		}
	}
}

// Whatever flags are accepted, the waits are times: not negative, not NaN, and not
// too long to be written down.
func TestSchedulesAreValidDurations(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, err := preset.ByName(rapid.SampledFrom(preset.Names()).Draw(t, "preset"))
		if err != nil {
			t.Fatal(err)
		}
		p, err = p.With(anyOverrides(t))
		if err != nil {
			var invalid *policy.InvalidError
			if !errors.As(err, &invalid) || invalid.Allowed == "" {
				t.Fatalf("refused with %v", err)
			}
			return
		}
		s := p.Schedule(rapid.IntRange(1, 1000).Draw(t, "count"), rapid.Float64Range(0, 0.999999).Draw(t, "r"))
		for n, ms := range s.DelaysMS {
			back := time.Duration(ms * float64(time.Millisecond))
			if !(ms >= 0) || math.IsInf(ms, 0) || back < 0 || float64(back) > 3.2e18 {
				t.Fatalf("wait %d is %v ms", n, ms)
			}
		}
		if s.Attempts != nil && *s.Attempts < 1 {
			t.Fatalf("%d attempts", *s.Attempts)
		}
		if _, err := json.Marshal(s); err != nil {
			t.Fatal(err)
		}
	})
}

// A base of 0 is a short wait in every library, and none that has no end: 0/0 would be
// the longest wait there is.
func TestABaseOfZeroIsAShortWait(t *testing.T) {
	for _, p := range preset.All() {
		for _, width := range []*time.Duration{nil, pointer(time.Duration(0)), pointer(time.Second)} {
			zero, err := p.With(preset.Overrides{Base: pointer(time.Duration(0)), SpreadBy: width})
			var missing *policy.InvalidError
			if errors.As(err, &missing) && missing.Reason == policy.NotInLibrary {
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range zero.Delays(3, func() float64 { return 0.5 }) {
				if d > 5*time.Minute {
					t.Errorf("%s waits %v with a base of 0", p.Name, d)
				}
			}
		}
	}
}

// Resilience4j 2.4 draws from 250 to 751 ms and cuts the fraction off, so that both
// ends can come (IntervalFunctionCompanion.randomize).
func TestResilience4jDrawsBothEnds(t *testing.T) {
	p, err := preset.ByName("resilience4j/random")
	if err != nil {
		t.Fatal(err)
	}
	for r, want := range map[float64]float64{0: 250, 0.5: 500, 0.999: 750} {
		if got := p.Schedule(1, r).DelaysMS[0]; got != want {
			t.Errorf("r = %v: %v ms, want %v", r, got, want)
		}
	}
}

func anyOverrides(t *rapid.T) (o preset.Overrides) {
	wait := func(name string) *time.Duration {
		return pointer(rapid.SampledFrom([]time.Duration{0, 1, time.Microsecond, 100 * time.Millisecond, time.Second, time.Hour}).Draw(t, name))
	}
	given := func(name string) bool { return rapid.Bool().Draw(t, name+" given") }
	if given("retries") {
		o.Retries = pointer(rapid.IntRange(0, policy.MaxRetries).Draw(t, "retries"))
	}
	if given("base") {
		o.Base = wait("base")
	}
	if given("cap") {
		o.Cap = wait("cap")
	}
	if given("factor") {
		o.Factor = pointer(rapid.SampledFrom([]float64{1, 1.5, 2, 100}).Draw(t, "factor"))
	}
	if given("spread") {
		o.Spread = pointer(rapid.Float64Range(0, 1).Draw(t, "spread"))
	}
	if given("spread-by") {
		o.SpreadBy = wait("spread-by")
	}
	return o
}

func TestALibraryHasOnlyItsOwnSettings(t *testing.T) {
	second, low := time.Second, time.Millisecond
	for _, c := range []struct {
		name, field string
		o           preset.Overrides
	}{
		{"aws-sdk-go-v2/legacy", "base", preset.Overrides{Base: &second}},
		{"aws-sdk-go-v2/throttled", "base", preset.Overrides{Base: &second}},
		{"aws-sdk-go-v2", "factor", preset.Overrides{Factor: pointer(1.0)}},
		{"stripe-node", "cap", preset.Overrides{Cap: &second}},
		{"spring-retry/uniform", "base", preset.Overrides{Base: pointer(2 * time.Second)}},
		{"polly", "spread", preset.Overrides{Spread: pointer(0.5)}},
		{"promise-retry", "spread-by", preset.Overrides{SpreadBy: &second}},
		{"failsafe-go", "spread-by", preset.Overrides{Spread: pointer(0.5), SpreadBy: &second}},
		{"promise-retry", "cap", preset.Overrides{Cap: &low}},
	} {
		p, err := preset.ByName(c.name)
		if err != nil {
			t.Fatal(err)
		}
		var invalid *policy.InvalidError
		if _, err := p.With(c.o); !errors.As(err, &invalid) || invalid.Field != c.field {
			t.Errorf("%s: %v, want %s refused", c.name, err, c.field)
		}
	}
}

// jpillora/backoff takes a base of 0 for its default, with and without jitter, and
// the variants that are named after a jitter have one.
func TestVariantsMatchTheirNames(t *testing.T) {
	zero := time.Duration(0)
	for _, name := range []string{"jpillora", "jpillora/jitter"} {
		p, _ := preset.ByName(name)
		p, err := p.With(preset.Overrides{Base: &zero})
		if err != nil || p.Delays(1, func() float64 { return 0 })[0] != 100*time.Millisecond {
			t.Errorf("%s with a base of 0: %v, %v", name, p.Delays(1, func() float64 { return 0 }), err)
		}
	}
	for _, p := range preset.All() {
		if !strings.Contains(p.Name, "jitter") || strings.HasPrefix(p.Name, "jpillora") {
			continue
		}
		lo, hi := p.Delays(1, func() float64 { return 0 }), p.Delays(1, func() float64 { return 0.9 })
		if lo[0] == hi[0] {
			t.Errorf("%s: the first wait is %v whatever the draw", p.Name, lo[0])
		}
	}
}
