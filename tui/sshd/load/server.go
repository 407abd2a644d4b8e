package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// server is the measured server, a child process. A nil server is one at --addr
// and has no figures.
type server struct {
	addr string
	cmd  *exec.Cmd
	dir  string
}

var listening = regexp.MustCompile(`127\.0\.0\.1:\d+`)

// startServer starts a server for so many clients of this machine.
func startServer(ctx context.Context, sessions int, flags ...string) (*server, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "resilab-load-")
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, append([]string{"serve", "--addr", "127.0.0.1:0", "--open", "--exempt", "127.0.0.0/8", "--keep", "0s",
		"--metrics", "127.0.0.1:0", "--max-sessions", strconv.Itoa(sessions), "--host-key", filepath.Join(dir, "host_key"), "--state", filepath.Join(dir, "class")}, flags...)...)
	cmd.Env = append(os.Environ(), beServer+"=1")
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = patience
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return nil, err
	}
	defer log.Close() // the child has its own
	cmd.Stderr = log
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting the server: %w", err)
	}
	s := &server{cmd: cmd, dir: dir}
	for lines := bufio.NewScanner(out); s.addr == "" && lines.Scan(); {
		s.addr = listening.FindString(lines.Text())
	}
	if s.addr == "" {
		_ = s.stop()
		return nil, fmt.Errorf("the server does not listen; see %s", filepath.Join(dir, "log"))
	}
	return s, nil
}

// stop ends the server; its folder stays if it fails.
func (s *server) stop() error {
	if s == nil {
		return nil
	}
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	if err := s.cmd.Wait(); err != nil {
		return fmt.Errorf("the server ended with %w; see %s", err, filepath.Join(s.dir, "log"))
	}
	return os.RemoveAll(s.dir)
}

// usage is what the server has used.
type usage struct {
	known bool
	cpu   time.Duration
	rss   float64 // bytes
	files int
	counted
}

// counted are figures of the server's metrics; all are 0 if they cannot be read.
type counted struct {
	goroutines int
	sessions   int // at the moment
	refusals   int // so far
}

// ticksPerSecond is the unit of /proc/PID/stat: USER_HZ, 100 on every Linux.
const ticksPerSecond = 100

// usage reads the server's figures from /proc.
func (s *server) usage() (u usage) {
	if s == nil {
		return u
	}
	proc := fmt.Sprintf("/proc/%d/", s.cmd.Process.Pid)
	stat, err := os.ReadFile(proc + "stat")
	if err != nil {
		return u
	}
	_, after, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(after) // from the third on, see proc_pid_stat(5)
	if len(fields) < 22 {
		return u
	}
	var ticks, pages float64
	for _, f := range fields[11:13] {
		n, _ := strconv.ParseFloat(f, 64)
		ticks += n
	}
	pages, _ = strconv.ParseFloat(fields[21], 64)
	files, _ := os.ReadDir(proc + "fd")
	return usage{known: true, cpu: time.Duration(ticks / ticksPerSecond * float64(time.Second)),
		rss: pages * float64(os.Getpagesize()), files: len(files), counted: s.counted()}
}

// Where the server's metrics are, and those that are read.
var (
	metricsAddr  = regexp.MustCompile(`msg=metrics addr=(\S+)`)
	goroutinesIs = regexp.MustCompile(`(?m)^go_goroutines (\S+)`)
	sessionsAre  = regexp.MustCompile(`(?m)^resilab_sessions\{kind="session"\} (\S+)`)
	refusalsAre  = regexp.MustCompile(`(?m)^resilab_refusals_total\{.*\} (\S+)`)
)

// counted reads the server's metrics.
func (s *server) counted() counted {
	log, err := os.ReadFile(s.log())
	at := metricsAddr.FindSubmatch(log)
	if err != nil || at == nil {
		return counted{}
	}
	client := http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Get("http://" + string(at[1]) + "/metrics")
	if err != nil {
		return counted{}
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body)
	return counted{sum(goroutinesIs, text), sum(sessionsAre, text), sum(refusalsAre, text)}
}

// sum adds up the values of all series of a metric.
func sum(metric *regexp.Regexp, text []byte) int {
	total := 0.0
	for _, found := range metric.FindAllSubmatch(text, -1) {
		value, _ := strconv.ParseFloat(string(found[1]), 64)
		total += value
	}
	return int(total)
}

// log is the file that the server logs to.
func (s *server) log() string { return filepath.Join(s.dir, "log") }
