package brokertest

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

// Shared holds the brokers that the tests of a package share. Each one starts when
// the first test needs it. The zero value is ready for use, by several tests at
// once.
//
// Other tests leave data on the nodes, so a test must use unique names. It must not
// stop a node.
type Shared struct {
	rabbit shared[RabbitNode]
	redis  shared[RedisNode]
}

// shared starts at most one node. If that fails, every get returns the error.
type shared[N any] struct {
	once sync.Once
	node *N
	err  error
	stop func()
}

func (s *shared[N]) get(start func() (*N, func(), error)) (*N, error) {
	s.once.Do(func() { s.node, s.stop, s.err = start() })
	return s.node, s.err
}

func (s *shared[N]) close() {
	s.once.Do(func() {}) // get starts no node from now on
	if s.stop != nil {
		s.stop()
	}
}

// RabbitMQ returns the node behind RESILAB_AMQP_URL, or one that starts now.
func (s *Shared) RabbitMQ(tb testing.TB) *RabbitNode {
	tb.Helper()
	if _, err := findRabbitMQ(); err != nil && os.Getenv("RESILAB_AMQP_URL") == "" {
		Unavailable(tb, err)
	}
	n, err := s.rabbit.get(startSharedRabbit)
	if err != nil {
		tb.Fatal(err)
	}
	return n
}

// Redis returns the node behind RESILAB_REDIS_URL, or one that starts now.
func (s *Shared) Redis(tb testing.TB) *RedisNode {
	tb.Helper()
	if _, err := findRedis(); err != nil && os.Getenv("RESILAB_REDIS_URL") == "" {
		Unavailable(tb, err)
	}
	n, err := s.redis.get(startSharedRedis)
	if err != nil {
		tb.Fatal(err)
	}
	return n
}

// Stop ends the nodes that were started. The Shared cannot start others.
func (s *Shared) Stop() {
	s.rabbit.close()
	s.redis.close()
}

// Overlap lets twice as many tests run at once as there are processors, as tests
// that mostly wait for brokers and clients should. A TestMain calls it before it runs the
// tests; the flag -parallel wins over it.
func Overlap() { _ = flag.Set("test.parallel", strconv.Itoa(2*runtime.GOMAXPROCS(0))) } // the flag exists and takes any number

// Main runs the tests of a package for its TestMain, overlapping, stops the shared
// brokers and ends the test binary: with a failure, if any goroutine is left.
func Main(m *testing.M, s *Shared) {
	Overlap()
	code := m.Run()
	s.Stop()
	if code == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, "goroutines left after the tests:", err)
			code = 1
		}
	}
	os.Exit(code)
}

func startSharedRabbit() (*RabbitNode, func(), error) {
	if url := os.Getenv("RESILAB_AMQP_URL"); url != "" {
		n, err := rabbitAt(url)
		return n, nil, err
	}
	bin, err := findRabbitMQ()
	if err != nil {
		return nil, nil, err
	}
	return startRabbit(bin)
}

func startSharedRedis() (*RedisNode, func(), error) {
	if url := os.Getenv("RESILAB_REDIS_URL"); url != "" {
		n, err := redisAt(url)
		return n, nil, err
	}
	bin, err := findRedis()
	if err != nil {
		return nil, nil, err
	}
	return startRedis(bin, nil)
}

// home makes a folder and reserves n ports for a node. The caller must call release.
func home(n int) (dir string, ports *Ports, release func(), err error) {
	if ports, err = ReservePorts(n); err != nil {
		return "", nil, nil, err
	}
	if dir, err = makeFolder(); err != nil {
		ports.Release()
		return "", nil, nil, err
	}
	return dir, ports, func() { _ = os.RemoveAll(dir); ports.Release() }, nil
}
