// Package broker implements virtual hosts, exchanges, bindings, queues, consumers
// and transactions, without sockets and frames. A session calls the methods of a
// [Channel] and gives it a [Peer] that sends deliveries to the client.
//
// # Locks
//
// Locks are taken in this order. None is held while messages are forwarded from
// one queue to another (dead-lettering).
//
//	vhost.mu       topology: exchanges, queues by name, bindings
//	queue.mu       one queue's messages and consumers
//	deliveries.mu  a channel's consumers, delivery tags and unacknowledged messages
//	the Peer's     the locks that its Deliver takes
//
// A message is never changed after it was published, so queues share it.
package broker
