package preset_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"

	"resilab/labs/retry/policy"
	"resilab/labs/retry/preset"
)

func pointer[T any](v T) *T { return &v }

// Without jitter the common policy gives the same waits in every library.
func TestTheCommonPolicyIsTheSameEverywhere(t *testing.T) {
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

func TestNonsenseIsRefused(t *testing.T) {
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

// Where the lab's policy claims the same formula, it must also give the same waits.
func TestThePolicyWaitsAsTheLibrary(t *testing.T) {
	exact := []string{
		"async-retry", "async-retry/no-randomize", "promise-retry", "promise-retry/randomize", "jpillora", "jpillora/jitter",
		"tenacity/exponential", "tenacity/random-exponential", "aws-sdk-go-v2", "sethvargo/full-jitter",
		"exponential", "full-jitter", "equal-jitter", "decorrelated-jitter", "spring-retry", "spring-retry/exponential-random",
	}
	rapid.Check(t, func(t *rapid.T) {
		p, err := preset.ByName(rapid.SampledFrom(exact).Draw(t, "preset"))
		if err != nil {
			t.Fatal(err)
		}
		r := rapid.Float64Range(0, 0.99).Draw(t, "r")
		nearest := p.Policy()
		waits := nearest.Schedule()
		for n, want := range p.Delays(8, func() float64 { return r }) {
			got, _ := waits.Next(func() float64 { return r })
			// The libraries of Java and JavaScript know whole milliseconds only.
			if diff := (got - min(want, policy.MaxWait)).Abs(); diff > time.Millisecond {
				t.Fatalf("%s: wait %d is %v, the library's %v", p.Name, n, got, want)
			}
		}
	})
}
