// Package minirabbit is an AMQP 0-9-1 server that runs inside a process. Clients in
// any language use it unchanged, in tests and in labs without a RabbitMQ:
//
//	server := minirabbit.RunT(t, minirabbit.Options{})
//	conn, err := amqp091.Dial(server.URL())
//
// [Run] is the same outside tests. A test can publish ([Server.Publish]), look into
// queues ([Server.Queue], [Server.Snapshot], [Server.Dump]), wait for
// acknowledgements ([Queue.WaitForAcks]), let time pass ([ManualClock]) and cause
// faults ([Server.Fail], [Server.Cut], [Server.Kick], [Server.Block],
// [Server.CancelConsumers], [Server.Restart]). The package depends on the standard
// library only.
//
// The server behaves like RabbitMQ 3.10 with the plugin
// rabbitmq_consistent_hash_exchange: it replies with the same errors and texts,
// delivers in the same order and routes a key to the same queue. The conformance
// suite in resilab/brokers/amqptest runs against both. Everything is kept in
// memory.
//
// It differs from RabbitMQ 3.10 as follows:
//
//   - A quorum queue is kept like a classic one. It counts deliveries and drops
//     messages that are returned more often than its limit. Streams are refused.
//   - Cancelling a single active consumer makes the next one active, which
//     RabbitMQ 3.10 does not.
//   - The number of dead letters that arise from one message is limited, and so is
//     the memory of a transaction and of an unfinished message.
//   - An unknown method is refused with 540; it crashes RabbitMQ's connection.
//   - There are no tracing, policies and acknowledgement timeouts.
//
// The package has three layers: codec encodes and decodes bytes, broker holds
// exchanges and queues, and this package serves connections, with one goroutine
// that reads and one that writes for each.
package minirabbit
