//go:build unix

package endtoend

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"

	"resilab/brokers/brokertest"
)

// outage is how long a broker is away in the middle of a run.
const outage = 2 * time.Second

// A RabbitMQ that stops in mid-run and starts again: the lab says so, recovers
// by itself, no confirmed order is lost and no user's order is broken.
func TestRabbitMQRestarts(t *testing.T) {
	t.Parallel()
	node := brokertest.RabbitMQ(t)
	cmd := command(t, "run", "convoy", "--rate", "50", "--work", "10ms", "--for", "1h", "--format", "json", "--amqp-url", node.URL())
	var out bytes.Buffer
	cmd.Stdout = &out
	progress := startWithProgress(t, cmd)
	await(t, "orders flow", func() bool { return handled(progress()) > 50 })
	check(t, node.Stop())
	await(t, "the outage is told", func() bool { return strings.Contains(progress(), "does not answer") })
	check(t, node.Start())
	await(t, "it has recovered", func() bool { return !strings.Contains(progress(), "does not answer") })
	before := handled(progress())
	await(t, "orders flow again", func() bool { return handled(progress()) > before+100 })
	check(t, cmd.Process.Signal(os.Interrupt))
	if err := cmd.Wait(); cmd.ProcessState.ExitCode() != 1 {
		t.Errorf("an interrupted run ends with %v", err)
	}
	m := parse(t, out.Bytes()).Metrics
	if m["lost"] != 0 || m["violations"] != 0 || m["confirmed"] == 0 {
		t.Errorf("lost %v, violations %v; metrics %v", m["lost"], m["violations"], m)
	}
	t.Logf("published %v, confirmed %v, handled %v, lost %v, duplicates %v, republished %v",
		m["published"], m["confirmed"], m["handled"], m["lost"], m["duplicates"], m["republished"])
}

var pace = regexp.MustCompile(`^\x1b\[K(\S+) / .*handled/s ([0-9.]+)`)

// handled is about how many orders a progress line reports: its time so far
// multiplied by the orders a second.
func handled(line string) float64 {
	found := pace.FindStringSubmatch(line)
	if found == nil {
		return 0
	}
	elapsed, err := time.ParseDuration(found[1])
	perSecond, err2 := strconv.ParseFloat(found[2], 64)
	if err != nil || err2 != nil {
		return 0
	}
	return elapsed.Seconds() * perSecond
}

// A Redis that stops in mid-run and starts again: reads fail or come from the
// database meanwhile, and hit the cache again afterwards.
func TestRedisRestarts(t *testing.T) {
	t.Parallel()
	node := brokertest.Redis(t)
	cmd := command(t, "run", "cacheaside", "--rate", "100", "--ttl", "1s", "--fail-mode", "open", "--for", "8s",
		"--redis-url", node.URL(), "--format", "json")
	var out bytes.Buffer
	cmd.Stdout = &out
	progress := startWithProgress(t, cmd)
	await(t, "the run measures", func() bool { return progress() != "" })
	check(t, node.Stop())
	time.Sleep(outage)
	check(t, node.Start())
	check(t, cmd.Wait())
	m := parse(t, out.Bytes()).Metrics
	if m["redis_errors"] == 0 {
		t.Errorf("the outage was not noticed: %v", m)
	}
	if m["hit_ratio_now"] < 0.5 {
		t.Errorf("it did not recover: %v", m)
	}
	t.Logf("reads %v, hits %v, errors of Redis %v, success %v", m["reads"], m["hits"], m["redis_errors"], m["success"])
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
}

// startWithProgress starts a run whose standard error is a terminal, and returns
// how to read the newest line of its progress.
func startWithProgress(t *testing.T, cmd *exec.Cmd) (newest func() string) {
	t.Helper()
	ours, theirs, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	check(t, pty.Setsize(theirs, &pty.Winsize{Cols: 100, Rows: 24}))
	cmd.Stderr = theirs
	var lines output
	read := make(chan struct{})
	go func() {
		defer close(read)
		_, _ = io.Copy(&lines, ours) // until the program has ended
	}()
	t.Cleanup(func() {
		_ = theirs.Close()
		_ = ours.Close()
		<-read
	})
	start(t, cmd)
	return func() string {
		all := lines.String()
		return all[strings.LastIndexByte(all, '\r')+1:]
	}
}
