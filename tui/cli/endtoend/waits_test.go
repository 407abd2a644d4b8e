//go:build unix

package endtoend

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Every wait ends with a signal: for keys on standard input, and for a named
// pipe in the place of a file.
func TestEveryWaitEndsWithASignal(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		args   []string
		config bool // the pipe is the config file
	}{
		"an input file":   {args: []string{"course", "check", "R1", "--b", os.DevNull, "--a"}},
		"the config file": {args: []string{"doctor"}, config: true},
	} {
		for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} {
			t.Run(name+" "+signal.String(), func(t *testing.T) {
				t.Parallel()
				home := t.TempDir()
				pipe := filepath.Join(home, "pipe")
				cmd := command(t, tc.args...)
				if tc.config {
					check(t, os.Mkdir(filepath.Join(home, "resilab"), 0o700))
					pipe = filepath.Join(home, "resilab", "config.yaml")
				} else {
					cmd.Args = append(cmd.Args, pipe)
				}
				cmd.Env = append(cmd.Env, "XDG_CONFIG_HOME="+home)
				check(t, syscall.Mkfifo(pipe, 0o600))
				start(t, cmd)
				w, err := os.OpenFile(pipe, os.O_WRONLY, 0) // returns when the program reads
				check(t, err)
				defer w.Close()
				endsWith(t, cmd, signal)
			})
		}
	}
}

func TestRouteEndsWithASignal(t *testing.T) {
	t.Parallel()
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} {
		t.Run(signal.String(), func(t *testing.T) {
			t.Parallel()
			cmd := command(t, "route")
			in, err := cmd.StdinPipe()
			check(t, err)
			defer in.Close()
			start(t, cmd)
			keys := strings.Repeat("user1\n", 20_000) // more than a pipe holds: the program reads
			if _, err := in.Write([]byte(keys)); err != nil {
				t.Fatal(err)
			}
			endsWith(t, cmd, signal)
		})
	}
}

// endsWith interrupts a program that waits: it exits with a failure.
func endsWith(t *testing.T, cmd *exec.Cmd, signal os.Signal) {
	t.Helper()
	check(t, cmd.Process.Signal(signal))
	if err := cmd.Wait(); err == nil {
		t.Error("ends with success")
	}
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() && cmd.ProcessState.ExitCode() < 0 {
		t.Errorf("was killed by %v instead of ending", status.Signal())
	}
}

// Whatever there is of a home, the program works without its files.
func TestAnUnreadableHome(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	check(t, os.WriteFile(filepath.Join(home, "resilab"), nil, 0o600)) // a file in the place of the folder
	for _, args := range [][]string{{"--help"}, {"run", "retry", "--for", "50ms"}, {"route", "a"}, {"course", "list"}} {
		cmd := command(t, args...)
		cmd.Env = append(cmd.Env, "XDG_CONFIG_HOME="+home, "XDG_STATE_HOME="+home)
		var errs bytes.Buffer
		cmd.Stderr = &errs
		if err := cmd.Run(); err != nil {
			t.Errorf("%v: %v\n%s", args, err, errs.String())
		}
	}
}
