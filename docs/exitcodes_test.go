package docs

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// checkExitCodes compares the exit codes with those that command-line.md names: 2 for
// wrong usage and 1 for a run that failed are the program's own, while "go run" makes 1
// of both. The pages that print commands with "go run" say so.
func checkExitCodes(t *testing.T, program string) {
	t.Parallel()
	small := filepath.Join(t.TempDir(), "main.go")
	if err := os.WriteFile(small, []byte("package main\n\nimport \"os\"\n\nfunc main() { os.Exit(2) }\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		want int
		says string
		args []string
	}{
		{0, "", []string{program, "schedule", "--preset", "polly"}},
		{1, "does not answer", []string{program, "run", "convoy", "--for", "1s", "--amqp-url", "amqp://127.0.0.1:1/"}},
		{2, "unknown command", []string{program, "frobnicate", "--lang", "en"}},
		{1, "exit status 2", []string{"go", "run", small}},
	} {
		cmd := exec.CommandContext(t.Context(), c.args[0], c.args[1:]...)
		cmd.Env = append(os.Environ(), "LANG=en_US.UTF-8", "RESILAB_LANG=en")
		out, _ := cmd.CombinedOutput()
		if got := cmd.ProcessState.ExitCode(); got != c.want || !strings.Contains(string(out), c.says) {
			t.Errorf("%v: exit code %d, want %d with %q:\n%s", c.args, got, c.want, c.says, out)
		}
	}
	for page, code := range map[string]string{"../README.md": "exit code 1", "README.es.md": "código de salida 1", "command-line.md": "into 1"} {
		data, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		said := false
		for paragraph := range strings.SplitSeq(string(data), "\n\n") {
			text := strings.Join(strings.Fields(paragraph), " ")
			said = said || strings.Contains(text, "`go run") && strings.Contains(text, "`go build`") && strings.Contains(text, code)
		}
		if !said {
			t.Errorf("%s does not say that \"go run\" turns exit codes into 1 and that scripts use the built program", page)
		}
	}
}
