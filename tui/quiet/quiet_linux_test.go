package quiet_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"testing"

	tea "github.com/charmbracelet/bubbletea"
	"golang.org/x/sys/unix"

	"resilab/brokers/brokertest"
	"resilab/tui/quiet"
)

const child = "RESILAB_TEST_QUIET_CHILD"

var _ tea.Model // linked in: its init is what this is about

func init() { quiet.Done() }

func TestMain(m *testing.M) {
	if os.Getenv(child) != "" {
		name, named := os.LookupEnv("TERM")
		fmt.Print("TERM is ", name, " ", named)
		return
	}
	os.Exit(m.Run())
}

// A program on a terminal that never answers sends no queries, writes its
// output at once, and reads the terminal's name from TERM.
func TestTerminalIsNotQueried(t *testing.T) {
	for name, want := range map[string]string{"TERM=xterm-256color": "TERM is xterm-256color true", "TERM=": "TERM is  true", "": "TERM is  false"} {
		if got := written(t, name); got != want {
			t.Errorf("with %q the terminal got %q", name, got)
		}
	}
}

// written returns what the child writes on a terminal whose name is set by term;
// empty: it has none.
func written(t *testing.T, term string) string {
	t.Helper()
	master, slave := openTerminal(t)
	cmd := exec.Command(os.Args[0])
	cmd.Env = []string{child + "=1"}
	if term != "" {
		cmd.Env = append(cmd.Env, term)
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	slave.Close()
	var out bytes.Buffer
	_, _ = out.ReadFrom(master) // ends with an error when the other side is closed
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// openTerminal opens a pseudo-terminal.
func openTerminal(t *testing.T) (master, slave *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		brokertest.Unavailable(t, fmt.Errorf("no pseudo-terminals here: %w", err))
	}
	t.Cleanup(func() { master.Close() })
	fd := int(master.Fd())
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	slave, err = os.OpenFile("/dev/pts/"+strconv.Itoa(n), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return master, slave
}
