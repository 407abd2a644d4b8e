//go:build unix

package endtoend

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
)

// The tests run side by side, because most of the time they watch a lab or wait
// for a broker. Those on the shared real brokers go one after the other: some
// of them look at all that is there.

func TestEmbeddedBrokers(t *testing.T) {
	t.Parallel()
	t.Run("order", func(t *testing.T) { convoyKeepsOrder(t) })
	t.Run("disorder", func(t *testing.T) { competingConsumersBreakOrder(t) })
	t.Run("products", func(t *testing.T) { productEndpoint(t) })
}

func TestRealBrokers(t *testing.T) {
	t.Parallel()
	real := []string{"--amqp-url", shared.RabbitMQ(t).URL(), "--redis-url", shared.Redis(t).URL()}
	t.Run("order", func(t *testing.T) { convoyKeepsOrder(t, real...) })
	t.Run("disorder", func(t *testing.T) { competingConsumersBreakOrder(t, real...) })
	t.Run("products", func(t *testing.T) { productEndpoint(t, real...) })
	t.Run("interrupted", interruptLeavesNothing)
	t.Run("killed", killedLeavesNothingForLong)
	t.Run("visitors", visitorsLeaveNothing)
}

func convoyKeepsOrder(t *testing.T, flags ...string) {
	e := run(t, append([]string{"convoy", "--mode", "convoy", "--rate", "200", "--work", "5ms", "--for", "2s"}, flags...)...)
	if m := e.Metrics; m["violations"] != 0 || m["lost"] != 0 || m["handled"] < 100 {
		t.Errorf("metrics %v", m)
	}
}

func competingConsumersBreakOrder(t *testing.T, flags ...string) {
	e := run(t, append([]string{"convoy", "--mode", "competing", "--lanes", "4", "--rate", "200", "--work", "15ms",
		"--work-spread", "exponential", "--for", "2s"}, flags...)...)
	if m := e.Metrics; m["violations"] == 0 || m["handled"] < 100 {
		t.Errorf("metrics %v", m)
	}
}

// With 18 % failures, three retries save far more than half of what users
// would see; both figures come from the same draws.
func TestRetrySavesFarMoreThanHalf(t *testing.T) {
	t.Parallel()
	e := run(t, "retry", "--retries", "3", "--failure-rate", "0.18", "--rate", "200", "--base", "20ms", "--for", "2s")
	with, without := 1-e.Metrics["success"], 1-e.Metrics["success_no_retry"]
	if e.Metrics["operations"] < 200 || without < 0.1 || with > without/10 {
		t.Errorf("failures %.4f with retry, %.4f without; metrics %v", with, without, e.Metrics)
	}
}

var served = regexp.MustCompile(`127\.0\.0\.1:\d+`)

// The course's demo: database first, then cache, after the TTL the database again.
func productEndpoint(t *testing.T, flags ...string) {
	cmd := command(t, append([]string{"run", "cacheaside", "--rate", "0", "--ttl", "1s", "--http-addr", "127.0.0.1:0", "--for", "1m", "--format", "json"}, flags...)...)
	out := &output{}
	cmd.Stderr = out
	var evidenceOut bytes.Buffer
	cmd.Stdout = &evidenceOut
	start(t, cmd)
	await(t, "the address is told", func() bool { return served.MatchString(out.String()) })
	base := "http://" + served.FindString(out.String())

	const fromDatabase = `{"source":"database","data":{"id":1,"name":"Laptop","price":1200}}`
	fromCache := strings.Replace(fromDatabase, "database", "cache", 1)
	want(t, base+"/product/1", http.StatusOK, fromDatabase)
	want(t, base+"/product/1", http.StatusOK, fromCache)
	await(t, "the TTL has run out", func() bool {
		_, body := get(t, base+"/product/1")
		return body == fromDatabase
	})
	want(t, base+"/product/99", http.StatusNotFound, `{"error":"Producto no encontrado"}`)

	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil {
		t.Error("an interrupted run ends with exit 0")
	}
	if e := parse(t, evidenceOut.Bytes()); e.Metrics["reads"] < 3 {
		t.Errorf("metrics %v", e.Metrics)
	}
}

func get(t *testing.T, url string) (status int, body string) {
	t.Helper()
	client := http.Client{Timeout: patience}
	defer client.CloseIdleConnections()
	resp, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, strings.TrimSpace(string(raw))
}

func want(t *testing.T, url string, status int, body string) {
	t.Helper()
	gotStatus, gotBody := get(t, url)
	if gotStatus != status || gotBody != body {
		t.Errorf("GET %s: %d %s, want %d %s", url, gotStatus, gotBody, status, body)
	}
}
