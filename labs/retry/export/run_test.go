package export_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"resilab/brokers/brokertest"
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

// command runs a command and returns its output, with the error if it failed. Only
// the test's own deadline limits it: a build takes minutes on a busy machine.
func command(t *testing.T, dir string, env []string, name string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
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

// trial is a program's two gateways: one that fails twice, and one that declines.
type trial struct{ down, declines *stub }

func newTrial(t *testing.T) trial {
	return trial{newStub(t, 2, http.StatusServiceUnavailable), newStub(t, 100, http.StatusPaymentRequired)}
}

// passed checks what a program wrote after two failures, and reports whether it
// ended as a success.
func (tr trial) passed(t *testing.T, out string, ok bool) {
	t.Helper()
	if !ok || !strings.Contains(out, "paid") || tr.down.calls.Load() != 3 {
		t.Errorf("two failures: %d calls, success %v\n%s", tr.down.calls.Load(), ok, out)
	}
}

// refused checks what a program wrote after its card was declined.
func (tr trial) refused(t *testing.T, s export.Settings, out string, ok bool) {
	t.Helper()
	want := int32(1)
	if !s.Classify {
		want = int32(s.Policy.Attempts())
	}
	if ok || tr.declines.calls.Load() != want {
		t.Errorf("declined: %d calls, want %d, success %v\n%s", tr.declines.calls.Load(), want, ok, out)
	}
}

// behaves runs a program against both gateways.
func behaves(t *testing.T, s export.Settings, run func(env []string) (string, error)) {
	t.Helper()
	tr := newTrial(t)
	out, err := run([]string{"GATEWAY_URL=" + tr.down.URL})
	tr.passed(t, out, err == nil)
	out, err = run([]string{"GATEWAY_URL=" + tr.declines.URL})
	tr.refused(t, s, out, err == nil)
}

// honoursRetryAfter runs a program against a gateway that asks for a second of waiting.
func honoursRetryAfter(t *testing.T, run func(env []string) (string, error)) {
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

// The Go programs are checked against the libraries themselves, in one module, and
// all but the one that needs AWS are run. For that they become packages of one program:
// linking takes longer than everything else.
func TestTheGoProgramsDoWhatTheySay(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	copyFiles(t, "testdata/go", dir)
	if out, err := command(t, dir, nil, "go", "mod", "download"); err != nil {
		brokertest.Unavailable(t, fmt.Errorf("the libraries cannot be downloaded: %w\n%s", err, out))
	}
	libraries := []string{"jpillora", "cenkalti", "failsafe-go", "aws-sdk-go-v2"}
	run := []string{"plain", "everything", "odd", "decorrelated"}
	var imports, cases strings.Builder
	for l, name := range libraries {
		for variant, s := range variants() {
			program := name + "_" + variant
			write(t, filepath.Join(dir, program, "main.go"), asPackage(code(t, i18n.English, name, s)))
			if l < 3 && slices.Contains(run, variant) {
				alias := fmt.Sprintf("p%d%s", l, variant)
				fmt.Fprintf(&imports, "%s %q\n", alias, "exported/"+program)
				fmt.Fprintf(&cases, "case %q: %s.Main()\n", program, alias)
			}
		}
	}
	write(t, filepath.Join(dir, "all", "main.go"),
		"package main\nimport (\n\"os\"\n"+imports.String()+")\nfunc main() { switch os.Args[1] {\n"+cases.String()+"} }\n")
	if out, err := command(t, dir, nil, "go", "vet", "./..."); err != nil {
		t.Fatalf("a program does not compile or vet: %v\n%s", err, out)
	}
	bin := filepath.Join(dir, "programs")
	if out, err := command(t, dir, nil, "go", "build", "-ldflags=-s -w", "-o", bin, "./all"); err != nil {
		t.Fatalf("building: %v\n%s", err, out)
	}
	for _, name := range libraries[:3] {
		for _, variant := range run {
			t.Run(name+" "+variant, func(t *testing.T) {
				t.Parallel()
				s := variants()[variant]
				program := func(env []string) (string, error) {
					return command(t, dir, env, bin, name+"_"+variant)
				}
				behaves(t, s, program)
				if s.Policy.HonorRetryAfter {
					honoursRetryAfter(t, program)
				}
			})
		}
	}
}

// asPackage makes a package of a program.
func asPackage(program string) string {
	program = strings.Replace(program, "\npackage main\n", "\npackage program\n", 1)
	return strings.Replace(program, "\nfunc main() {", "\n// Main is the program.\nfunc Main() {", 1)
}

// nodeModules returns a new folder with the JavaScript libraries, which are
// installed once.
func nodeModules(t *testing.T) string {
	t.Helper()
	for _, tool := range []string{"node", "npm"} {
		if _, err := exec.LookPath(tool); err != nil {
			brokertest.Unavailable(t, err)
		}
	}
	packages.Do(func() { installPackages(t) })
	if packages.err != nil {
		brokertest.Unavailable(t, fmt.Errorf("the packages cannot be installed: %w\n%s", packages.err, packages.out))
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

// runAll runs every [file, gateway] in a worker of one process, four at a time, because
// starting node takes longer than what the programs do. It prints a list of [output,
// exit code].
const runAll = `
const { Worker } = require('worker_threads')

function run ([file, gateway]) {
  return new Promise(resolve => {
    let out = ''
    const worker = new Worker(file, { env: { ...process.env, GATEWAY_URL: gateway }, stdout: true, stderr: true })
    for (const stream of [worker.stdout, worker.stderr]) stream.on('data', data => { out += data })
    worker.on('error', error => { out += error })
    worker.on('exit', code => setImmediate(() => resolve([out, code])))
  })
}

const jobs = JSON.parse(process.argv[2])
const results = []
let next = 0

async function work () {
  while (next < jobs.length) {
    const i = next++
    results[i] = await run(jobs[i])
  }
}

Promise.all([work(), work(), work(), work()]).then(() => console.log(JSON.stringify(results)))
`

func TestTheJavaScriptProgramsDoWhatTheySay(t *testing.T) {
	t.Parallel()
	dir := nodeModules(t)
	write(t, filepath.Join(dir, "all.js"), runAll)
	type program struct {
		name     string
		settings export.Settings
		trial    trial
	}
	var programs []program
	var jobs [][2]string
	for _, name := range []string{"async-retry", "promise-retry"} {
		for variant, s := range variants() {
			p := program{name + " " + variant, s, newTrial(t)}
			file := filepath.Join(dir, name+"_"+variant+".js")
			write(t, file, code(t, i18n.English, name, s))
			programs = append(programs, p)
			jobs = append(jobs, [2]string{file, p.trial.down.URL}, [2]string{file, p.trial.declines.URL})
		}
	}
	arguments, err := json.Marshal(jobs)
	if err != nil {
		t.Fatal(err)
	}
	out, err := command(t, dir, nil, "node", "all.js", string(arguments))
	var results [][2]any
	if err == nil {
		err = json.Unmarshal([]byte(out), &results)
	}
	if err != nil || len(results) != len(jobs) {
		t.Fatalf("%d of %d ran, %v\n%s", len(results), len(jobs), err, out)
	}
	for i, p := range programs {
		t.Run(p.name, func(t *testing.T) {
			down, declined := results[2*i], results[2*i+1]
			p.trial.passed(t, down[0].(string), down[1] == 0.0)
			p.trial.refused(t, p.settings, declined[0].(string), declined[1] == 0.0)
		})
	}
}

func TestThePythonProgramsAreWellFormed(t *testing.T) {
	if _, err := exec.LookPath("python3"); err != nil {
		brokertest.Unavailable(t, err)
	}
	dir := t.TempDir()
	for variant, s := range variants() {
		write(t, filepath.Join(dir, variant+".py"), code(t, i18n.English, "tenacity", s))
	}
	if out, err := command(t, dir, nil, "python3", "-m", "compileall", "-q", dir); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
