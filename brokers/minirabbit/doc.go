// Package minirabbit is an AMQP 0-9-1 server that lives inside a process. Real
// clients in any language use it unchanged, for tests and for labs where no
// RabbitMQ is at hand:
//
//	s, err := minirabbit.Run(minirabbit.Options{})
//	...
//	defer s.Close()
//	conn, err := amqp091.Dial(s.URL())
//
// It behaves like RabbitMQ 3.10 with the plugin rabbitmq_consistent_hash_exchange:
// the same errors in the same words, the same order of messages, the same queue
// for the same key. Everything is kept in memory; [Server.Restart] keeps what a
// restart of RabbitMQ would keep.
//
// It has three layers. Package codec knows the bytes, package broker the
// exchanges and queues, and this package the connections between them: a
// goroutine that reads and one that writes for each.
package minirabbit
