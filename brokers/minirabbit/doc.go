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
// Where it knowingly differs:
//
//   - A quorum queue is kept like a classic one; it counts deliveries and forgets
//     messages that come back more often than its limit. Streams are refused.
//   - The cancel of a single active consumer hands over to the next one, which in
//     RabbitMQ 3.10 it does not.
//   - On an exchange that hashes a header, arrays, tables and decimals hash like a
//     header that is missing.
//   - No message that multiplies by dead-lettering does so for ever, and neither a
//     transaction nor an unfinished message may take all the memory there is.
//   - What makes a process of RabbitMQ crash, such as a method that it does not
//     know, gets a proper reply.
//   - There is no tracing, no policy and no acknowledgement timeout.
//
// It has three layers. Package codec knows the bytes, package broker the
// exchanges and queues, and this package the connections between them: a
// goroutine that reads and one that writes for each.
package minirabbit
