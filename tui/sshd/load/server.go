package main

import (
	"bufio"
	"context"
	"fmt"
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
func startServer(ctx context.Context, sessions int) (*server, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "resilab-load-")
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, "serve", "--addr", "127.0.0.1:0", "--open", "--exempt", "127.0.0.0/8", "--keep", "0s",
		"--max-sessions", strconv.Itoa(sessions), "--host-key", filepath.Join(dir, "host_key"), "--state", filepath.Join(dir, "class"))
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

// usage is what a process has used.
type usage struct {
	known bool
	cpu   time.Duration
	rss   float64 // bytes
	files int
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
		rss: pages * float64(os.Getpagesize()), files: len(files)}
}
