// Package broker is the inside of an AMQP broker: virtual hosts, exchanges,
// bindings, queues, consumers, transactions. It knows no socket and no frame:
// a session asks a [Channel] to do something and gives it a [Peer] that
// carries deliveries away.
//
// # Locks
//
// They are always taken in this order, and none is held while messages travel
// from one queue to another (dead-lettering):
//
//	vhost.mu    topology: exchanges, queues by name, bindings
//	queue.mu    one queue's messages and consumers
//	Channel.mu  delivery tags and what is not yet acknowledged
//	the Peer's  whatever its Deliver takes
//
// A message is never changed after it was published, so queues share it.
package broker
