//go:build unix

package docs

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// ciTools are what .ci/run installs, as commands.
func ciTools() []string {
	return []string{"redis-server", "ssh", "node", "python3", "npm", "zsh", "fish", "chromium", "gcc"}
}

// TestCIInstallsWhatIsMissing runs the first steps of .ci/run on a path that holds only
// what a case gives it. They end at gofmt, which finds a file that is not formatted.
func TestCIInstallsWhatIsMissing(t *testing.T) {
	const unformatted = "not formatted: bad.go"
	for name, tc := range map[string]struct {
		user    string   // as id -u prints it
		without []string // of ciTools
		with    []string // further commands
		says    string   // the last line
		runs    string   // a call of apt-get
	}{
		"nothing is missing":        {user: "0", says: unformatted},
		"the race detector's gcc":   {user: "0", without: []string{"gcc"}, with: []string{"apt-get"}, says: unformatted, runs: "apt-get install -q -y --no-install-recommends gcc libc6-dev"},
		"another user has sudo":     {user: "1000", without: []string{"npm"}, with: []string{"apt-get", "sudo"}, says: unformatted, runs: "sudo -E apt-get install -q -y --no-install-recommends npm"},
		"no apt-get":                {user: "0", without: []string{"fish", "gcc"}, says: "missing: fish gcc libc6-dev; install them by hand, there is no apt-get here"},
		"another user without sudo": {user: "1000", without: []string{"npm"}, with: []string{"apt-get"}, says: "missing: npm; install them by hand, there is no sudo here"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ci := newCI(t, tc.user)
			for _, tool := range ciTools() {
				ci.stub(tool)
			}
			for _, tool := range tc.without {
				ci.remove(tool)
			}
			for _, tool := range tc.with {
				ci.stub(tool)
			}
			out := ci.run()
			lines := strings.Split(strings.TrimSpace(out), "\n")
			if last := lines[len(lines)-1]; last != tc.says || strings.HasPrefix(tc.says, "missing") && len(lines) != 1 {
				t.Errorf("it says %q, want %q", lines, tc.says)
			}
			if tc.runs == "" {
				return
			}
			if calls := ci.calls(); !strings.Contains(calls, tc.runs+"\n") {
				t.Errorf("no call %q in\n%s", tc.runs, calls)
			}
		})
	}
}

// ci is a folder that is no checkout of Git, with .ci/run and a path for it.
type ci struct {
	t         *testing.T
	dir, path string
}

func newCI(t *testing.T, user string) ci {
	t.Helper()
	c := ci{t: t, dir: t.TempDir(), path: t.TempDir()}
	script, err := os.ReadFile("../.ci/run")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(script, []byte("/usr/lib/rabbitmq/bin/rabbitmq-server")) || !bytes.Contains(script, []byte("/usr/sbin/policy-rc.d")) {
		t.Fatal("the paths of .ci/run are others: this test would change the machine")
	}
	// Neither the machine's RabbitMQ nor its policy for services is looked at.
	script = bytes.ReplaceAll(script, []byte("/usr/lib/rabbitmq/bin/rabbitmq-server"), []byte(filepath.Join(c.path, "rabbitmq-server")))
	script = bytes.ReplaceAll(script, []byte("/usr/sbin/policy-rc.d"), []byte(filepath.Join(c.dir, "policy-rc.d")))
	c.write(filepath.Join(c.dir, ".ci", "run"), string(script))
	c.write(filepath.Join(c.dir, "bad.go"), "package  bad\n")
	for _, tool := range []string{"bash", "dirname", "tee", "chmod", "rm", "gofmt"} {
		found, err := exec.LookPath(tool)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(found, filepath.Join(c.path, tool)); err != nil {
			t.Fatal(err)
		}
	}
	c.stub("rabbitmq-server")
	c.write(filepath.Join(c.path, "id"), "#!/bin/sh\necho "+user+"\n")
	return c
}

func (c ci) write(path, text string) {
	c.t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		c.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o700); err != nil {
		c.t.Fatal(err)
	}
}

// stub makes a command that only notes how it was called.
func (c ci) stub(name string) {
	c.write(filepath.Join(c.path, name), "#!/bin/sh\necho "+name+` "$@" >> `+filepath.Join(c.path, "calls")+"\n")
}

func (c ci) remove(name string) {
	if err := os.Remove(filepath.Join(c.path, name)); err != nil {
		c.t.Fatal(err)
	}
}

// run returns what .ci/run prints until it fails. Its standard input has no end: what
// reads it waits for ever.
func (c ci) run() string {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(c.path, "bash"), filepath.Join(c.dir, ".ci", "run"))
	cmd.Env = []string{"PATH=" + c.path, "HOME=" + c.dir}
	cmd.WaitDelay = time.Second
	stdin, err := cmd.StdinPipe()
	if err != nil {
		c.t.Fatal(err)
	}
	defer stdin.Close()
	out, err := cmd.CombinedOutput()
	if ctx.Err() != nil {
		c.t.Fatalf("it waits for standard input:\n%s", out)
	}
	if err == nil {
		c.t.Errorf("it succeeds:\n%s", out)
	}
	return string(out)
}

// calls are the calls of stubs, one a line.
func (c ci) calls() string {
	data, err := os.ReadFile(filepath.Join(c.path, "calls"))
	if err != nil {
		c.t.Error(err)
	}
	return string(data)
}
