// Package export writes an arrangement of queues and consumers down as a whole
// program: it publishes orders of some users, handles them, and counts those that
// were handled before an earlier one.
package export

import (
	"embed"
	"fmt"
	"strings"
	"text/template"
	"time"
)

//go:embed templates/*.tmpl
var templates embed.FS

// Targets are the languages of the programs.
func Targets() []string { return []string{"go", "node", "python"} }

// Settings are what is written down.
type Settings struct {
	Mode     string // convoy, modulus, competing, single or pool
	Users    int
	Lanes    int // queues, or the consumers of the one queue, or the workers of its pool
	Orders   int // to publish
	Prefetch int
	Quorum   bool          // the queues are quorum queues
	Work     time.Duration // mean time to handle an order
	// Words are the comments at the head of the program.
	Words []string
}

// Sharded reports whether every consumer has its own queue.
func (s Settings) Sharded() bool { return s.Mode == "convoy" || s.Mode == "modulus" }

// Queues is how many queues there are.
func (s Settings) Queues() int {
	if s.Sharded() {
		return s.Lanes
	}
	return 1
}

// Consumers is how many connections consume.
func (s Settings) Consumers() int {
	if s.Pool() {
		return 1
	}
	return s.Lanes
}

// Pool reports whether one consumer shares its orders out among workers.
func (s Settings) Pool() bool { return s.Mode == "pool" }

// Hashes reports whether the program computes the hash of a user.
func (s Settings) Hashes() bool { return s.Mode == "modulus" || s.Pool() }

// Exclusive reports whether a queue has one consumer at a time.
func (s Settings) Exclusive() bool { return s.Mode != "competing" }

// WorkMillis is Work in milliseconds.
func (s Settings) WorkMillis() int64 { return s.Work.Milliseconds() }

// Code returns the program for one of Targets.
func Code(target string, s Settings) (string, error) {
	t, err := template.ParseFS(templates, "templates/"+target+".tmpl")
	if err != nil {
		return "", fmt.Errorf("no program for %q: allowed are %s", target, strings.Join(Targets(), "|"))
	}
	var b strings.Builder
	if err := t.Execute(&b, s); err != nil {
		return "", fmt.Errorf("writing the program for %s: %w", target, err)
	}
	return b.String(), nil
}
