//go:build unix

package endtoend

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// BenchmarkFirstFrame is the time from starting the built program, embedded
// brokers and all, until its first picture is on the terminal.
func BenchmarkFirstFrame(b *testing.B) {
	program := built(b)
	for b.Loop() {
		term := openTerminalWith(b, 120, 40, program())
		for !term.shows("resilab") {
			time.Sleep(time.Millisecond)
		}
		b.StopTimer()
		term.press(b, "\x03")
		if err := term.awaitEnd(b); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}

// built builds the program and returns how to start it.
func built(b *testing.B) (start func() *exec.Cmd) {
	b.Helper()
	path := filepath.Join(b.TempDir(), "resilab")
	if out, err := exec.Command("go", "build", "-o", path, "resilab").CombinedOutput(); err != nil {
		b.Fatalf("building: %v\n%s", err, out)
	}
	return func() *exec.Cmd {
		cmd := exec.Command(path, "--http-addr", "127.0.0.1:0")
		cmd.Env = environment(b)
		return cmd
	}
}

// BenchmarkPaused is the share of a core that a program uses whose three labs
// are paused.
func BenchmarkPaused(b *testing.B) {
	const watched = 5 * time.Second
	term := openTerminalWith(b, 120, 40, built(b)())
	for i, name := range []string{"with retry", "x-consistent-hash", "Laptop"} {
		term.press(b, strconv.Itoa(i+1))
		await(b, name+" is on the screen", func() bool { return term.shows(name) })
		term.press(b, " ")
		await(b, "it is paused", func() bool { return term.shows("paused") })
	}
	time.Sleep(2 * time.Second) // what was under way has ended
	for b.Loop() {
		before := cpuTime(b, term.cmd.Process.Pid)
		time.Sleep(watched)
		used := cpuTime(b, term.cmd.Process.Pid) - before
		b.ReportMetric(100*used.Seconds()/watched.Seconds(), "cpu-%")
	}
}

// cpuTime reads how much processor time a process has used (Linux).
func cpuTime(b *testing.B, pid int) time.Duration {
	b.Helper()
	raw, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		b.Skip("no /proc here: ", err)
	}
	// Fields after the command's closing parenthesis; 12 and 13 are user and
	// system time in hundredths of a second (proc(5), sysconf(_SC_CLK_TCK)).
	fields := strings.Fields(string(raw[strings.LastIndexByte(string(raw), ')')+1:]))
	var ticks int
	for _, f := range fields[11:13] {
		n, err := strconv.Atoi(f)
		if err != nil {
			b.Fatal(err)
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}
