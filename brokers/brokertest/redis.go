package brokertest

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

const (
	redisStartLimit = 30 * time.Second // a tenth of a second on an idle machine
	redisStopLimit  = 10 * time.Second
)

// RedisNode is a Redis that stores nothing on disk unless its arguments make it. Its
// methods must be called by one goroutine at a time, except URL and Addr.
type RedisNode struct {
	url, addr string

	bin, dir string // dir is "" for a node that was not started here
	args     []string
	server   *process
}

// Redis starts a node for one test, which ends with it. The arguments are added to
// those of redis-server: "--maxmemory", "10mb".
func Redis(tb testing.TB, args ...string) *RedisNode {
	tb.Helper()
	n, stop, err := startRedis(needRedis(tb), args)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(stop)
	return n
}

// needRedis returns the path of redis-server, or ends the test.
func needRedis(tb testing.TB) (bin string) {
	tb.Helper()
	bin, err := findRedis()
	if err != nil {
		Unavailable(tb, err)
	}
	return bin
}

// startRedis starts a node in a folder that stop removes.
func startRedis(bin string, args []string) (n *RedisNode, stop func(), err error) {
	dir, ports, release, err := home(1)
	if err != nil {
		return nil, nil, err
	}
	n = newRedis(bin, dir, ports.First(), args)
	if err := n.Start(); err != nil {
		release()
		return nil, nil, err
	}
	return n, func() { _ = n.Kill(); release() }, nil
}

// redisAt returns a node that runs already.
func redisAt(rawURL string) (*RedisNode, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil, fmt.Errorf("Redis's address: %w", err)
	}
	return &RedisNode{url: rawURL, addr: hostPort(u, "6379")}, nil
}

func newRedis(bin, dir string, port int, args []string) *RedisNode {
	addr := fmt.Sprintf("127.0.0.1:%d", port)
	return &RedisNode{
		url: "redis://" + addr + "/0", addr: addr, bin: bin, dir: dir,
		args: append([]string{
			"--port", strconv.Itoa(port), "--bind", "127.0.0.1", "--dir", dir,
			"--save", "", "--appendonly", "no", "--daemonize", "no",
		}, args...),
	}
}

// URL returns the node's Redis URL.
func (n *RedisNode) URL() string { return n.url }

// Addr returns the node's host and port.
func (n *RedisNode) Addr() string { return n.addr }

// Start starts a stopped node again on the same port and returns when it answers.
func (n *RedisNode) Start() error {
	if n.dir == "" {
		return fmt.Errorf("start Redis: %w", ErrNotOurs)
	}
	if n.server != nil && n.server.alive() {
		return errors.New("start Redis: it is running")
	}
	logFile := filepath.Join(n.dir, "stdout")
	out, err := os.Create(logFile)
	if err != nil {
		return fmt.Errorf("start Redis: %w", err)
	}
	defer out.Close()
	cmd := exec.Command(n.bin, n.args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = n.dir, out, out
	if n.server, err = startProcess(cmd); err != nil {
		return fmt.Errorf("start Redis: %w", err)
	}
	if err := n.server.awaitReady(redisStartLimit, logFile, n.ready); err != nil {
		n.server.kill()
		return fmt.Errorf("start Redis: %w", err)
	}
	return nil
}

// ready reports whether the node answers a PING.
func (n *RedisNode) ready() bool {
	conn, err := net.Dial("tcp", n.addr)
	if err != nil {
		return false
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(2 * time.Second))
	if _, err := conn.Write([]byte("PING\r\n")); err != nil {
		return false
	}
	var sign [1]byte
	_, err = conn.Read(sign[:])
	// A node that requires a password replies with an error and is also ready.
	return err == nil && (sign[0] == '+' || sign[0] == '-')
}

// Stop shuts the node down as SIGTERM does.
func (n *RedisNode) Stop() error {
	return n.end(func(server *process) { server.stop(redisStopLimit) })
}

// Kill kills the node, as a crash would.
func (n *RedisNode) Kill() error { return n.end((*process).kill) }

func (n *RedisNode) end(how func(*process)) error {
	if n.dir == "" {
		return fmt.Errorf("stop Redis: %w", ErrNotOurs)
	}
	if n.server != nil {
		how(n.server)
	}
	n.server = nil
	return nil
}
