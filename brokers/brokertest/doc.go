// Package brokertest starts real brokers for tests: a private RabbitMQ or Redis on
// a free port of the loopback interface, with all its state in a temporary folder.
// The broker and its folder are removed when the test ends. On Linux the broker is
// also killed when the test binary is killed; its folder is then removed by the
// next test binary that starts a broker.
//
// A test that stops, kills or floods its broker starts one for itself with
// [RabbitMQ] or [Redis]. Redis starts in a tenth of a second; RabbitMQ takes about
// ten seconds, and several nodes that have joined ([RabbitMQCluster]) twice as long, so
// the tests of a package that only use one share it:
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
// Shared nodes start when the first test needs them. If the environment names
// running brokers, in RESILAB_AMQP_URL and RESILAB_REDIS_URL, those are used
// instead.
//
// If a broker is not installed, the test is skipped and names what is missing. With
// RESILAB_REQUIRE_BROKERS=1 it fails instead.
package brokertest
