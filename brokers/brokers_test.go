package brokers_test

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"pgregory.net/rapid"

	"resilab/brokers"
	"resilab/brokers/brokertest"
	"resilab/brokers/kind"
)

var shared brokertest.Shared

func TestMain(m *testing.M) {
	// The tests know the nodes' users and addresses.
	_ = os.Unsetenv("RESILAB_AMQP_URL")
	_ = os.Unsetenv("RESILAB_REDIS_URL")
	brokertest.Main(m, &shared)
}

func testContext(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// newSet opens every kind of a choice and returns its URLs.
func newSet(t *testing.T, choice brokers.Choice) (set *brokers.Set, urls map[string]string) {
	t.Helper()
	set, err := brokers.NewSet(choice)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := set.Close(); err != nil {
			t.Error(err)
		}
	})
	urls = map[string]string{}
	for _, k := range kind.All() {
		if urls[k], err = set.URL(testContext(t), k); err != nil {
			t.Fatal(err)
		}
	}
	return set, urls
}

// The embedded and the real brokers give the same findings.
func TestProbeEmbedded(t *testing.T) {
	set, urls := newSet(t, brokers.Choice{})
	for k, name := range set.Names() {
		if name != brokers.Embedded {
			t.Errorf("%s is named %q", k, name)
		}
	}
	checkFindings(t, urls, "resilab", "Redis", "Kafka")
}

// TestAMQPVersions: each is used, and has what the labs need.
func TestAMQPVersions(t *testing.T) {
	for _, version := range brokers.AMQPVersions() {
		_, urls := newSet(t, brokers.Choice{AMQPVersion: version})
		checkFindings(t, urls, "resilab minirabbit "+version+".", "Redis", "Kafka")
	}
	set, err := brokers.NewSet(brokers.Choice{AMQPVersion: "4"})
	if err != nil {
		t.Fatal(err)
	}
	defer set.Close()
	if _, err := set.URL(testContext(t), kind.AMQP); err == nil || !strings.Contains(err.Error(), `unknown RabbitMQ version "4"`) {
		t.Errorf("an unknown version: %v", err)
	}
}

func TestProbeReal(t *testing.T) {
	choice := brokers.Choice{URLs: map[string]string{kind.AMQP: shared.RabbitMQ(t).URL(), kind.Redis: shared.Redis(t).URL()}}
	set, urls := newSet(t, choice)
	if names := set.Names(); strings.Contains(names["amqp"], "guest") || !strings.HasPrefix(names["amqp"], "amqp://127.0.0.1:") {
		t.Errorf("names %v", names)
	}
	checkFindings(t, urls, "RabbitMQ 3.", "Redis 7.", "Kafka")
}

