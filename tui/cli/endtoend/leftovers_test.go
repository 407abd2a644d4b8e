//go:build unix

package endtoend

import (
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	goredis "github.com/redis/go-redis/v9"
)

// longestLife is how long anything may outlive a program that was killed.
const longestLife = time.Minute

// runOnReal starts a lab that would run for an hour, and waits until it has
// declared something.
func runOnReal(t *testing.T, lab string, busy func() bool) (signal func(os.Signal)) {
	t.Helper()
	cmd := command(t, "run", lab, "--for", "1h", "--amqp-url", shared.RabbitMQ(t).URL(), "--redis-url", shared.Redis(t).URL())
	start(t, cmd)
	await(t, lab+" has declared something", busy)
	return func(s os.Signal) {
		if err := cmd.Process.Signal(s); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()
	}
}

func keys(t *testing.T) []string {
	t.Helper()
	client := goredis.NewClient(redisOptions(t))
	defer client.Close()
	found, err := client.Keys(t.Context(), "*").Result()
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func interruptLeavesNothing(t *testing.T) {
	interrupt := runOnReal(t, "cacheaside", func() bool { return len(keys(t)) > 0 })
	interrupt(os.Interrupt)
	if left := keys(t); len(left) > 0 {
		t.Errorf("keys left: %v", left)
	}
	interrupt = runOnReal(t, "convoy", func() bool { return len(declared(t)) > 0 })
	interrupt(syscall.SIGTERM)
	if left := declared(t); len(left) > 0 {
		t.Errorf("queues or exchanges left: %v", left)
	}
}

// After kill -9 what is left ends by itself within a minute: keys have a TTL,
// queues that no connection owns expire. (An exchange goes with its last queue.)
func killedLeavesNothingForLong(t *testing.T) {
	kill := runOnReal(t, "cacheaside", func() bool { return len(keys(t)) > 0 })
	kill(syscall.SIGKILL)
	client := goredis.NewClient(redisOptions(t))
	defer client.Close()
	for _, key := range keys(t) {
		ttl, err := client.PTTL(t.Context(), key).Result()
		if err != nil || ttl > longestLife || ttl == -1 {
			t.Errorf("key %s lives for %s, %v", key, ttl, err)
		}
		client.Del(t.Context(), key)
	}

	kill = runOnReal(t, "convoy", func() bool { return len(declared(t)) > 0 })
	kill(syscall.SIGKILL)
	out, err := shared.RabbitMQ(t).Ctl("--quiet", "--no-table-headers", "list_queues", "name", "exclusive", "auto_delete", "arguments")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(out) {
		if !endsSoon(line) {
			t.Errorf("queue outlives its program: %s", line)
		}
	}
	removeQueues(t)
}

// removeQueues makes room for the tests that follow.
func removeQueues(t *testing.T) {
	t.Helper()
	conn, err := amqp.Dial(shared.RabbitMQ(t).URL())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ch, err := conn.Channel()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range declared(t) {
		if _, err := ch.QueueDelete(name, false, false, false); err != nil {
			t.Fatal(err)
		}
	}
	if left := declared(t); len(left) > 0 {
		t.Errorf("left without a queue: %v", left)
	}
}

// endsSoon reports whether a queue of list_queues is deleted with its
// connection or expires.
func endsSoon(line string) bool {
	fields := strings.Fields(line)
	if len(fields) > 2 && (fields[1] == "true" || fields[2] == "true") {
		return true
	}
	_, rest, found := strings.Cut(line, `"x-expires",`)
	digits, _, _ := strings.Cut(rest, "}")
	ms, err := strconv.Atoi(strings.TrimSpace(digits))
	return found && err == nil && time.Duration(ms)*time.Millisecond <= longestLife
}
