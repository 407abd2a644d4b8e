package endtoend

import (
	"bytes"
	"testing"
	"time"

	"resilab/brokers/brokertest"
)

// outage is how long a broker is away in the middle of a run.
const outage = 2 * time.Second

// A RabbitMQ that stops in mid-run and starts again: the lab recovers by
// itself, no confirmed order is lost and no user's order is broken.
func TestRabbitMQRestarts(t *testing.T) {
	t.Parallel()
	node := brokertest.RabbitMQ(t)
	e := runWhile(t, func() {
		time.Sleep(2 * time.Second) // orders flow
		check(t, node.Stop())
		time.Sleep(outage)
		check(t, node.Start())
	}, "convoy", "--rate", "50", "--work", "10ms", "--for", "22s", "--amqp-url", node.URL())
	m := e.Metrics
	if m["lost"] != 0 || m["violations"] != 0 {
		t.Errorf("lost %v, violations %v; metrics %v", m["lost"], m["violations"], m)
	}
	// Before and after: more than the two seconds before the stop could bring.
	if m["handled"] < 200 {
		t.Errorf("it did not recover: %v handled", m["handled"])
	}
	t.Logf("published %v, confirmed %v, handled %v, lost %v, duplicates %v, republished %v",
		m["published"], m["confirmed"], m["handled"], m["lost"], m["duplicates"], m["republished"])
}

// A Redis that stops in mid-run and starts again: reads fail or come from the
// database meanwhile, and hit the cache again afterwards.
func TestRedisRestarts(t *testing.T) {
	t.Parallel()
	node := brokertest.Redis(t)
	e := runWhile(t, func() {
		time.Sleep(time.Second)
		check(t, node.Stop())
		time.Sleep(outage)
		check(t, node.Start())
	}, "cacheaside", "--rate", "100", "--ttl", "1s", "--fail-mode", "open", "--for", "6s", "--redis-url", node.URL())
	m := e.Metrics
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

// runWhile runs a lab while something happens to its brokers.
func runWhile(t *testing.T, happens func(), args ...string) evidence {
	t.Helper()
	cmd := command(t, append(append([]string{"run"}, args...), "--format", "json")...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	start(t, cmd)
	happens()
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v: %s", err, errs.String())
	}
	return parse(t, out.Bytes())
}
