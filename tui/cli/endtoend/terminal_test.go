package endtoend

import (
	"bytes"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

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
}

func openTerminal(tb testing.TB, cols, rows uint16, args ...string) *terminal {
	tb.Helper()
	return openTerminalWith(tb, cols, rows, command(tb, args...))
}

func openTerminalWith(tb testing.TB, cols, rows uint16, cmd *exec.Cmd) *terminal {
	tb.Helper()
	file, err := pty.StartWithSize(cmd, &pty.Winsize{Cols: cols, Rows: rows})
	if err != nil {
		tb.Fatal(err)
	}
	term := &terminal{cmd: cmd, pty: file, ended: make(chan error, 1),
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
	for i, words := range [][]string{{"Knobs", "retries", "with retry"}, {"x-consistent-hash", "user1"}, {"Laptop", "TTL"}} {
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

// A signal ends the program as cleanly as a key.
func TestTerminalSignal(t *testing.T) {
	t.Parallel()
	term := openTerminal(t, 80, 24, "--http-addr", "127.0.0.1:0")
	term.awaits(t, "Knobs")
	if err := term.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := term.awaitEnd(t); err != nil {
		t.Errorf("SIGINT ends it with %v: %s", err, tail(term.raw.String()))
	}
	checkTerminalIsClean(t, term)
}

// checkTerminalIsClean looks for the sequences that leave the alternate screen
// and show the cursor.
func checkTerminalIsClean(t *testing.T, term *terminal) {
	t.Helper()
	raw := []byte(term.raw.String())
	for name, seq := range map[string]string{"alternate screen": "\x1b[?1049l", "cursor": "\x1b[?25h"} {
		on := strings.TrimSuffix(seq, seq[len(seq)-1:]) + map[byte]string{'l': "h", 'h': "l"}[seq[len(seq)-1]]
		if bytes.LastIndex(raw, []byte(seq)) < bytes.LastIndex(raw, []byte(on)) {
			t.Errorf("the %s is not given back", name)
		}
	}
}
