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

// ErrNoServer tells that redis-server is not installed.
var ErrNoServer = errors.New("redis-server is not on the PATH")

// Own is a real Redis of the program's own, for experiments that change a
// server: reachable only through a socket in a private folder, without
// persistence, and gone with the program (on Linux even if that is killed).
type Own struct {
	dir  string
	cmd  *exec.Cmd
	done chan struct{}
}

// ownPatience bounds how long the server may take to start, and to end.
const ownPatience = 5 * time.Second

// StartOwn starts a server and returns when it answers. Close is due after
// success. The error is ErrNoServer where there is none to start.
func StartOwn(ctx context.Context) (_ *Own, err error) {
	binary, err := exec.LookPath("redis-server")
	if err != nil {
		return nil, ErrNoServer
	}
	dir, err := os.MkdirTemp("", "resilab-redis-")
	if err != nil {
		return nil, fmt.Errorf("making a folder for a Redis: %w", err)
	}
	o := &Own{dir: dir, done: make(chan struct{})}
	o.cmd = exec.Command(binary, "--port", "0", "--unixsocket", o.socket(), "--unixsocketperm", "700",
		"--dir", dir, "--save", "", "--appendonly", "no", "--daemonize", "no")
	o.cmd.SysProcAttr = tiedToParent()
	if err := o.run(); err != nil {
		return nil, errors.Join(fmt.Errorf("starting %s: %w", binary, err), os.RemoveAll(dir))
	}
	if err := o.await(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("starting %s: %w", binary, err), o.Close())
	}
	return o, nil
}

func (o *Own) socket() string { return filepath.Join(o.dir, "redis.sock") }

// URL is what a client takes.
func (o *Own) URL() string { return "unix://" + o.socket() }

// run starts the process on a thread that lasts as long as it does: the system
// ends the child with the thread that started it.
func (o *Own) run() error {
	started := make(chan error)
	go func() {
		defer close(o.done)
		runtime.LockOSThread()
		err := o.cmd.Start()
		started <- err
		if err == nil {
			_ = o.cmd.Wait() // how it ends is the business of whoever ends it
		}
	}()
	return <-started
}

func (o *Own) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, ownPatience)
	defer cancel()
	c, err := Open(o.URL(), Options{})
	if err != nil {
		return err
	}
	defer c.Close()
	for {
		if err = c.Ping(ctx); err == nil {
			return nil
		}
		select {
		case <-o.done:
			return errors.New("it ended at once")
		case <-ctx.Done():
			return fmt.Errorf("it does not answer: %w", err)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// Close ends the server and removes its folder.
func (o *Own) Close() error {
	_ = o.cmd.Process.Signal(os.Interrupt) // fails where it has ended already
	select {
	case <-o.done:
	case <-time.After(ownPatience):
		_ = o.cmd.Process.Kill()
		<-o.done
	}
	if err := os.RemoveAll(o.dir); err != nil {
		return fmt.Errorf("removing the folder of a Redis: %w", err)
	}
	return nil
}

// Memory is how full a server is.
type Memory struct {
	Used    int64 // bytes
	Most    int64 // bytes; 0: no limit
	Evicted int64 // keys since the server started
}

// Memory asks for the server's memory.
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
		n, _ := strconv.ParseInt(s, 10, 64) // a server that does not tell counts as 0
		return n
	}
	return Memory{Used: number(memory["used_memory"]), Most: number(memory["maxmemory"]), Evicted: number(stats["evicted_keys"])}, nil
}

// BoundMemory lets the server hold room bytes more than it does now, and
// tells which key goes when it is full ("allkeys-lru" …). Only for a server of
// the program's own.
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
