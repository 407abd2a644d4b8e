package export_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"resilab/labs/i18n"
	"resilab/labs/retry/export"
	"resilab/labs/retry/policy"
)

// plain is the lab's first policy and nothing else.
func plain() export.Settings {
	return export.Settings{
		Policy: policy.Policy{
			Retries: 3, Base: 20 * time.Millisecond, Cap: 200 * time.Millisecond, Factor: 2,
			AttemptTimeout: 30 * time.Second, // which no busy machine reaches
		},
		Classify: true, URL: "http://127.0.0.1:8080",
	}
}

// variants are settings that between them use every branch of the templates.
func variants() map[string]export.Settings {
	all := map[string]export.Settings{"plain": plain()}
	for _, name := range policy.JitterNames()[1:] {
		s := plain()
		s.Policy.Jitter, _ = policy.ParseJitter(name)
		s.Policy.JitterPct = 25
		all[name] = s
	}
	full := plain()
	full.Policy.Jitter, full.Policy.HonorRetryAfter, full.Policy.Deadline = policy.Full, true, 20*time.Second
	full.Budget, full.Fallback, full.Idempotency, full.Hedge = "aws", export.FallbackQueue, true, 5*time.Second
	full.Breaker = &policy.BreakerSpec{Failures: 50, OpenFor: 5 * time.Second, Probes: 1}
	all["everything"] = full

	odd := plain()
	odd.Policy.Base, odd.Policy.Factor, odd.Policy.Jitter, odd.Policy.AttemptTimeout = 0, 1, policy.Equal, 0
	odd.Policy.HonorRetryAfter, odd.Classify, odd.Fallback = true, false, export.FallbackCached
	odd.Breaker = &policy.BreakerSpec{Rate: 0.5, MinCalls: 100, Window: 30 * time.Second, OpenFor: 5 * time.Second, Probes: 1}
	all["odd"] = odd

	factor := plain()
	factor.Policy.Factor, factor.Policy.HonorRetryAfter = 1.5, true
	all["factor"] = factor
	return all
}

func code(t interface {
	Helper()
	Fatal(...any)
}, lang i18n.Lang, name string, s export.Settings) string {
	t.Helper()
	program, err := export.Code(lang, name, s)
	if err != nil {
		t.Fatal(err)
	}
	return program
}

func TestEveryLibraryGetsAProgramInBothLanguages(t *testing.T) {
	for _, name := range export.Names() {
		for variant, s := range variants() {
			english, spanish := code(t, i18n.English, name, s), code(t, i18n.Spanish, name, s)
			for _, program := range []string{english, spanish} {
				if strings.Contains(program, "export.") || strings.Contains(program, "no value") || strings.Contains(program, "// std") {
					t.Errorf("%s, %s: something is missing:\n%s", name, variant, program)
				}
			}
			if english == spanish {
				t.Errorf("%s, %s: the comments are the same in both languages", name, variant)
			}
		}
	}
}

