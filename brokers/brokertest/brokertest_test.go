package brokertest

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/redis/go-redis/v9"

	"resilab/brokers/amqptest"
)

var brokers Shared

func TestMain(m *testing.M) {
	if os.Getenv("BROKERTEST_ABANDON") == "1" {
		abandon()
	}
	Main(m, &brokers)
}

func TestPortsDoNotOverlap(t *testing.T) {
	var (
		mu    sync.Mutex
		wg    sync.WaitGroup
		taken = map[int]bool{}
	)
	for range 20 {
		wg.Go(func() {
			ports, err := ReservePorts(MaxPorts)
			if err != nil {
				t.Error(err)
				return
			}
			t.Cleanup(ports.Release)
			mu.Lock()
			defer mu.Unlock()
			for p := ports.First(); p < ports.First()+MaxPorts; p++ {
				if taken[p] {
					t.Errorf("port %d was given twice", p)
				}
				taken[p] = true
			}
		})
	}
	wg.Wait()
	for _, n := range []int{0, MaxPorts + 1} {
		if _, err := ReservePorts(n); err == nil {
			t.Errorf("ReservePorts(%d) succeeded", n)
		}
	}
}

func TestRabbitMQ(t *testing.T) {
	t.Parallel()
	n := RabbitMQ(t)
	declareDurable(t, n.URL(), "kept")
	if out, err := n.Ctl("list_queues", "name", "--no-table-headers", "-q"); err != nil || strings.TrimSpace(out) != "kept" {
		t.Errorf("list_queues: %q, %v", out, err)
	}
	if err := n.Start(); err == nil {
		t.Error("a running node was started")
	}
	if err := n.Settle(); err != nil {
		t.Fatal(err)
	}
	if err := n.Kill(); err != nil {
		t.Fatal(err)
	}
	if _, err := net.Dial("tcp", n.Addr()); err == nil {
		t.Error("a killed node accepts connections")
	}
	if _, err := n.Ctl("status"); err == nil || !strings.Contains(err.Error(), "not running") {
		t.Errorf("rabbitmqctl on a killed node: %v", err)
	}
	if err := n.Start(); err != nil {
		t.Fatal(err)
	}
	ch := channel(t, n.URL())
	if _, err := ch.QueueDeclarePassive("kept", true, false, false, false, nil); err != nil {
		t.Errorf("after a restart: %v", err)
	}
	restart := func() error { return errors.Join(n.Stop(), n.Start()) }
	amqptest.Restart(t, amqptest.Target{URL: n.URL()}, restart)
}

func TestSharedRabbitMQ(t *testing.T) {
	t.Parallel()
	n := brokers.RabbitMQ(t)
	if n != brokers.RabbitMQ(t) {
		t.Error("two nodes")
	}
	if err := channel(t, n.URL()).ExchangeDeclare("lanes", "x-consistent-hash", false, true, false, false, nil); err != nil {
		t.Errorf("the exchange type of the lanes is missing: %v", err)
	}
}

func TestRedis(t *testing.T) {
	n := Redis(t, "--maxmemory", "10mb")
	ping := func() error {
		c := redis.NewClient(&redis.Options{Addr: n.Addr(), MaxRetries: -1})
		defer c.Close()
		return c.Ping(t.Context()).Err()
	}
	c := redis.NewClient(&redis.Options{Addr: n.Addr()})
	if v, err := c.ConfigGet(t.Context(), "maxmemory").Result(); err != nil || v["maxmemory"] != strconv.Itoa(10<<20) {
		t.Errorf("maxmemory %v, %v", v, err)
	}
	c.Close()
	for name, end := range map[string]func() error{"stop": n.Stop, "kill": n.Kill} {
		if err := end(); err != nil {
			t.Fatal(err)
		}
		if ping() == nil {
			t.Errorf("after %s the node answers", name)
		}
		if err := n.Start(); err != nil {
			t.Fatal(err)
		}
		if err := ping(); err != nil {
			t.Errorf("started after %s: %v", name, err)
		}
	}
}

func TestSharedRedis(t *testing.T) {
	n := brokers.Redis(t)
	if n != brokers.Redis(t) {
		t.Error("two nodes")
	}
	opts, err := redis.ParseURL(n.URL())
	if err != nil {
		t.Fatal(err)
	}
	c := redis.NewClient(opts)
	defer c.Close()
	if err := c.Ping(t.Context()).Err(); err != nil {
		t.Error(err)
	}
}

func TestGivenByAddress(t *testing.T) {
	t.Setenv("RESILAB_AMQP_URL", "amqp://broker.example/lab")
	t.Setenv("RESILAB_REDIS_URL", "redis://cache.example:1/2")
	var given Shared
	defer given.Stop()
	rabbit, cache := given.RabbitMQ(t), given.Redis(t)
	if rabbit.URL() != "amqp://broker.example/lab" || rabbit.Addr() != "broker.example:5672" {
		t.Errorf("%s at %s", rabbit.URL(), rabbit.Addr())
	}
	if cache.URL() != "redis://cache.example:1/2" || cache.Addr() != "cache.example:1" {
		t.Errorf("%s at %s", cache.URL(), cache.Addr())
	}
	for name, err := range map[string]error{
		"rabbit stop": rabbit.Stop(), "rabbit start": rabbit.Start(), "rabbit kill": rabbit.Kill(),
		"redis stop": cache.Stop(), "redis start": cache.Start(), "redis kill": cache.Kill(),
	} {
		if err == nil {
			t.Errorf("%s of a node that was not started here succeeded", name)
		}
	}
}

// TestKilledTestLeavesNoBroker starts a broker in a test binary that is then
// killed, and expects the broker to end with it.
func TestKilledTestLeavesNoBroker(t *testing.T) {
	if _, err := findRedis(); err != nil {
		Unavailable(t, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	child := exec.CommandContext(ctx, os.Args[0])
	dir := t.TempDir()
	child.Env = append(os.Environ(), "BROKERTEST_ABANDON=1", "TMPDIR="+dir)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 100)
	size, err := out.Read(buf)
	if err != nil {
		t.Fatal(err)
	}
	addr := string(buf[:size])
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatalf("the broker at %s does not run: %v", addr, err)
	}
	defer conn.Close()
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait()
	// The connection ends when the broker does.
	_ = conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	if _, err := conn.Read(buf); err == nil || os.IsTimeout(err) {
		t.Errorf("the broker outlived its test binary: %v", err)
	}
	left := func() int {
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		return len(entries)
	}
	if left() != 1 {
		t.Fatalf("%d folders are left by the killed test binary, want 1", left())
	}
	t.Setenv("TMPDIR", dir)
	if _, err := makeFolder(); err != nil {
		t.Fatal(err)
	}
	if _, err := makeFolder(); err != nil {
		t.Fatal(err)
	}
	if left() != 2 {
		t.Errorf("%d folders are left, want only those of the two running brokers", left())
	}
}

// abandon starts a Redis, prints its address and waits to be killed.
func abandon() {
	n, _, err := startSharedRedis()
	if err != nil {
		panic(err)
	}
	os.Stdout.WriteString(n.Addr())
	time.Sleep(time.Minute)
	os.Exit(1)
}

func declareDurable(t *testing.T, url, queue string) {
	t.Helper()
	if _, err := channel(t, url).QueueDeclare(queue, true, false, false, false, nil); err != nil {
		t.Fatal(err)
	}
}

func channel(t *testing.T, url string) *amqp.Channel {
	t.Helper()
	conn, err := amqp.Dial(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	ch, err := conn.Channel()
	if err != nil {
		t.Fatal(err)
	}
	return ch
}
