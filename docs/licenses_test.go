package docs

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The licences of all that the program is built of are in one file, which archives and
// packages carry.
func TestLicensesAreThoseOfTheModules(t *testing.T) {
	texts := map[string][]string{} // the modules of each text
	for _, m := range modules(t) {
		path, dir, _ := strings.Cut(m, "\t")
		for _, text := range licenses(t, path, dir) {
			texts[text] = append(texts[text], path)
		}
	}
	order := make([]string, 0, len(texts))
	for text := range texts {
		order = append(order, text)
	}
	slices.SortFunc(order, func(a, b string) int { return strings.Compare(texts[a][0]+a, texts[b][0]+b) })
	var b strings.Builder
	b.WriteString("resilab contains the following modules, under the licences below each list.\n")
	for _, text := range order {
		fmt.Fprintf(&b, "\n%s\n\n%s\n\n%s\n", strings.Repeat("=", 80), strings.Join(texts[text], "\n"), strings.TrimSpace(text))
	}
	compareFile(t, "licenses.txt", b.String())
}

// modules are the paths and folders of the modules in the program, on any system.
func modules(t *testing.T) (all []string) {
	t.Helper()
	for _, system := range []string{"linux", "darwin", "windows"} {
		cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f",
			`{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}}{{"\t"}}{{.Dir}}{{end}}{{end}}`, "..")
		cmd.Env = append(os.Environ(), "GOOS="+system, "CGO_ENABLED=0")
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%s: %v", system, err)
		}
		all = append(all, strings.Split(string(out), "\n")...)
	}
	slices.Sort(all)
	return slices.DeleteFunc(slices.Compact(all), func(m string) bool { return m == "" })
}

// licenses are the texts of the licences and notices in a module's folder.
func licenses(t *testing.T, path, dir string) (texts []string) {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		name := strings.ToLower(f.Name())
		if f.IsDir() || !slices.ContainsFunc([]string{"license", "licence", "copying", "notice"}, func(p string) bool { return strings.HasPrefix(name, p) }) {
			continue
		}
		data, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, strings.ReplaceAll(string(data), "\r\n", "\n"))
	}
	if len(texts) == 0 && strings.HasPrefix(path, "github.com/mattn/go-localereader ") {
		return []string{"MIT, says its README; it has no file with the text."}
	}
	if len(texts) == 0 {
		t.Errorf("%s has no licence", path)
	}
	return texts
}
