package brokertest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Unavailable ends a test whose broker or other program is not installed: it skips
// the test, or fails it if brokers are required (RESILAB_REQUIRE_BROKERS=1).
func Unavailable(tb testing.TB, err error) {
	tb.Helper()
	if os.Getenv("RESILAB_REQUIRE_BROKERS") == "1" {
		tb.Fatalf("%v (RESILAB_REQUIRE_BROKERS=1)", err)
	}
	tb.Skip(err)
}

// findRabbitMQ returns the folder of RabbitMQ's own scripts. A distribution's
// wrapper on PATH comes last: Debian's changes user and working folder.
func findRabbitMQ() (string, error) {
	for _, pattern := range []string{
		"/usr/lib/rabbitmq/bin/rabbitmq-server",
		"/usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin/rabbitmq-server",
		"/opt/rabbitmq*/sbin/rabbitmq-server",
		"/opt/homebrew/opt/rabbitmq/sbin/rabbitmq-server",
		"/usr/local/opt/rabbitmq/sbin/rabbitmq-server",
	} {
		if found, _ := filepath.Glob(pattern); len(found) > 0 {
			return filepath.Dir(found[len(found)-1]), nil
		}
	}
	path, err := exec.LookPath("rabbitmq-server")
	if err != nil {
		return "", fmt.Errorf("RabbitMQ is not installed: %w", err)
	}
	return filepath.Dir(path), nil
}

// findEpmd returns Erlang's port mapper, which not every installation puts on
// PATH.
func findEpmd() (string, error) {
	path, err := exec.LookPath("epmd")
	if err == nil {
		return path, nil
	}
	if found, _ := filepath.Glob("/usr/lib/erlang/erts-*/bin/epmd"); len(found) > 0 {
		return found[len(found)-1], nil
	}
	return "", fmt.Errorf("Erlang is not installed: %w", err)
}

func findRedis() (string, error) {
	for _, name := range []string{"redis-server", "valkey-server"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("Redis is not installed: no redis-server on PATH")
}
