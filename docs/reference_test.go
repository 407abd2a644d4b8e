package docs

import (
	"fmt"
	"strings"
	"testing"

	"resilab/labs"
	"resilab/labs/i18n"
	"resilab/labs/lab"
)

// The tables of settings and metrics are made from their declarations.
func TestReferenceIsThatOfTheProgram(t *testing.T) {
	for _, e := range labs.All() {
		text, err := i18n.Load(i18n.English, e.Spec.Texts)
		if err != nil {
			t.Fatal(err)
		}
		checkSection(t, "reference.md", e.Spec.ID+" settings", settingsTable(text, e.Spec))
		checkSection(t, "reference.md", e.Spec.ID+" metrics", metricsTable(text, e.Spec))
	}
}

func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

func settingsTable(text *i18n.Catalogue, spec *lab.Spec) string {
	var b strings.Builder
	b.WriteString("| flag | default | allowed | what it does |\n| --- | --- | --- | --- |\n")
	for _, k := range spec.Knobs {
		fmt.Fprintf(&b, "| `--%s` | %s | %s | %s |\n", k.ID, cell(k.Default.String()), cell(k.Allowed()),
			cell(text.T(spec.ID+".knob."+k.ID+".help")))
	}
	return b.String()
}

func metricsTable(text *i18n.Catalogue, spec *lab.Spec) string {
	forms := map[lab.Format]string{lab.Count: "count", lab.Number: "number", lab.Share: "share, 0..1", lab.Times: "factor",
		lab.Millis: "ms", lab.PerSecond: "per second", lab.Money: "dollars"}
	better := map[lab.Better]string{lab.Higher: "higher", lab.Lower: "lower"}
	var b strings.Builder
	b.WriteString("| field | on the screen | form | better |\n| --- | --- | --- | --- |\n")
	for _, m := range spec.Metrics {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", m.ID, cell(text.T(spec.ID+".metric."+m.ID)), forms[m.Format], better[m.Better])
	}
	return b.String()
}
