// Package export writes the settings of the cache-aside lab as a program in Go,
// JavaScript (Node) or Python: the course's demo with the strategy, the
// invalidation and the TTLs that were chosen.
package export

import (
	"embed"
	"fmt"
	"slices"
	"strings"
	"text/template"
	"time"

	"resilab/labs/i18n"
	"resilab/labs/lab"
)

//go:embed *.tmpl
var templates embed.FS

var parsed = template.Must(template.ParseFS(templates, "*.tmpl"))

// Targets are the languages a program can be written in.
func Targets() []string { return []string{"go", "node", "python"} }

// program is what the templates write.
type program struct {
	Spanish                            bool
	TTL, NegativeTTL, SoftTTL, Timeout int64 // ms
	Jitter, Beta                       float64
	Strategy, Invalidate               string
	FailOpen                           bool
}

// Say returns the comment in the language of the program.
func (p program) Say(es, en string) string {
	if p.Spanish {
		return es
	}
	return en
}

// Is reports whether the strategy is one of those.
func (p program) Is(strategies ...string) bool { return slices.Contains(strategies, p.Strategy) }

// On reports whether the invalidation is one of those.
func (p program) On(invalidations ...string) bool {
	return slices.Contains(invalidations, p.Invalidate)
}

// Code returns a program. What it cannot say is left out, and the comment at its
// beginning names it: a versioned fill becomes a deletion after the write.
func Code(lang i18n.Lang, target string, s lab.Settings) (string, error) {
	p := program{
		Spanish: lang == i18n.Spanish, Strategy: s.Text("strategy"), Invalidate: s.Text("invalidate"),
		TTL: ms(s.Duration("ttl")), NegativeTTL: ms(s.Duration("negative-ttl")), SoftTTL: ms(s.Duration("soft-ttl")),
		Timeout: ms(s.Duration("timeout")), Jitter: s.Float("ttl-jitter"), Beta: s.Float("beta"), FailOpen: s.Text("fail-mode") == "open",
	}
	var b strings.Builder
	if err := parsed.ExecuteTemplate(&b, target+".tmpl", p); err != nil {
		return "", fmt.Errorf("writing a program for %s: %w", target, err)
	}
	return b.String(), nil
}

func ms(d time.Duration) int64 { return d.Milliseconds() }
