package brokers_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"resilab/brokers"
	"resilab/brokers/brokertest"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

func testContext(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// The embedded and the real brokers give the same findings.
func TestProbeEmbedded(t *testing.T) {
	set, err := brokers.Open(testContext(t), brokers.Choice{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := set.Close(); err != nil {
			t.Error(err)
		}
	}()
	if names := set.Names(); names["amqp"] != "embedded" || names["redis"] != "embedded" {
		t.Errorf("names %v", names)
	}
	checkFindings(t, brokers.Choice{AMQPURL: set.AMQPURL, RedisURL: set.RedisURL}, "resilab", "Redis")
}

func TestProbeReal(t *testing.T) {
	choice := brokers.Choice{AMQPURL: brokertest.RabbitMQ(t).URL(), RedisURL: brokertest.Redis(t).URL()}
	set, err := brokers.Open(testContext(t), choice)
	if err != nil {
		t.Fatal(err)
	}
	if names := set.Names(); strings.Contains(names["amqp"], "guest") || !strings.HasPrefix(names["amqp"], "amqp://127.0.0.1:") {
		t.Errorf("names %v", names)
	}
	if err := set.Close(); err != nil {
		t.Error(err)
	}
	checkFindings(t, choice, "RabbitMQ 3.", "Redis 7.")
}

// A Cluster is found by the URL that the labs take for one.
func TestProbeCluster(t *testing.T) {
	node := brokertest.Redis(t, "--cluster-enabled", "yes")
	plain := goredis.NewClient(&goredis.Options{Addr: node.Addr()})
	defer plain.Close()
	if err := plain.ClusterAddSlotsRange(t.Context(), 0, 16383).Err(); err != nil {
		t.Fatal(err)
	}
	choice := brokers.Choice{RedisURL: "redis://" + node.Addr() + "?addr=" + node.Addr()}
	set, err := brokers.Open(testContext(t), choice)
	if err != nil {
		t.Fatal(err)
	}
	if err := set.Close(); err != nil {
		t.Error(err)
	}
}

func checkFindings(t *testing.T, choice brokers.Choice, amqpVersion, redisVersion string) {
	t.Helper()
	findings := brokers.Probe(testContext(t), choice)
	if len(findings) != 3 {
		t.Fatalf("%d findings: %+v", len(findings), findings)
	}
	for i, want := range []struct{ subject, version string }{
		{"RabbitMQ", amqpVersion}, {"x-consistent-hash", ""}, {"Redis", redisVersion},
	} {
		f := findings[i]
		if f.Subject != want.subject || f.Err != nil || f.Mend != "" || !strings.HasPrefix(f.Version, want.version) {
			t.Errorf("finding %+v, want %+v", f, want)
		}
	}
}

func TestUnreachable(t *testing.T) {
	for _, tc := range []struct {
		choice brokers.Choice
		broker string
	}{
		{brokers.Choice{AMQPURL: "amqp://me:secret@127.0.0.1:1/"}, "RabbitMQ"},
		{brokers.Choice{RedisURL: "redis://me:secret@127.0.0.1:1/0"}, "Redis"},
		{brokers.Choice{RedisURL: "redis://me:secret@127.0.0.1:1?addr=127.0.0.1:2"}, "Redis"},
		{brokers.Choice{RedisURL: "redis://me:secret@127.0.0.1:1/0?master_name=shop&addr=127.0.0.1:2"}, "Redis"},
		{brokers.Choice{RedisURL: "unix://me:secret@/nowhere.sock"}, "Redis"},
	} {
		_, err := brokers.Open(testContext(t), tc.choice)
		var unreachable *brokers.UnreachableError
		if !errors.As(err, &unreachable) {
			t.Fatalf("%s: %v", tc.broker, err)
		}
		if unreachable.Broker != tc.broker || strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", tc.broker, err)
		}
		for _, f := range brokers.Probe(testContext(t), tc.choice) {
			if f.Subject == tc.broker && (f.Err == nil || f.Mend == "") {
				t.Errorf("finding %+v", f)
			}
		}
	}
}

// A broker that lets nobody in is there: starting it would not help.
func TestRefused(t *testing.T) {
	wrong := strings.Replace(brokertest.RabbitMQ(t).URL(), "guest:guest", "guest:secret", 1)
	_, err := brokers.Open(testContext(t), brokers.Choice{AMQPURL: wrong})
	var unreachable *brokers.UnreachableError
	if !errors.As(err, &unreachable) || !unreachable.Refused || strings.Contains(err.Error(), "secret") {
		t.Errorf("wrong password: %v", err)
	}
	if f := brokers.Probe(testContext(t), brokers.Choice{AMQPURL: wrong, RedisURL: "redis://127.0.0.1:1/0"})[0]; !f.Refused || f.Mend != "" {
		t.Errorf("finding %+v", f)
	}
}

func TestChoiceCheck(t *testing.T) {
	for _, c := range []brokers.Choice{
		{}, {AMQPURL: brokers.LocalAMQP, RedisURL: brokers.LocalRedis}, {AMQPURL: "amqps://host/vhost"},
		{RedisURL: "rediss://host:1"}, {RedisURL: "redis://host:1?addr=other:2"}, {RedisURL: "redis://h:1/0?master_name=m&addr=o:2"},
	} {
		if err := c.Check(); err != nil {
			t.Errorf("%+v: %v", c, err)
		}
	}
	for _, c := range []brokers.Choice{
		{AMQPURL: "http://me:secret@host"}, {AMQPURL: "amqp://me:secret@host:port"}, {RedisURL: "host:6379"}, {RedisURL: "amqp://host"}, {RedisURL: ":::"},
	} {
		var bad *brokers.URLError
		if err := c.Check(); !errors.As(err, &bad) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%+v: %v", c, err)
		}
	}
}
