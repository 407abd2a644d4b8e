// Package amqptest is a conformance suite for AMQP 0-9-1 brokers. It uses a broker
// through amqp091-go and, to break rules that this client keeps, through hand-made
// frames. It asserts what RabbitMQ 3.10 does, including the reply texts. A broker
// that passes can replace RabbitMQ in the labs:
//
//	func TestMyBroker(t *testing.T) {
//		amqptest.Run(t, amqptest.Target{URL: "amqp://guest:guest@127.0.0.1:5672"})
//	}
//
// The broker may be shared: the suite uses unique names and removes what it
// declared, except in the group "replies", whose texts contain fixed names.
package amqptest

import (
	"testing"
)

// Target is a broker under test. It has the user guest with the password guest and
// only the virtual host "/".
type Target struct {
	URL string // without a virtual host
}

// test is one case of the suite. The connections that it opens are closed when it
// ends.
type test struct {
	name string
	run  func(t *testing.T, b broker)
}

// Run holds the broker to every test of the suite.
func Run(t *testing.T, target Target) {
	groups := []struct {
		name  string
		tests []test
	}{
		{"connection", connectionTests()},
		{"closing", closingTests()},
		{"protocol", protocolTests()},
		{"exchange", exchangeTests()},
		{"alternate", alternateTests()},
		{"copies", copyTests()},
		{"queue", queueTests()},
		{"limits", limitTests()},
		{"expiry", expiryTests()},
		{"deadletter", deadLetterTests()},
		{"consumer", consumerTests()},
		{"reply-to", replyToTests()},
		{"prefetch", prefetchTests()},
		{"single-active", singleActiveTests()},
		{"ack", ackTests()},
		{"confirm", confirmTests()},
		{"tx", txTests()},
		{"values", valueTests()},
		{"hash", hashTests()},
	}
	for _, g := range groups {
		t.Run(g.name, func(t *testing.T) {
			t.Parallel()
			for _, tt := range g.tests {
				t.Run(tt.name, func(t *testing.T) {
					t.Parallel()
					tt.run(t, broker{target})
				})
			}
		})
	}
	t.Run("replies", func(t *testing.T) {
		t.Parallel()
		for _, tt := range replyTests() { // one after the other: they use the same names
			t.Run(tt.name, func(t *testing.T) { tt.run(t, broker{target}) })
		}
	})
}
