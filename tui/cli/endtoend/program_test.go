package endtoend

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"resilab/brokers/brokertest"
)

// patience bounds every wait; nothing here measures time.
const patience = 30 * time.Second

var shared brokertest.Shared

func TestMain(m *testing.M) { brokertest.Main(m, &shared) }

// program builds resilab once for all tests and returns its path.
var program = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "resilab-endtoend-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "resilab")
	cmd := exec.Command("go", "build", "-o", path, "resilab")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building: %w\n%s", err, out)
	}
	return path, nil
})

// command returns resilab with arguments, in a home of its own.
func command(tb testing.TB, args ...string) *exec.Cmd {
	tb.Helper()
	path, err := program()
	if err != nil {
		tb.Fatal(err)
	}
	cmd := exec.Command(path, args...)
	cmd.Env = append(os.Environ(), "LANG=en_US.UTF-8", "LC_ALL=", "TERM=xterm-256color", "COLORTERM=truecolor", "NO_COLOR=",
		"XDG_CONFIG_HOME="+tb.TempDir(), "RESILAB_AMQP_URL=", "RESILAB_REDIS_URL=")
	return cmd
}

// start starts a command that is killed at the end of the test if it still runs.
func start(tb testing.TB, cmd *exec.Cmd) {
	tb.Helper()
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if cmd.ProcessState == nil {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
	})
}

// evidence is what resilab run prints as JSON.
type evidence struct {
	Lab     string             `json:"lab"`
	Brokers map[string]string  `json:"brokers"`
	Knobs   map[string]any     `json:"knobs"`
	Metrics map[string]float64 `json:"metrics"`
	Seconds float64            `json:"duration_s"`
}

// run runs a lab without a screen and returns its evidence.
func run(tb testing.TB, args ...string) evidence {
	tb.Helper()
	cmd := command(tb, append([]string{"run"}, append(args, "--format", "json")...)...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		tb.Fatalf("resilab run %v: %v\n%s", args, err, errs.String())
	}
	return parse(tb, out.Bytes())
}

func parse(tb testing.TB, raw []byte) (e evidence) {
	tb.Helper()
	if err := json.Unmarshal(raw, &e); err != nil {
		tb.Fatalf("%v in %q", err, raw)
	}
	return e
}

// await polls until ok holds.
func await(tb testing.TB, what string, ok func() bool) {
	tb.Helper()
	deadline := time.Now().Add(patience)
	for !ok() {
		if time.Now().After(deadline) {
			tb.Fatalf("waited %s in vain until %s", patience, what)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// output collects what a process prints; safe to read while it runs.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}
