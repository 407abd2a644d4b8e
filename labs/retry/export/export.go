// Package export writes a retry policy down as a whole program for a well-known
// library. What the library cannot express is said in a comment of the program.
package export

import (
	"bytes"
	"embed"
	"fmt"
	"strings"
	"text/template"
	"time"

	"resilab/labs/i18n"
	"resilab/labs/retry/policy"
)

//go:embed templates/*.tmpl
var templates embed.FS

//go:embed en.yaml es.yaml
var texts embed.FS

// Fallbacks are what Settings.Fallback may be.
const (
	FallbackNone   = "none"
	FallbackCached = "cached"
	FallbackQueue  = "queue"
)

// Settings are what is written down.
type Settings struct {
	Policy policy.Policy
	// Classify distinguishes transient errors from permanent ones; without it everything is
	// retried.
	Classify bool
	// Budget is the name of a policy.BudgetPreset, empty for none.
	Budget string
	// Breaker is set if there is a circuit breaker.
	Breaker *policy.BreakerSpec
	// Hedge starts a second call after this time; 0 for none.
	Hedge time.Duration
	// Fallback is what is done when retries are exhausted, one of the constants;
	// empty is FallbackNone.
	Fallback string
	// Idempotency sends an Idempotency-Key.
	Idempotency bool
	// URL is the gateway's address, without the path.
	URL string
}

// Names lists the libraries Code can write for.
func Names() []string {
	var names []string
	for _, l := range libraries() {
		names = append(names, l.name)
	}
	return names
}

// Language returns the programming language of a library's program; empty for an
// unknown library.
func Language(name string) string {
	for _, l := range libraries() {
		if l.name == name {
			return l.language
		}
	}
	return ""
}

// Code returns the program for the library of that name, with comments in the
// language. The error is a *policy.InvalidError for an unknown library or settings
// that make no sense.
func Code(lang i18n.Lang, name string, s Settings) (string, error) {
	for _, l := range libraries() {
		if l.name == name {
			return l.code(lang, s)
		}
	}
	return "", &policy.InvalidError{
		Field: "to", Value: name, Reason: policy.UnknownName, Allowed: strings.Join(Names(), ", "),
	}
}

func (l library) code(lang i18n.Lang, s Settings) (string, error) {
	if err := s.Policy.Validate(); err != nil {
		return "", err
	}
	catalogue, err := i18n.Load(lang, texts)
	if err != nil {
		return "", fmt.Errorf("exporting to %s: %w", l.name, err)
	}
	p := newPage(l, s, catalogue)
	t, err := template.New("").Funcs(p.functions()).ParseFS(templates, "templates/*.tmpl")
	if err != nil {
		return "", fmt.Errorf("exporting to %s: %w", l.name, err)
	}
	var out bytes.Buffer
	if err := t.ExecuteTemplate(&out, l.name+".tmpl", p); err != nil {
		return "", fmt.Errorf("exporting to %s: %w", l.name, err)
	}
	if l.language != "Go" {
		return out.String(), nil
	}
	program, err := tidy(out.Bytes())
	if err != nil {
		return "", fmt.Errorf("exporting to %s: %w", l.name, err)
	}
	return string(program), nil
}

// page is what a template is filled with.
type page struct {
	Settings
	P        policy.Policy // as far as the library can express it
	Attempts int
	Native   bool   // the library's own parameters express the waits
	Wait     string // else, the expression for a wait: see formulas

	library   library
	catalogue *i18n.Catalogue
}

func newPage(l library, s Settings, catalogue *i18n.Catalogue) *page {
	if s.Fallback == "" {
		s.Fallback = FallbackNone
	}
	p := &page{Settings: s, P: l.expressible(s.Policy), library: l, catalogue: catalogue}
	p.Attempts = p.P.Attempts()
	p.Native = l.native(&p.P)
	p.Wait = formula(l.language, &p.P)
	return p
}

// functions are what the templates call.
func (p *page) functions() template.FuncMap {
	return template.FuncMap{
		"ms":                 func(d time.Duration) string { return number(float64(d) / float64(time.Millisecond)) },
		"wholeMS":            func(d time.Duration) int64 { return d.Milliseconds() },
		"seconds":            func(d time.Duration) string { return number(d.Seconds()) },
		"golang":             goDuration,
		"number":             number,
		"share":              func(percent float64) string { return number(percent / 100) },
		"half":               func(d time.Duration) time.Duration { return d / 2 },
		"quarters":           func(d time.Duration) time.Duration { return d / 4 * 3 },
		"jitter":             func(name string) bool { return p.P.Jitter.String() == name },
		"text":               p.catalogue.T,
		"head":               p.head,
		"note":               p.note,
		"trim":               strings.TrimSpace,
		"percentOf":          func(rate float64) string { return number(100 * rate) },
		"atLeastOne":         func(n int) int { return max(1, n) },
		"atLeastTwo":         func(n int) int { return max(2, n) },
		"atLeastHalfASecond": func(d time.Duration) time.Duration { return max(d, shortestBreak) },
	}
}

// shortestBreak is how long Polly's breaker must stay open.
const shortestBreak = 500 * time.Millisecond

func number(f float64) string { return strings.TrimSuffix(fmt.Sprintf("%.12g", f), ".0") }

// goDuration writes a duration as Go source.
func goDuration(d time.Duration) string {
	for _, unit := range []struct {
		size time.Duration
		name string
	}{
		{time.Hour, "time.Hour"}, {time.Minute, "time.Minute"}, {time.Second, "time.Second"},
		{time.Millisecond, "time.Millisecond"}, {time.Microsecond, "time.Microsecond"},
	} {
		if d >= unit.size && d%unit.size == 0 {
			return fmt.Sprintf("%d * %s", d/unit.size, unit.name)
		}
	}
	return fmt.Sprintf("%d * time.Nanosecond", d)
}
