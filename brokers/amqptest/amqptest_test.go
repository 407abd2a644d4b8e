package amqptest

import (
	"flag"
	"testing"

	"resilab/brokers/brokertest"
	"resilab/brokers/minirabbit"
)

var brokers brokertest.Shared

// TestMain runs more tests at once than there are processors, because most of them
// wait for a broker.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "8"); err != nil {
		panic(err)
	}
	brokertest.Main(m, &brokers)
}

func TestConformance(t *testing.T) {
	t.Parallel()
	t.Run("embedded", func(t *testing.T) {
		t.Parallel()
		Run(t, embedded(t))
	})
	t.Run("real", func(t *testing.T) {
		t.Parallel()
		Run(t, rabbitmq(t))
	})
}

// TestRestart is about the embedded broker; the tests of brokertest restart a real
// one, and hold it to the same.
func TestRestart(t *testing.T) {
	t.Parallel()
	server, err := minirabbit.Run(minirabbit.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	Restart(t, Target{URL: server.URL()}, server.Restart)
}

// embedded starts a minirabbit that ends with the test and all its subtests.
func embedded(tb testing.TB) Target {
	tb.Helper()
	server, err := minirabbit.Run(minirabbit.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { server.Close() })
	return Target{URL: server.URL()}
}

// rabbitmq returns the RabbitMQ that the tests share.
func rabbitmq(tb testing.TB) Target {
	tb.Helper()
	return Target{URL: brokers.RabbitMQ(tb).URL()}
}