// A broker is opened by the first request for it, and only once.
func TestBrokersAreOpenedOnceAndByNeed(t *testing.T) {
	set, err := brokers.NewSet(brokers.Choice{URLs: map[string]string{kind.AMQP: "amqp://127.0.0.1:1/"}})
	if err != nil {
		t.Fatalf("an address that nobody needs was tried: %v", err)
	}
	var all sync.WaitGroup
	urls := make([]string, 8)
	for i := range urls {
		all.Go(func() { urls[i], _ = set.URL(testContext(t), kind.Redis) })
	}
	all.Wait()
	if slices.Sort(urls); urls[0] == "" || urls[0] != urls[len(urls)-1] {
		t.Errorf("opened more than once: %v", urls)
	}
	if names := set.Names(); len(names) != 1 || names[kind.Redis] != brokers.Embedded {
		t.Errorf("open: %v", names)
	}
	if _, err := set.URL(testContext(t), "carrier-pigeon"); err == nil {
		t.Error("an unknown kind was opened")
	}
	if err := set.Close(); err != nil {
		t.Error(err)
	}
	if _, err := set.URL(testContext(t), kind.Redis); !errors.Is(err, brokers.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

// A Cluster is found by the URL that the labs take for one.
func TestProbeCluster(t *testing.T) {
	node := brokertest.Redis(t, "--cluster-enabled", "yes")
	plain := goredis.NewClient(&goredis.Options{Addr: node.Addr()})
	defer plain.Close()
	if err := plain.ClusterAddSlotsRange(t.Context(), 0, 16383).Err(); err != nil {
		t.Fatal(err)
	}
	newSet(t, brokers.Choice{URLs: map[string]string{kind.Redis: "redis://" + node.Addr() + "?addr=" + node.Addr()}})
}

func checkFindings(t *testing.T, urls map[string]string, amqpVersion, redisVersion, kafkaVersion string) {
	t.Helper()
	findings := brokers.Probe(testContext(t), urls)
	if len(findings) != 5 {
		t.Fatalf("%d findings: %+v", len(findings), findings)
	}
	for i, want := range []struct{ subject, version string }{
		{"RabbitMQ", amqpVersion}, {"x-consistent-hash", ""}, {"Redis", redisVersion}, {"Kafka", kafkaVersion}, {"NATS", "NATS 2."},
	} {
		f := findings[i]
		if f.Subject != want.subject || f.Err != nil || f.Fix != "" || !strings.HasPrefix(f.Version, want.version) {
			t.Errorf("finding %+v, want %+v", f, want)
		}
	}
}

func TestUnreachable(t *testing.T) {
	for _, tc := range []struct{ kind, url string }{
		{kind.AMQP, "amqp://me:secret@127.0.0.1:1/"},
		{kind.Redis, "redis://me:secret@127.0.0.1:1/0"},
		{kind.Redis, "redis://me:secret@127.0.0.1:1?addr=127.0.0.1:2"},
		{kind.Redis, "redis://me:secret@127.0.0.1:1/0?master_name=shop&addr=127.0.0.1:2"},
		{kind.Redis, "unix://me:secret@/nowhere.sock"},
		{kind.Kafka, "127.0.0.1:1"},
		{kind.NATS, "nats://me:secret@127.0.0.1:1"},
	} {
		urls := map[string]string{tc.kind: tc.url}
		err := openOne(t, urls, tc.kind)
		var unreachable *brokers.UnreachableError
		if !errors.As(err, &unreachable) {
			t.Fatalf("%s: %v", tc.url, err)
		}
		if unreachable.Kind != tc.kind || strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", tc.url, err)
		}
		f := brokers.Probe(testContext(t), urls)[0]
		if f.Err == nil || f.Fix != unreachable.Start {
			t.Errorf("finding %+v", f)
		}
	}
}

// Starting a broker on this machine is advice only for an address of this machine.
func TestAdviceFitsTheAddress(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for url, want := range map[string]bool{
		"redis://127.0.0.1:1/0": true, "redis://localhost:1/0": true, "redis://[::1]:1/0": true,
		"redis://192.0.2.1:6379/0": false, "redis://cache.example:6379/0": false,
	} {
		f := brokers.Probe(ctx, map[string]string{kind.Redis: url})[0]
		if f.Err == nil || (f.Fix != "") != want {
			t.Errorf("%s: %+v", url, f)
		}
	}
}

func openOne(t *testing.T, urls map[string]string, k string) error {
	t.Helper()
	set, err := brokers.NewSet(brokers.Choice{URLs: urls})
	if err != nil {
		return err
	}
	defer set.Close()
	_, err = set.URL(testContext(t), k)
	return err
}

// A broker that refuses the user is there: starting it would not help.
func TestRefused(t *testing.T) {
	urls := map[string]string{kind.AMQP: strings.Replace(shared.RabbitMQ(t).URL(), "guest:guest", "guest:secret", 1)}
	err := openOne(t, urls, kind.AMQP)
	var unreachable *brokers.UnreachableError
	if !errors.As(err, &unreachable) || !unreachable.Refused || strings.Contains(err.Error(), "secret") {
		t.Errorf("wrong password: %v", err)
	}
	if f := brokers.Probe(testContext(t), urls)[0]; !f.Refused || f.Fix != "" {
		t.Errorf("finding %+v", f)
	}
}

func TestChoiceCheck(t *testing.T) {
	choice := func(k, url string) brokers.Choice { return brokers.Choice{URLs: map[string]string{k: url}} }
	for _, c := range []brokers.Choice{
		{}, brokers.Local(), choice(kind.AMQP, "amqps://host/vhost"), choice(kind.AMQP, "amqp://me:secret@a:1,b,c:3/v?heartbeat=5"),
		choice(kind.Redis, "rediss://host:1"), choice(kind.Redis, "redis://host:1?addr=other:2"),
		choice(kind.Redis, "redis://h:1/0?master_name=m&addr=o:2"), choice(kind.Kafka, "a:9092,b:9092"),
		choice(kind.NATS, "nats://host"), choice(kind.NATS, "tls://me:secret@a:1,b"),
	} {
		if err := c.Check(); err != nil {
			t.Errorf("%+v: %v", c, err)
		}
	}
	for _, c := range []brokers.Choice{
		choice(kind.AMQP, "amqp://me:secret@a/,amqp://me:secret@b/"), choice(kind.AMQP, "amqp://me:secret@a:1,/"),
		choice(kind.AMQP, "amqp://me:secret@a:99999/"), choice(kind.AMQP, "amqp://me:sec%ret@a/"), choice(kind.AMQP, "amqp://a,b/?addr=c"),
		choice(kind.AMQP, "amqp://host/?addr=other:5672"), choice(kind.Redis, "redis://me:secret@host:1/0?dial=secret"),
		choice(kind.AMQP, "http://me:secret@host"), choice(kind.AMQP, "amqp://me:secret@host:port"),
		choice(kind.Redis, "host:6379"), choice(kind.Redis, "amqp://host"), choice(kind.Redis, ":::"),
		choice(kind.Kafka, "host"), choice(kind.Kafka, ":9092"), choice(kind.Kafka, "host:port"),
		choice(kind.NATS, "host:4222"), choice(kind.NATS, "nats://me:secret@a/x"), choice(kind.NATS, "nats://me:secret@a,nats://me:secret@b"),
	} {
		var bad *brokers.URLError
		if err := c.Check(); !errors.As(err, &bad) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// Whatever form an address has, its secrets are not shown.
func TestRedacted(t *testing.T) {
	for address, want := range map[string]string{
		"amqp://me:secret@host:5672/v":                     "amqp://host:5672",
		"amqp://me:se/cr?et@host/":                         "amqp://host",
		"amqp://me:secret@a/,amqp://me:secret@b/":          "amqp://b",
		"amqp://me:secret@a:1,me:secret@b:2/":              "amqp://b:2",
		"redis://:secret@host:6379/0?password=secret":      "redis://host:6379",
		"redis://host:1/0?master_name=m&password=secret":   "redis://host:1",
		"unix://me:secret@/run/redis.sock?password=secret": "unix:///run/redis.sock",
		"me:secret@host":                                   "host",
		"a:9092,b:9092":                                    "a:9092,b:9092",
		"nonsense":                                         "nonsense",
		"":                                                 "",
	} {
		if got := brokers.Redacted(address); got != want {
			t.Errorf("%s is shown as %s, want %s", address, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		secret := rapid.StringMatching(`[a-z0-9/?#,:]{1,8}SECRET[a-z0-9/?#,:]{0,8}`).Draw(t, "secret")
		address := rapid.SampledFrom([]string{"amqp", "redis", "unix"}).Draw(t, "scheme") + "://me:" + secret + "@" +
			rapid.StringMatching(`[a-z]{1,8}`).Draw(t, "host")
		if strings.Contains(brokers.Redacted(address), "SECRET") {
			t.Fatalf("%s is shown as %s", address, brokers.Redacted(address))
		}
	})
}
