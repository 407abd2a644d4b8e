package redis

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"time"
)

// ErrNoServer is returned where redis-server is not installed.
var ErrNoServer = errors.New("redis-server is not on the PATH")

// Process is a redis-server that this program runs, for experiments that change a
// server. It can be reached only through a socket in a private folder, keeps
// nothing on disk, and ends with the program (on Linux even if that is killed).
type Process struct {
	dir  string
	cmd  *exec.Cmd
	done chan struct{}
}

// processTimeout bounds how long the server may take to start, and to end.
const processTimeout = 5 * time.Second

// StartProcess starts a server and returns when it answers. The error is
// ErrNoServer where there is none to start. The caller must call Close.
func StartProcess(ctx context.Context) (_ *Process, err error) {
	binary, err := exec.LookPath("redis-server")
	if err != nil {
		return nil, ErrNoServer
	}
	removeAbandoned()
	dir, err := os.MkdirTemp("", fmt.Sprintf("%s%d-", processFolder, os.Getpid()))
	if err != nil {
		return nil, fmt.Errorf("making a folder for a Redis: %w", err)
	}
	p := &Process{dir: dir, done: make(chan struct{})}
	p.cmd = exec.Command(binary, "--port", "0", "--unixsocket", p.socket(), "--unixsocketperm", "700",
		"--dir", dir, "--save", "", "--appendonly", "no", "--daemonize", "no")
	p.cmd.SysProcAttr = tiedToParent()
	if err := p.run(); err != nil {
		return nil, errors.Join(fmt.Errorf("starting %s: %w", binary, err), os.RemoveAll(dir))
	}
	if err := p.await(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("starting %s: %w", binary, err), p.Close())
	}
	return p, nil
}

// processFolder is the prefix of the folders' names; the id of the program
// that made them follows.
const processFolder = "resilab-redis-"

// removeAbandoned removes the folders of programs that were killed.
func removeAbandoned() {
	dirs, err := filepath.Glob(filepath.Join(os.TempDir(), processFolder+"*"))
	if err != nil {
		return
	}
	for _, dir := range dirs {
		var pid int
		if n, _ := fmt.Sscanf(filepath.Base(dir), processFolder+"%d-", &pid); n == 1 && !runs(pid) {
			_ = os.RemoveAll(dir) // another user's folder stays
		}
	}
}

func (p *Process) socket() string { return filepath.Join(p.dir, "redis.sock") }

// URL returns the address as Open takes it.
func (p *Process) URL() string { return "unix://" + p.socket() }

// run starts the process on a thread that lasts as long as it does: the system
// ends the child with the thread that started it.
func (p *Process) run() error {
	started := make(chan error)
	go func() {
		defer close(p.done)
		runtime.LockOSThread()
		err := p.cmd.Start()
		started <- err
		if err == nil {
			_ = p.cmd.Wait() // Close or the system has ended it
		}
	}()
	return <-started
}

func (p *Process) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, processTimeout)
	defer cancel()
	c, err := Open(p.URL(), Options{})
	if err != nil {
		return err
	}
	defer c.Close()
	for {
		if err = c.Ping(ctx); err == nil {
			return nil
		}
		select {
		case <-p.done:
			return errors.New("redis-server exited immediately")
		case <-ctx.Done():
			return fmt.Errorf("it does not answer: %w", err)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// Close ends the server and removes its folder.
func (p *Process) Close() error {
	_ = p.cmd.Process.Signal(os.Interrupt) // fails where it has ended already
	select {
	case <-p.done:
	case <-time.After(processTimeout):
		_ = p.cmd.Process.Kill()
		<-p.done
	}
	if err := os.RemoveAll(p.dir); err != nil {
		return fmt.Errorf("removing the folder of a Redis: %w", err)
	}
	return nil
}

// Memory is the memory of a server.
type Memory struct {
	Used    int64 // bytes
	Most    int64 // bytes; 0: no limit
	Evicted int64 // keys since the server started
}

// Memory returns the memory of the server.
func (c *Client) Memory(ctx context.Context) (Memory, error) {
	memory, err := c.Info(ctx, "memory")
	if err != nil {
		return Memory{}, err
	}
	stats, err := c.Info(ctx, "stats")
	if err != nil {
		return Memory{}, err
	}
	number := func(s string) int64 {
		n, _ := strconv.ParseInt(s, 10, 64) // a field that is missing counts as 0
		return n
	}
	return Memory{Used: number(memory["used_memory"]), Most: number(memory["maxmemory"]), Evicted: number(stats["evicted_keys"])}, nil
}

// BoundMemory lets the server hold room bytes more than it does now, with a policy
// for what it evicts when it is full ("allkeys-lru" …). It is for a Process only.
func (c *Client) BoundMemory(ctx context.Context, room int64, policy string) error {
	m, err := c.Memory(ctx)
	if err != nil {
		return err
	}
	if err := c.rdb.ConfigSet(ctx, "maxmemory-policy", policy).Err(); err != nil {
		return fmt.Errorf("setting maxmemory-policy to %s: %w", policy, c.wrap(err))
	}
	if err := c.rdb.ConfigSet(ctx, "maxmemory", strconv.FormatInt(m.Used+room, 10)).Err(); err != nil {
		return fmt.Errorf("setting maxmemory: %w", c.wrap(err))
	}
	return nil
}
