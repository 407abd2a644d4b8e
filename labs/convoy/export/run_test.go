package export

import (
	"go/format"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"resilab/brokers/minirabbit"
)

var modes = []string{"convoy", "modulus", "competing", "single"}

func settings(mode string) Settings {
	return Settings{Mode: mode, Users: 5, Lanes: 3, Orders: 30, Prefetch: 5, Work: 2 * time.Millisecond, Words: []string{"head"}}
}

func TestEveryModeHasAProgram(t *testing.T) {
	for _, target := range Targets() {
		for _, mode := range modes {
			code, err := Code(target, settings(mode))
			if err != nil || !strings.Contains(code, "handled") {
				t.Errorf("%s, %s: %v", target, mode, err)
			}
			if target != "go" {
				continue
			}
			if formatted, err := format.Source([]byte(code)); err != nil || string(formatted) != code {
				t.Errorf("%s: the Go program is not formatted: %v", mode, err)
			}
		}
	}
	if _, err := Code("cobol", settings("convoy")); err == nil {
		t.Error("a language without a program has one")
	}
}

// run runs a program against its own broker and returns what it prints.
func run(t *testing.T, file, mode, target string, command ...string) string {
	t.Helper()
	server, err := minirabbit.Run(minirabbit.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	code, err := Code(target, settings(mode))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(code), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), command[0], command[1:]...)
	cmd.Env = append(os.Environ(), "AMQP_URL="+server.URL())
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return strings.TrimSpace(string(out))
}

// TestTheGoProgramRuns: in the module of this test, which has the client.
func TestTheGoProgramRuns(t *testing.T) {
	file := filepath.Join(t.TempDir(), "main.go")
	if got := run(t, file, "convoy", "go", "go", "run", file); got != "handled 30, out of order 0" {
		t.Errorf("it prints %q", got)
	}
}

// TestTheNodeProgramRuns needs node with amqplib, which RESILAB_NODE_MODULES names
// or node finds itself.
func TestTheNodeProgramRuns(t *testing.T) {
	modules := os.Getenv("RESILAB_NODE_MODULES")
	if modules != "" {
		t.Setenv("NODE_PATH", modules)
	}
	if err := exec.Command("node", "-e", "require('amqplib')").Run(); err != nil {
		t.Skip("node with amqplib is not installed")
	}
	for _, mode := range []string{"convoy", "modulus", "single"} {
		file := filepath.Join(t.TempDir(), "convoy.js")
		if got := run(t, file, mode, "node", "node", file); got != "handled 30, out of order 0" {
			t.Errorf("%s: it prints %q", mode, got)
		}
	}
}
