package docs

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"resilab/labs/i18n"
	"resilab/tui/app"
)

func actionsIn(t *testing.T, lang i18n.Lang) []app.ActionHelp {
	t.Helper()
	text, err := i18n.Load(lang, app.Texts)
	if err != nil {
		t.Fatal(err)
	}
	return app.ActionsHelp(text)
}

// The table of keys is made from their declarations.
func TestKeysAreThoseOfTheProgram(t *testing.T) {
	var b strings.Builder
	b.WriteString("| action | keys | does |\n| --- | --- | --- |\n")
	for _, a := range actionsIn(t, i18n.English) {
		fmt.Fprintf(&b, "| `%s` | `%s` | %s |\n", a.ID, strings.Join(a.Keys, "` `"), cell(a.Means))
	}
	checkSection(t, "command-line.md", "keys", b.String())
}

// Both READMEs name every key.
func TestReadmesNameEveryKey(t *testing.T) {
	for page, in := range map[string]struct {
		lang  i18n.Lang
		title string
	}{"../README.md": {i18n.English, "\n## Keys\n"}, "README.es.md": {i18n.Spanish, "\n## Teclas\n"}} {
		_, section, _ := strings.Cut(pageText(t, page), in.title)
		section, _, _ = strings.Cut(section, "\n## ")
		for _, a := range actionsIn(t, in.lang) {
			for _, key := range a.Keys {
				if !strings.Contains(section, "`"+key+"`") {
					t.Errorf("%s does not name the key %s of %s", page, key, a.ID)
				}
			}
		}
	}
}

// The README and its Spanish twin print the same commands.
func TestTheTwinsPrintTheSameCommands(t *testing.T) {
	english, spanish := commandsIn(t, "../README.md"), commandsIn(t, "README.es.md")
	if len(english) < 30 {
		t.Errorf("only %d commands were found", len(english))
	}
	if !slices.Equal(english, spanish) {
		t.Errorf("README.md\n%s\nREADME.es.md\n%s", strings.Join(english, "\n"), strings.Join(spanish, "\n"))
	}
}

// commandsIn are the commands of a page, in lines and in sentences, sorted and as
// they are in English.
func commandsIn(t *testing.T, page string) (all []string) {
	t.Helper()
	inEnglish := strings.NewReplacer(" --lang es", "", "ARCHIVO", "FILE", "SERVIDOR", "SERVER")
	command := regexp.MustCompile("(?m)(?:`|^    )((?:go|ssh|resilab|curl|docker) [^`\n]+)")
	for _, found := range command.FindAllStringSubmatch(pageText(t, page), -1) {
		text, _, _ := strings.Cut(found[1], "  #")
		all = append(all, strings.TrimSpace(inEnglish.Replace(text)))
	}
	slices.Sort(all)
	return all
}

func pageText(t *testing.T, page string) string {
	t.Helper()
	data, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
