package brokertest

import (
	"crypto/rand"
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

// ErrNotOurs is returned by Start, Stop, Kill and Ctl for a node that was given by
// its address.
var ErrNotOurs = errors.New("the node was not started by this test binary")

const (
	rabbitStartLimit = 120 * time.Second // ten seconds on an idle machine
	rabbitStopLimit  = 30 * time.Second

	// The node's ports, counted from its first: AMQP, epmd, Erlang distribution,
	// and those from which rabbitmqctl talks to it.
	epmdOffset, distOffset, ctlOffset, ctlLast = 1, 2, 3, 9
	rabbitPorts                                = ctlLast + 1
)

// RabbitNode is a RabbitMQ with the x-consistent-hash exchange. Its methods must be
// called by one goroutine at a time, except URL and Addr.
type RabbitNode struct {
	url, addr string

	bin, dir string // dir is "" for a node that was not started here
	script   string // starts the node
	port     int
	mapper   *portMapper
	cluster  *RabbitCluster // nil: the node is alone, and the port mapper ends with it
	server   *process
}

// RabbitMQ starts a node for one test, which ends with it.
func RabbitMQ(tb testing.TB) *RabbitNode {
	tb.Helper()
	n, stop, err := startRabbit(needRabbitMQ(tb))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(stop)
	return n
}

// needRabbitMQ returns the folder of RabbitMQ's own scripts, or ends the test.
func needRabbitMQ(tb testing.TB) (bin string) {
	tb.Helper()
	bin, err := findRabbitMQ()
	if err != nil {
		Unavailable(tb, err)
	}
	if _, err := findEpmd(); err != nil {
		Unavailable(tb, err)
	}
	return bin
}

// startRabbit starts a node in a folder that stop removes.
func startRabbit(bin string) (n *RabbitNode, stop func(), err error) {
	dir, ports, release, err := home(rabbitPorts)
	if err != nil {
		return nil, nil, err
	}
	n, err = newRabbit(bin, dir, ports.First(), rabbitOptions{cookie: rand.Text()})
	if err == nil {
		err = n.Start()
	}
	if err != nil {
		release()
		return nil, nil, err
	}
	return n, func() { _ = n.Kill(); release() }, nil
}

// rabbitAt returns a node that runs already.
func rabbitAt(rawURL string) (*RabbitNode, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil, fmt.Errorf("RabbitMQ's address: %w", err)
	}
	return &RabbitNode{url: rawURL, addr: hostPort(u, "5672")}, nil
}

// hostPort returns the host and port in u, with a default port.
func hostPort(u *url.URL, port string) string {
	if p := u.Port(); p != "" {
		port = p
	}
	return net.JoinHostPort(u.Hostname(), port)
}

// rabbitOptions are what the nodes of a cluster have in common. A node that is alone
// needs a cookie only.
type rabbitOptions struct {
	cookie  string
	cluster *RabbitCluster
	mapper  *portMapper
	config  string // lines of rabbitmq.conf
}

// newRabbit lays out the folder of a node that listens on port and the ones after
// it.
func newRabbit(bin, dir string, port int, opt rabbitOptions) (*RabbitNode, error) {
	addr := fmt.Sprintf("127.0.0.1:%d", port)
	n := &RabbitNode{url: "amqp://guest:guest@" + addr + "/", addr: addr, bin: bin, dir: dir, port: port, cluster: opt.cluster, mapper: opt.mapper}
	if n.mapper == nil {
		n.mapper = &portMapper{port: port + epmdOffset}
	}
	var err error
	if n.script, err = layOutInstallation(bin, dir); err != nil {
		return nil, err
	}
	for _, sub := range []string{"log", "gen", "mnesia"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o700); err != nil {
			return nil, fmt.Errorf("lay out a RabbitMQ node: %w", err)
		}
	}
	for name, text := range map[string]string{
		// Erlang refuses a cookie that others may read.
		".erlang.cookie":  opt.cookie,
		"enabled_plugins": "[rabbitmq_consistent_hash_exchange].\n",
		// The default limit blocks publishers on a disk with little room.
		"rabbitmq.conf": "log.console = false\nlog.file.level = warning\ndisk_free_limit.absolute = 50MB\n" + opt.config,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o400); err != nil {
			return nil, fmt.Errorf("lay out a RabbitMQ node: %w", err)
		}
	}
	return n, nil
}

// URL returns the node's AMQP URL.
func (n *RabbitNode) URL() string { return n.url }

// Addr returns the node's host and port.
func (n *RabbitNode) Addr() string { return n.addr }

// Start starts a stopped node again, on the same port and with its data, and
// returns when it accepts AMQP connections.
func (n *RabbitNode) Start() error {
	if n.dir == "" {
		return fmt.Errorf("start RabbitMQ: %w", ErrNotOurs)
	}
	if n.server != nil && n.server.alive() {
		return errors.New("start RabbitMQ: it is running")
	}
	if err := n.mapper.start(); err != nil {
		return fmt.Errorf("start RabbitMQ: %w", err)
	}
	if err := n.startServer(); err != nil {
		_ = n.Kill()
		return fmt.Errorf("start RabbitMQ: %w", err)
	}
	return nil
}

