//go:build unix

package endtoend

import (
	"os"
	"os/exec"
	"reflect"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/charmbracelet/x/term"
	"github.com/creack/pty"
	"github.com/hinshun/vt10x"
)

// terminal is the program on a pseudo-terminal, with an emulator that keeps
// the picture a person would see.
type terminal struct {
	cmd    *exec.Cmd
	pty    *os.File
	screen vt10x.Terminal
	raw    output
	ended  chan error
	before *term.State // of the terminal, before the program
}

func openTerminal(tb testing.TB, cols, rows uint16, args ...string) *terminal {
	tb.Helper()
	return openTerminalWith(tb, cols, rows, command(tb, args...))
}

func openTerminalWith(tb testing.TB, cols, rows uint16, cmd *exec.Cmd) *terminal {
	tb.Helper()
	file, tty, err := pty.Open()
	if err != nil {
		tb.Fatal(err)
	}
	defer tty.Close()
	before, err := term.GetState(tty.Fd())
	if err != nil {
		tb.Fatal(err)
	}
	if err := pty.Setsize(tty, &pty.Winsize{Cols: cols, Rows: rows}); err != nil {
		tb.Fatal(err)
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = tty, tty, tty
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	term := &terminal{cmd: cmd, pty: file, ended: make(chan error, 1), before: before,
		screen: vt10x.New(vt10x.WithSize(int(cols), int(rows)))}
	read := make(chan struct{})
	go func() {
		defer close(read)
		buf := make([]byte, 32<<10)
		for {
			n, err := file.Read(buf)
			_, _ = term.raw.Write(buf[:n])
			_, _ = term.screen.Write(buf[:n])
			if err != nil {
				return // the program has closed its side
			}
		}
	}()
	go func() { term.ended <- cmd.Wait() }()
	tb.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = file.Close()
		<-read
	})
	return term
}

func (t *terminal) shows(text string) bool { return strings.Contains(t.screen.String(), text) }

// awaits waits until the screen shows a text.
func (t *terminal) awaits(tb testing.TB, text string) {
	tb.Helper()
	deadline := time.Now().Add(patience)
	for !t.shows(text) {
		if time.Now().After(deadline) {
			tb.Fatalf("%q is not on the screen:\n%s", text, t.screen.String())
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func (t *terminal) press(tb testing.TB, keys string) {
	tb.Helper()
	if _, err := t.pty.WriteString(keys); err != nil {
		tb.Fatal(err)
	}
}

func (t *terminal) resize(tb testing.TB, cols, rows uint16) {
	tb.Helper()
	t.screen.Resize(int(cols), int(rows))
	if err := pty.Setsize(t.pty, &pty.Winsize{Cols: cols, Rows: rows}); err != nil {
		tb.Fatal(err)
	}
}

func (t *terminal) awaitEnd(tb testing.TB) error {
	tb.Helper()
	select {
	case err := <-t.ended:
		t.ended <- err
		return err
	case <-time.After(patience):
		tb.Fatalf("the program does not end; its screen:\n%s", t.screen.String())
		return nil
	}
}

// The three labs work, shrink to nothing and grow again, and the terminal is
// left as it was found.
func TestTerminal(t *testing.T) {
	t.Parallel()
	term := openTerminal(t, 120, 40, "--http-addr", "127.0.0.1:0")
	for i, words := range [][]string{{"Settings", "retries", "with retry"}, {"x-consistent-hash", "user1"}, {"Laptop", "TTL"}} {
		term.press(t, strconv.Itoa(i+1))
		for _, word := range words {
			term.awaits(t, word)
		}
	}
	for _, size := range [][2]uint16{{80, 24}, {60, 16}, {20, 5}, {1, 1}, {200, 60}, {120, 40}} {
		term.resize(t, size[0], size[1])
	}
	term.awaits(t, "Laptop")
	term.press(t, "\x03")
	if err := term.awaitEnd(t); err != nil {
		t.Errorf("ctrl+c ends it with %v: %s", err, tail(term.raw.String()))
	}
	checkTerminalIsClean(t, term)
}

// A terminal that can only print lines, such as a shell in an editor, gets one line
// and no screen.
func TestADumbTerminalGetsALine(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{}, {"demo"}, {"--lang", "en"}} {
		cmd := command(t, args...)
		cmd.Env = append(cmd.Env, "TERM=dumb")
		term := openTerminalWith(t, 120, 40, cmd)
		if err := term.awaitEnd(t); err == nil || cmd.ProcessState.ExitCode() != 2 {
			t.Errorf("%q ends with %v, want status 2", args, err)
		}
		term.awaits(t, "plain lines only (TERM=dumb)")
		if got := term.raw.String(); strings.Contains(got, "\x1b") {
			t.Errorf("%q writes %q", args, got)
		}
	}
}

// A signal ends the program as cleanly as a key.
func TestTerminalSignal(t *testing.T) {
	t.Parallel()
	term := openTerminal(t, 80, 24, "--http-addr", "127.0.0.1:0")
	term.awaits(t, "Settings")
	if err := term.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := term.awaitEnd(t); err != nil {
		t.Errorf("SIGINT ends it with %v: %s", err, tail(term.raw.String()))
	}
	checkTerminalIsClean(t, term)
}

// However the program ends, the terminal is left as it was found, and what
// went wrong is reported.
func TestTerminalSurvivesTheProgram(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		signal syscall.Signal
		said   string
	}{
		"panic":   {syscall.SIGUSR1, "panic: a mistake in an engine"},
		"fatal":   {syscall.SIGSEGV, "SIGSEGV"},
		"kill -9": {syscall.SIGKILL, "crashed; the terminal was restored"},
	} {
		t.Run(name, func(t *testing.T) {
			term := openTerminal(t, 80, 24, "--http-addr", "127.0.0.1:0")
			term.awaits(t, "Settings")
			if err := term.cmd.Process.Signal(c.signal); err != nil {
				t.Fatal(err)
			}
			if err := term.awaitEnd(t); err == nil {
				t.Error("it ends with exit 0")
			}
			await(t, "the end is told", func() bool {
				raw := term.raw.String()
				left := strings.LastIndex(raw, leftScreen)
				return left >= 0 && strings.Contains(raw[left:], c.said)
			})
			checkTerminalIsClean(t, term)
		})
	}
}

// leftScreen is the sequence that leaves the alternate screen.
const leftScreen = "\x1b[?1049l"

// checkTerminalIsClean looks for the sequences that leave the alternate screen
// and show the cursor, and for the terminal's state.
func checkTerminalIsClean(t *testing.T, program *terminal) {
	t.Helper()
	for name, seq := range map[string]struct{ on, off string }{
		"alternate screen": {"\x1b[?1049h", leftScreen}, "cursor": {"\x1b[?25l", "\x1b[?25h"},
	} {
		// The program may end before all that it has written is read.
		await(t, "the "+name+" is given back", func() bool {
			raw := program.raw.String()
			return strings.LastIndex(raw, seq.off) >= strings.LastIndex(raw, seq.on)
		})
	}
	if after, err := term.GetState(program.pty.Fd()); err != nil || !reflect.DeepEqual(after, program.before) {
		t.Errorf("the terminal's state is %+v, %v; it was %+v", after, err, program.before)
	}
}