func TestProgramNotesUnsupportedSettings(t *testing.T) {
	everything := variants()["everything"]
	everything.Budget = "grpc"
	decorrelated := variants()["decorrelated"]
	blind := plain()
	blind.Classify = false
	cases := []struct {
		name  string
		s     export.Settings
		wants []string
		never []string
	}{
		{"async-retry", everything, []string{"Retry-After", "«grpc»", "circuit breaker", "hedging", "deadline"}, []string{"counts the first call"}},
		{"spring-retry", everything, []string{"«full»: this is «randomize»", "4 attempts are 3 retries", "Retry-After", "«grpc»", "deadline"}, nil},
		{"resilience4j", everything, []string{"hedging", "opens by the share"}, []string{"ignores Retry-After"}},
		{"failsafe-go", everything, []string{"«grpc»"}, []string{"no hedging", "no circuit breaker", "ignores Retry-After"}},
		{"aws-sdk-go-v2", everything, []string{"«grpc»", "ignores Retry-After"}, nil},
		{"polly", decorrelated, []string{"«decorrelated»: this is «full»"}, nil},
		{"cenkalti", decorrelated, nil, []string{"cannot express"}},
		{"jpillora", decorrelated, nil, []string{"cannot express"}},
		{"spring-7", everything, []string{"Retry-After", "«grpc»", "circuit breaker", "checks the deadline"}, []string{"cannot express"}},
		{"spring-retry", blind, []string{"archived"}, nil},
		{"promise-retry", blind, []string{"no classifier"}, nil},
	}
	for _, c := range cases {
		// A comment may break anywhere.
		program := strings.Join(strings.Fields(strings.ReplaceAll(code(t, i18n.English, c.name, c.s), "//", " ")), " ")
		for _, want := range c.wants {
			if !strings.Contains(program, want) {
				t.Errorf("%s: %q is missing", c.name, want)
			}
		}
		for _, never := range c.never {
			if strings.Contains(program, never) {
				t.Errorf("%s: %q is wrong", c.name, never)
			}
		}
	}
}

// Clients that all got the same Retry-After must not come back
// together: the policy's jitter comes on top.
func TestTheJitterOutlastsRetryAfter(t *testing.T) {
	s := plain()
	s.Policy.Jitter, s.Policy.HonorRetryAfter = policy.Full, true
	for name, want := range map[string]string{
		"cenkalti": "status.after + policy.NextBackOff()", "resilience4j": "own + asked", "jpillora": "wait += status.after",
		"failsafe-go": "wait += status.after", "polly": "own + (asked ?? TimeSpan.Zero)", "tenacity": "asked + own_wait(state)",
	} {
		if program := code(t, i18n.English, name, s); !strings.Contains(program, want) {
			t.Errorf("%s: the wait after a Retry-After has no jitter:\n%s", name, program)
		}
	}
	s.Policy.Jitter = policy.None
	if program := code(t, i18n.English, "cenkalti", s); !strings.Contains(program, "max(status.after, policy.NextBackOff())") {
		t.Errorf("cenkalti: without jitter the longer wait counts:\n%s", program)
	}
}

func TestCommentsAreNotTooWide(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom(export.Names()).Draw(t, "name")
		all := variants()
		keys := make([]string, 0, len(all))
		for k := range all {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		s := all[rapid.SampledFrom(keys).Draw(t, "variant")]
		for _, line := range strings.Split(code(t, rapid.SampledFrom(i18n.Langs()).Draw(t, "lang"), name, s), "\n") {
			trimmed := strings.TrimSpace(line)
			if (strings.HasPrefix(trimmed, "//") || strings.HasPrefix(trimmed, "#")) && len([]rune(line)) > 100 {
				t.Fatalf("%s: %q", name, line)
			}
		}
	})
}

func TestInvalidSettingsAreRefused(t *testing.T) {
	var invalid *policy.InvalidError
	if _, err := export.Code(i18n.English, "homemade", plain()); !errors.As(err, &invalid) || invalid.Field != "to" {
		t.Errorf("unknown library: %v", err)
	}
	s := plain()
	s.Policy.Factor = 0
	if _, err := export.Code(i18n.English, "polly", s); !errors.As(err, &invalid) || invalid.Field != "factor" {
		t.Errorf("factor 0: %v", err)
	}
}

func TestBothCataloguesAreComplete(t *testing.T) {
	var keys [][]string
	for _, lang := range i18n.Langs() {
		c, err := i18n.Load(lang, os.DirFS("."))
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, c.Keys())
	}
	if !slices.Equal(keys[0], keys[1]) {
		t.Errorf("Spanish has %v, English %v", keys[0], keys[1])
	}
	templates, err := filepath.Glob("templates/*.tmpl")
	if err != nil || len(templates) < 10 {
		t.Fatalf("%d templates, %v", len(templates), err)
	}
}