func (n *RabbitNode) startServer() error {
	logFile := filepath.Join(n.dir, "log", "stdout")
	out, err := os.Create(logFile)
	if err != nil {
		return err
	}
	defer out.Close()
	cmd := exec.Command(n.script, "-noinput")
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = n.dir, n.env(), out, out
	if n.server, err = startProcess(cmd); err != nil {
		return err
	}
	return n.server.awaitReady(rabbitStartLimit, logFile, n.ready)
}

// env returns an environment in which the node uses only its folder and its ports,
// and ignores the machine's configuration of RabbitMQ.
func (n *RabbitNode) env() []string {
	in := func(name string) string { return filepath.Join(n.dir, name) }
	port := func(offset int) string { return strconv.Itoa(n.port + offset) }
	mapper := strconv.Itoa(n.mapper.port)
	return []string{
		"PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8", "LC_ALL=C.UTF-8",
		"HOME=" + n.dir, // the cookie is there
		"ERL_EPMD_PORT=" + mapper, "ERL_EPMD_ADDRESS=127.0.0.1",
		"RABBITMQ_NODENAME=" + n.name(),
		"RABBITMQ_NODE_IP_ADDRESS=127.0.0.1", "RABBITMQ_NODE_PORT=" + port(0),
		"RABBITMQ_DIST_PORT=" + port(distOffset),
		"RABBITMQ_CTL_DIST_PORT_MIN=" + port(ctlOffset), "RABBITMQ_CTL_DIST_PORT_MAX=" + port(ctlLast),
		"RABBITMQ_CONF_ENV_FILE=" + os.DevNull,
		"RABBITMQ_CONFIG_FILE=" + in("rabbitmq.conf"), "RABBITMQ_ADVANCED_CONFIG_FILE=" + in("advanced.config"),
		"RABBITMQ_MNESIA_BASE=" + in("mnesia"), "RABBITMQ_LOG_BASE=" + in("log"),
		"RABBITMQ_GENERATED_CONFIG_DIR=" + in("gen"), "RABBITMQ_PID_FILE=" + in("node.pid"),
		"RABBITMQ_ENABLED_PLUGINS_FILE=" + in("enabled_plugins"),
		// Idle schedulers sleep instead of keeping the processors busy.
		"RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=-kernel inet_dist_use_interface {127,0,0,1} +sbwt none +sbwtdcpu none +sbwtdio none",
		// Makes the start script become the broker instead of its parent, so
		// that signals reach it.
		"RABBITMQ_ALLOW_INPUT=1",
	}
}

// name is the Erlang node name. It must not depend on the machine's host name,
// which may not resolve.
func (n *RabbitNode) name() string { return fmt.Sprintf("resilab%d@localhost", n.port) }

// ready reports whether the node answers an AMQP header with a method frame. Its
// port is open long before that.
func (n *RabbitNode) ready() bool {
	conn, err := net.Dial("tcp", n.addr)
	if err != nil {
		return false
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(2 * time.Second))
	if _, err := conn.Write([]byte("AMQP\x00\x00\x09\x01")); err != nil {
		return false
	}
	var frameType [1]byte
	_, err = conn.Read(frameType[:])
	return err == nil && frameType[0] == 1
}

// Stop shuts the node down cleanly; durable state stays. It takes a few seconds.
func (n *RabbitNode) Stop() error {
	return n.end(func(server *process) { server.stop(rabbitStopLimit) })
}

// Settle makes the node write declarations to disk. Otherwise that takes up to two
// seconds: RabbitMQ 3 keeps its declarations in Mnesia, whose log is buffered
// (disk_log, 64 KiB or 2 s). A durable queue that is younger does not survive Kill,
// and its confirmed messages are lost with it: after a kill 1.5 s after the
// declaration of four queues the last one was lost in 2 of 15 tries.
func (n *RabbitNode) Settle() error {
	_, err := n.Ctl("eval", "mnesia:sync_log().")
	return err
}

// Kill kills the node, as a crash would. Call Settle before if new declarations have
// to survive.
func (n *RabbitNode) Kill() error { return n.end((*process).kill) }

func (n *RabbitNode) end(how func(*process)) error {
	if n.dir == "" {
		return fmt.Errorf("stop RabbitMQ: %w", ErrNotOurs)
	}
	if n.server != nil {
		how(n.server)
	}
	n.server = nil
	if n.cluster == nil {
		n.mapper.stop()
	}
	return nil
}

// Ctl runs rabbitmqctl on the node and returns what it printed. A call takes a
// few seconds.
func (n *RabbitNode) Ctl(args ...string) (string, error) {
	if n.dir == "" {
		return "", fmt.Errorf("rabbitmqctl: %w", ErrNotOurs)
	}
	if n.server == nil || !n.server.alive() {
		// rabbitmqctl would start a port mapper, which outlives it.
		return "", errors.New("rabbitmqctl: the node is not running")
	}
	cmd := exec.Command(filepath.Join(n.bin, "rabbitmqctl"), append([]string{"-n", n.name()}, args...)...)
	cmd.Dir, cmd.Env = n.dir, n.env()
	out, err := cmd.CombinedOutput()
	if err != nil {
		return string(out), fmt.Errorf("rabbitmqctl %v: %w: %s", args, err, out)
	}
	return string(out), nil
}
