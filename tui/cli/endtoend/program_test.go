//go:build unix

package endtoend

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"os/signal"
	"sync"
	"syscall"
	"testing"
	"time"

	"resilab/brokers/brokertest"
	"resilab/labs"
	"resilab/tui/cli"
	"resilab/tui/panes"
)

// patience bounds every wait; nothing here measures time.
const patience = 2 * time.Minute

var shared brokertest.Shared

// beProgram, set in the environment, makes the test binary the program under
// test: nothing needs to be built, and the race detector watches both.
const beProgram = "RESILAB_ENDTOEND_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(beProgram) != "" {
		os.Exit(resilab())
	}
	// These tests list what the brokers hold, so that the brokers are their own.
	_ = os.Unsetenv("RESILAB_AMQP_URL")
	_ = os.Unsetenv("RESILAB_REDIS_URL")
	brokertest.Main(m, &shared)
}

// resilab is what main.go does; SIGUSR1 makes a goroutine panic that is not
// Bubble Tea's, as a mistake in an engine would.
func resilab() int {
	panics := make(chan os.Signal, 1)
	signal.Notify(panics, syscall.SIGUSR1)
	go func() {
		<-panics
		panic("a mistake in an engine")
	}()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	return cli.Main(ctx, cli.World{
		Args: os.Args[1:], Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv, Hangup: hangup,
		Labs: labs.All(), Panes: panes.All(),
	})
}

// command returns resilab with arguments and an empty home folder.
func command(tb testing.TB, args ...string) *exec.Cmd {
	tb.Helper()
	self, err := os.Executable()
	if err != nil {
		tb.Fatal(err)
	}
	cmd := exec.Command(self, args...)
	cmd.Env = append(environment(tb), beProgram+"=1")
	return cmd
}

// environment is that of a person with a good terminal who reads English.
func environment(tb testing.TB) []string {
	return append(os.Environ(), "LANG=en_US.UTF-8", "LC_ALL=", "TERM=xterm-256color", "COLORTERM=truecolor", "NO_COLOR=",
		"XDG_CONFIG_HOME="+tb.TempDir(), "XDG_STATE_HOME="+tb.TempDir(),
		// The program has waited for its goroutines when it exits, so that the race
		// detector need not linger for theirs, as it does for a second.
		"GORACE=atexit_sleep_ms=0")
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
			tb.Fatalf("after %s still waiting until %s", patience, what)
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
