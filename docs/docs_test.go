// Package docs holds the tests of the documentation: what can be derived from
// the program is. "go test ./docs -update" rewrites it.
package docs

import (
	"flag"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"resilab/labs"
	"resilab/labs/course"
	"resilab/labs/retry/fleet"
)

var update = flag.Bool("update", false, "write the derived parts of the pages")

// pages are the pages for people.
func pages(t *testing.T) []string {
	t.Helper()
	here, err := filepath.Glob("*.md")
	if err != nil {
		t.Fatal(err)
	}
	return append(here, "../README.md", "../CONTRIBUTING.md")
}

// checkSection compares the part of a page between two marks with what it should
// be.
func checkSection(t *testing.T, page, mark, want string) {
	t.Helper()
	data, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	open, end := "<!-- "+mark+" -->\n", "<!-- /"+mark+" -->"
	before, rest, found := strings.Cut(string(data), open)
	got, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		t.Fatalf("%s has no part %q", page, mark)
	}
	if got == want {
		return
	}
	if !*update {
		t.Errorf("%s, %s: not what the program says; run go test ./docs -update\n%s", page, mark, want)
		return
	}
	if err := os.WriteFile(page, []byte(before+open+want+end+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

// cardFile is what the table has of a card.
type cardFile struct {
	ID     string        `yaml:"id"`
	Lab    string        `yaml:"lab"`
	Start  yaml.MapSlice `yaml:"start"`
	Check  string        `yaml:"check"`
	Golden yaml.MapSlice `yaml:"golden"`
}

// The exercises of the command line are the course's cards.
func TestExercisesAreThoseOfTheCards(t *testing.T) {
	book, err := course.Load(labs.All().Specs()...)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString("| card | `resilab run` for A | for B, also | passes when |\n| --- | --- | --- | --- |\n")
	for _, id := range book.IDs() {
		data, err := os.ReadFile(path.Join("..", "labs", "course", "content", "cards", id+".yaml"))
		if err != nil {
			t.Fatal(err)
		}
		var card cardFile
		if err := yaml.UnmarshalWithOptions(data, &card, yaml.UseOrderedMap()); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "| %s | `%s` | %s | `%s` |\n", id, strings.TrimSpace(card.Lab+" "+flagsOf(card.Start)),
			others(t, card.Golden), inTable(card.Check))
	}
	checkSection(t, "command-line.md", "exercises", b.String())
}

// others are the runs after A: their letters where there are several.
func others(t *testing.T, golden yaml.MapSlice) string {
	t.Helper()
	var runs []string
	for _, item := range golden {
		settings, ok := item.Value.(yaml.MapSlice)
		if !ok {
			t.Fatalf("golden %v holds a %T", item.Key, item.Value)
		}
		run := "`" + flagsOf(settings) + "`"
		if len(golden) > 1 {
			run = strings.ToUpper(fmt.Sprint(item.Key)) + ": " + run
		}
		runs = append(runs, run)
	}
	return strings.Join(runs, " · ")
}

func flagsOf(settings yaml.MapSlice) string {
	var flags []string
	for _, s := range settings {
		switch s.Value {
		case true:
			flags = append(flags, fmt.Sprintf("--%v", s.Key))
		case false:
			flags = append(flags, fmt.Sprintf("--%v=false", s.Key))
		default:
			flags = append(flags, fmt.Sprintf("--%v %v", s.Key, s.Value))
		}
	}
	return strings.Join(flags, " ")
}

// inTable keeps a text from ending the cell of a table.
func inTable(s string) string {
	return strings.ReplaceAll(strings.Join(strings.Fields(s), " "), "|", `\|`)
}

// The fleets of the command line are those of the simulator.
func TestFleetsAreThoseOfTheSimulator(t *testing.T) {
	var b strings.Builder
	b.WriteString("| exercise | name | passes when |\n| --- | --- | --- |\n")
	for _, s := range fleet.Scenarios() {
		var conditions []string
		for _, c := range fleet.Conditions(s.Exercise) {
			conditions = append(conditions, expression(c))
		}
		fmt.Fprintf(&b, "| %s | `%s` | %s |\n", dash(s.Exercise), s.Name, dash(code(strings.Join(conditions, " && "))))
	}
	checkSection(t, "command-line.md", "scenarios", b.String())
}

// expression writes a condition as a card does, such as "peak <= 0.35 * a.peak".
func expression(c fleet.Condition) string {
	number := func(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }
	bound := "a." + c.Metric
	switch {
	case c.FactorA == 0:
		bound = number(c.Limit)
	case c.FactorA != 1:
		bound = number(c.FactorA) + " * " + bound
	}
	if c.FactorA != 0 && c.Limit != 0 {
		bound = strings.ReplaceAll(bound+" + "+number(c.Limit), "+ -", "- ")
	}
	return c.Metric + " " + string(c.Op) + " " + bound
}

func code(s string) string {
	if s == "" {
		return ""
	}
	return "`" + s + "`"
}

func dash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}

// Every lab, command and flag of a person's surroundings is on the page.
func TestPagesNameEveryCommand(t *testing.T) {
	data, err := os.ReadFile("command-line.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range labs.All() {
		for _, c := range e.Commands {
			if !strings.Contains(string(data), "`resilab "+c.Name) {
				t.Errorf("command-line.md does not name resilab %s", c.Name)
			}
		}
	}
}

// What pages link to in the repository exists.
func TestLinksLeadSomewhere(t *testing.T) {
	for _, page := range pages(t) {
		data, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range strings.Split(string(data), "](")[1:] {
			target, _, _ := strings.Cut(part, ")")
			target, _, _ = strings.Cut(target, "#")
			if target == "" || strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
				continue
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), target)); err != nil {
				t.Errorf("%s links to %s: %v", page, target, err)
			}
		}
	}
}
