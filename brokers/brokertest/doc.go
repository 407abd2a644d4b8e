// Package brokertest starts real brokers for tests: a private RabbitMQ or Redis
// on a free port of the loopback interface, with all its state in a temporary
// folder, gone when the test ends and killed when the test binary dies.
//
// A test that stops, kills or floods its broker starts one of its own with
// [RabbitMQ] or [Redis]. Redis is up in a tenth of a second; RabbitMQ takes about
// ten seconds, so the tests of a package that only use one share it:
//
//	var brokers brokertest.Shared
//
//	func TestMain(m *testing.M) { brokertest.Main(m, &brokers) }
//
//	func TestOrders(t *testing.T) {
//		conn, err := amqp.Dial(brokers.RabbitMQ(t).URL())
//		…
//	}
//
// Shared nodes start when the first test asks. Where the environment names
// brokers that run already, in RESILAB_AMQP_URL and RESILAB_REDIS_URL, those are
// shared instead.
//
// Where a broker is not installed the test is skipped, naming what is missing. A
// build that must not skip it sets RESILAB_REQUIRE_BROKERS=1, and the test fails.
package brokertest
