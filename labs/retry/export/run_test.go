package export_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"resilab/labs/i18n"
	"resilab/labs/retry/export"
)

// stub is a gateway that answers the first calls with an error.
type stub struct {
	*httptest.Server
	calls atomic.Int32
}

func newStub(t *testing.T, failures, status int) *stub {
	s := &stub{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if int(s.calls.Add(1)) <= failures {
			w.WriteHeader(status)
			return
		}
		fmt.Fprint(w, `{"receipt":42}`)
	}))
	t.Cleanup(s.Close)
	return s
}

// missing ends a test that cannot get the libraries. Where the environment requires
// that nothing is skipped, it fails.
func missing(t *testing.T, why string, args ...any) {
	t.Helper()
	if os.Getenv("RESILAB_REQUIRE_BROKERS") == "1" {
		t.Fatalf(why, args...)
	}
	t.Skipf(why, args...)
}

// command runs a command and returns what it wrote, with the error if it failed.
func command(t *testing.T, dir string, env []string, name string, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func copyFiles(t *testing.T, from, to string) {
	t.Helper()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// behaves runs a program against a gateway that fails twice and against one that
// declines.
func behaves(t *testing.T, s export.Settings, run func(env []string) (string, error)) {
	t.Helper()
	down := newStub(t, 2, http.StatusServiceUnavailable)
	out, err := run([]string{"GATEWAY_URL=" + down.URL})
	if err != nil || !strings.Contains(out, "paid") || down.calls.Load() != 3 {
		t.Errorf("two failures: %d calls, %v\n%s", down.calls.Load(), err, out)
	}
	declines := newStub(t, 100, http.StatusPaymentRequired)
	want := int32(1)
	if !s.Classify {
		want = int32(s.Policy.Attempts())
	}
	out, err = run([]string{"GATEWAY_URL=" + declines.URL})
	if err == nil || declines.calls.Load() != want {
		t.Errorf("declined: %d calls, want %d, %v\n%s", declines.calls.Load(), want, err, out)
	}
}

// obeys runs a program against a gateway that wants to be called again in a second.
func obeys(t *testing.T, run func(env []string) (string, error)) {
	t.Helper()
	var first, second time.Time
	var calls atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if calls.Add(1) == 1 {
			first = time.Now()
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		second = time.Now()
	}))
	defer server.Close()
	out, err := run([]string{"GATEWAY_URL=" + server.URL})
	if gap := second.Sub(first); err != nil || calls.Load() != 2 || gap < time.Second {
		t.Errorf("asked to wait a second: %d calls, %v between them, %v\n%s", calls.Load(), gap, err, out)
	}
}

// The Go programs are built against the libraries themselves, in a module of their
// own, and all but the one that needs AWS are run.
func TestTheGoProgramsDoWhatTheySay(t *testing.T) {
	if testing.Short() {
		t.Skip("builds four libraries")
	}
	t.Parallel()
	dir := t.TempDir()
	copyFiles(t, "testdata/go", dir)
	if out, err := command(t, dir, nil, "go", "mod", "download"); err != nil {
		missing(t, "the libraries cannot be downloaded: %v\n%s", err, out)
	}
	libraries := []string{"jpillora", "cenkalti", "failsafe-go", "aws-sdk-go-v2"}
	run := []string{"plain", "everything", "odd", "decorrelated"}
	for _, name := range libraries {
		for variant, s := range variants() {
			write(t, filepath.Join(dir, name+"_"+variant, "main.go"), code(t, i18n.English, name, s))
		}
	}
	if out, err := command(t, dir, nil, "go", "vet", "./..."); err != nil {
		t.Fatalf("a program does not compile, or not well: %v\n%s", err, out)
	}
	// One build for all that are run: the linker's work is done side by side.
	bin := filepath.Join(dir, "bin")
	build := []string{"build", "-ldflags=-s -w", "-o", bin + "/"}
	for _, name := range libraries[:3] {
		for _, variant := range run {
			build = append(build, "./"+name+"_"+variant)
		}
	}
	if out, err := command(t, dir, nil, "go", build...); err != nil {
		t.Fatalf("building: %v\n%s", err, out)
	}
	for _, name := range libraries[:3] {
		for _, variant := range run {
			t.Run(name+" "+variant, func(t *testing.T) {
				t.Parallel()
				s := variants()[variant]
				program := func(env []string) (string, error) {
					return command(t, dir, env, filepath.Join(bin, name+"_"+variant))
				}
				behaves(t, s, program)
				if s.Policy.HonorRetryAfter {
					obeys(t, program)
				}
			})
		}
	}
}

// nodeModules returns a new folder with the JavaScript libraries, which are
// installed once.
func nodeModules(t *testing.T) string {
	t.Helper()
	for _, tool := range []string{"node", "npm"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed", tool)
		}
	}
	packages.Do(func() { installPackages(t) })
	if packages.err != nil {
		missing(t, "the packages cannot be installed: %v\n%s", packages.err, packages.out)
	}
	dir := t.TempDir()
	if err := os.Symlink(filepath.Join(packages.dir, "node_modules"), filepath.Join(dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	return dir
}

func installPackages(t *testing.T) {
	if packages.dir, packages.err = os.MkdirTemp("", "resilab-js-"); packages.err != nil {
		return
	}
	copyFiles(t, "testdata/js", packages.dir)
	packages.out, packages.err = command(t, packages.dir, nil, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
}

func TestTheJavaScriptProgramsDoWhatTheySay(t *testing.T) {
	t.Parallel()
	dir := nodeModules(t)
	for _, name := range []string{"async-retry", "promise-retry"} {
		for variant, s := range variants() {
			t.Run(name+" "+variant, func(t *testing.T) {
				t.Parallel()
				file := name + "_" + variant + ".js"
				write(t, filepath.Join(dir, file), code(t, i18n.English, name, s))
				behaves(t, s, func(env []string) (string, error) { return command(t, dir, env, "node", file) })
			})
		}
	}
}

func TestThePythonProgramsAreWellFormed(t *testing.T) {
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("python3 is not installed")
	}
	dir := t.TempDir()
	for variant, s := range variants() {
		write(t, filepath.Join(dir, variant+".py"), code(t, i18n.English, "tenacity", s))
	}
	if out, err := command(t, dir, nil, "python3", "-m", "compileall", "-q", dir); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
