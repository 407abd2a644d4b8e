package highlight

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/chroma/v2"
	chromas "github.com/alecthomas/chroma/v2/lexers"

	"resilab/labs"
	"resilab/labs/i18n"
)

var update = flag.Bool("update", false, "write the lexers again")

// The embedded lexers are those of the version of chroma in go.mod; -update writes them again.
func TestLexersAreChromas(t *testing.T) {
	for _, name := range []string{"go", "java", "javascript", "python", "c#"} {
		want := serialised(t, name)
		file := filepath.Join("lexers", name+".xml")
		if *update {
			if err := os.WriteFile(file, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != string(want) {
			t.Errorf("%s is not chroma's lexer: go test ./tui/highlight -update", file)
		}
	}
}

// serialised is chroma's lexer as XML. In the lexer of Go a raw string is one token: the
// template that chroma looks for in it cannot be serialised.
func serialised(t *testing.T, name string) []byte {
	t.Helper()
	lexer := chromas.Get(name).(*chroma.RegexLexer)
	if name == "go" {
		rules, err := lexer.Rules()
		if err != nil {
			t.Fatal(err)
		}
		for i, rule := range rules["root"] {
			if strings.HasPrefix(rule.Pattern, "(`)") {
				rules["root"][i] = chroma.Rule{Pattern: "`[^`]*`", Type: chroma.LiteralString}
			}
		}
		lexer = chroma.MustNewLexer(lexer.Config(), func() chroma.Rules { return rules })
	}
	raw, err := chroma.Marshal(lexer)
	if err != nil {
		t.Fatal(err)
	}
	return sorted(string(raw))
}

var states = regexp.MustCompile(`(?s) *<state .*?</state>\n`)

// sorted puts the states of a lexer in order: chroma writes them in that of a map.
func sorted(xml string) []byte {
	all := states.FindAllString(xml, -1)
	slices.Sort(all)
	n := -1
	xml = states.ReplaceAllStringFunc(xml, func(string) string { n++; return all[n] })
	return []byte(strings.TrimSpace(xml) + "\n")
}

// Every program that a lab exports is read by the lexer of its language: it has
// keywords and no part that the lexer does not know.
func TestExportsAreHighlighted(t *testing.T) {
	for _, entry := range labs.All() {
		if entry.Export == nil {
			continue
		}
		for _, target := range entry.Export.Targets {
			code, err := entry.Export.Code(i18n.Spanish, target, entry.Spec.Defaults())
			if err != nil {
				t.Fatal(err)
			}
			language := Named(entry.Export.LanguageOf(target))
			var text strings.Builder
			keywords := 0
			for _, line := range language.Lines(code) {
				for _, token := range line {
					text.WriteString(token.Value)
					if token.Type.InCategory(chroma.Keyword) {
						keywords++
					}
					if token.Type == chroma.Error {
						t.Errorf("%s %s: unknown: %q in %v", entry.Spec.ID, target, token.Value, line)
					}
				}
			}
			if text.String() != code || keywords < 5 || language.Extension() == ".txt" {
				t.Errorf("%s %s: %d keywords, %s", entry.Spec.ID, target, keywords, language.Extension())
			}
		}
	}
}

func TestUnknownLanguage(t *testing.T) {
	l := Named("semaphore")
	if lines := l.Lines("a\nb"); len(lines) != 2 || lines[1][0].Value != "b" || l.Extension() != ".txt" {
		t.Errorf("%v %s", lines, l.Extension())
	}
}
