//go:build unix

package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/charmbracelet/x/term"
)

// The labs draw on the alternate screen of a terminal in raw mode. Bubble Tea
// restores the terminal after a panic in one of its goroutines; a panic in an
// engine's or a library's goroutine ends the process at once, as kill -9 does. So
// a second process of this program waits until the first one ends and, if that has
// not written goodbye, restores the terminal and shows the report (the monitor in
// the documentation of debug.SetCrashOutput).

// watchVariable in the environment makes the program that second process.
const watchVariable = "RESILAB_WATCH_TERMINAL"

// goodbye is written by the first process when it has restored the terminal.
const goodbye = "goodbye"

// Files that the second process inherits.
const (
	reportFile = 3 // the crash report, until the first process has ended
	readyFile  = 4 // written when the terminal's state is saved
)

// leaveScreen leaves the alternate screen, shows the cursor, and ends the
// reports of the mouse and of pastes.
const leaveScreen = "\x1b[?1049l\x1b[?25h\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?2004l\x1b[0m\r\n"

// terminalWatch is the second process, seen from the first.
type terminalWatch struct {
	report *os.File // for it to read
	ready  *os.File // from it
	cmd    *exec.Cmd
}

// watchTerminal starts the second process. The caller must call close when it has
// restored the terminal.
func watchTerminal(world World) (*terminalWatch, error) {
	w, err := startWatch(world)
	if err != nil {
		return nil, fmt.Errorf("watching the terminal: %w", err)
	}
	return w, nil
}

func startWatch(world World) (*terminalWatch, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	theirs, report, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer theirs.Close()
	ready, said, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, report.Close())
	}
	defer said.Close()
	w := &terminalWatch{report: report, ready: ready, cmd: exec.Command(self, world.Args...)}
	w.cmd.Env = append(os.Environ(), watchVariable+"=1")
	w.cmd.Stdin, w.cmd.Stdout, w.cmd.Stderr = world.Stdin, world.Stdout, world.Stderr
	w.cmd.ExtraFiles = []*os.File{theirs, said}
	if err := w.cmd.Start(); err != nil {
		return nil, errors.Join(err, report.Close(), ready.Close())
	}
	if err := debug.SetCrashOutput(report, debug.CrashOptions{}); err != nil {
		return nil, errors.Join(err, w.close())
	}
	return w, nil
}

// await returns when the second process has saved the terminal's state. The caller
// must not change the terminal before.
func (w *terminalWatch) await() error {
	if _, err := io.ReadFull(w.ready, make([]byte, 1)); err != nil {
		return fmt.Errorf("watching the terminal: %w", err)
	}
	return nil
}

// close ends the second process, which then leaves the terminal alone, and waits
// for it.
func (w *terminalWatch) close() error {
	_ = debug.SetCrashOutput(nil, debug.CrashOptions{})
	_, _ = io.WriteString(w.report, goodbye) // it may have been killed
	_, _ = w.report.Close(), w.ready.Close()
	if err := w.cmd.Wait(); err != nil {
		return fmt.Errorf("watching the terminal: %w", err)
	}
	return nil
}

// isTerminalWatch reports whether this is the second process.
func isTerminalWatch(w World) bool { return w.Getenv(watchVariable) != "" }

// beTerminalWatch is what the second process does.
func beTerminalWatch(ctx context.Context, w World) int {
	// It outlives the first process, whatever ends that. Writing to a terminal
	// whose shell has taken it back would stop it (SIGTTOU).
	signal.Ignore(os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGTSTP, syscall.SIGTTOU)
	before, err := term.GetState(os.Stdin.Fd())
	if err != nil {
		return exitFailed
	}
	ready := os.NewFile(readyFile, "ready")
	_, _ = ready.WriteString("!")
	_ = ready.Close()
	report, _ := io.ReadAll(os.NewFile(reportFile, "report"))
	if string(report) == goodbye {
		return exitOK
	}
	_ = term.Restore(os.Stdin.Fd(), before) // the terminal may be closed
	_, _ = io.WriteString(w.Stdout, leaveScreen)
	config, _ := readConfig(ctx, w.Getenv) // without it the language is that of the environment
	if text, err := catalogue(w.Labs, wantedLanguage(w, config)); err == nil {
		fmt.Fprintln(w.Stderr, "resilab:", text.T("cli.error.crash"))
	}
	_, _ = w.Stderr.Write(report)
	return exitFailed
}
