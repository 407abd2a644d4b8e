package docs

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"resilab/labs"
	"resilab/tui/cli"
	"resilab/tui/panes"
)

//go:generate go test . -update

// resilab runs a command of the program and returns what it prints.
func resilab(t *testing.T, args ...string) string {
	t.Helper()
	var out, complaints bytes.Buffer
	code := cli.Main(t.Context(), cli.World{Args: args, Stdin: strings.NewReader(""), Stdout: &out, Stderr: &complaints,
		Getenv: func(string) string { return "" }, Labs: labs.All(), Panes: panes.All()})
	if code != 0 {
		t.Fatalf("resilab %s: exit %d: %s", strings.Join(args, " "), code, &complaints)
	}
	return out.String()
}

// The manual page and the completions are what the program prints.
func TestGeneratedFiles(t *testing.T) {
	for file, args := range map[string][]string{
		"resilab.1":               {"man", "--lang", "en"},
		"completion/resilab.bash": {"completion", "bash", "--lang", "en"},
		"completion/_resilab":     {"completion", "zsh", "--lang", "en"},
		"completion/resilab.fish": {"completion", "fish", "--lang", "en"},
	} {
		compareFile(t, file, resilab(t, args...))
	}
}

// compareFile compares a file with what it should hold.
func compareFile(t *testing.T, file, want string) {
	t.Helper()
	got, err := os.ReadFile(file)
	if err == nil && string(got) == want {
		return
	}
	if !*update {
		t.Errorf("%s is not what the program says; run go test ./docs -update (%v)", file, err)
		return
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}

// The table of commands is made from their declarations.
func TestCommandsAreThoseOfTheProgram(t *testing.T) {
	checkSection(t, "command-line.md", "commands", resilab(t, "man", "--format", "md", "--lang", "en"))
}
