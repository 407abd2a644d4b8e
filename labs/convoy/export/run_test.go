package export

import (
	"context"
	"fmt"
	"go/format"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"resilab/brokers/brokertest"
	"resilab/brokers/minirabbit"
)

var modes = []string{"convoy", "modulus", "competing", "single", "pool"}

func settings(mode string) Settings {
	return Settings{Mode: mode, Users: 5, Lanes: 3, Orders: 30, Prefetch: 5, Quorum: mode == "convoy", Work: 2 * time.Millisecond, Words: []string{"head"}}
}

func TestEveryModeHasAProgram(t *testing.T) {
	for _, target := range Targets() {
		for _, mode := range modes {
			code, err := Code(target, settings(mode))
			if err != nil || !strings.Contains(code, "handled") {
				t.Errorf("%s, %s: %v", target, mode, err)
			}
			if got, want := strings.Contains(code, "x-queue-type"), settings(mode).Quorum; got != want {
				t.Errorf("%s, %s: quorum queues %v, want %v", target, mode, got, want)
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
	for _, mode := range []string{"convoy", "pool"} {
		file := filepath.Join(t.TempDir(), "main.go")
		if got := run(t, file, mode, "go", "go", "run", file); got != "handled 30, out of order 0" {
			t.Errorf("%s: it prints %q", mode, got)
		}
	}
}

// TestTheNodeProgramRuns: with the packages of testdata/js, in a temporary folder.
func TestTheNodeProgramRuns(t *testing.T) {
	for _, tool := range []string{"node", "npm"} {
		if _, err := exec.LookPath(tool); err != nil {
			brokertest.Unavailable(t, err)
		}
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata/js")); err != nil {
		t.Fatal(err)
	}
	installPackages(t, dir)
	for _, mode := range []string{"convoy", "modulus", "single", "pool"} {
		file := filepath.Join(dir, mode+".js")
		if got := run(t, file, mode, "node", "node", file); got != "handled 30, out of order 0" {
			t.Errorf("%s: it prints %q", mode, got)
		}
	}
}

// installPackages skips a test that cannot get its packages. Where the environment
// requires that nothing is skipped, the test fails.
func installPackages(t *testing.T, dir string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		brokertest.Unavailable(t, fmt.Errorf("the packages cannot be installed: %w\n%s", err, out))
	}
}
