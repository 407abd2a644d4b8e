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
// Unless told otherwise, the server behaves like RabbitMQ 3.10 with the plugin
// rabbitmq_consistent_hash_exchange: it replies with the same errors and texts,
// delivers in the same order and routes a key to the same queue. The conformance
// suite in resilab/brokers/amqptest runs against both. Everything is kept in
// memory.
//
// It differs from RabbitMQ 3.10 as follows:
//
//   - A quorum queue is kept like a classic one. It counts deliveries, orders what
//     returns, and drops messages that are returned more often than its limit. Streams
//     are refused.
//   - Cancelling a single active consumer makes the next one active, which
//     RabbitMQ 3.10 does not.
//   - A message of a priority queue expires when its time is up. In RabbitMQ 3.10
//     one of lower priority that lives longer keeps it.
//   - The number of dead letters that arise from one message is limited, and so is
//     the memory of a transaction and of an unfinished message.
//   - An unknown method is refused with 540; it crashes RabbitMQ's connection.
//   - There are no tracing, policies and acknowledgement timeouts.
//
// # Versions
//
// Options.Version chooses the series of RabbitMQ that the server behaves like: "3.10",
// "4.1" or "4.3". "3.10" is the default, because it is the only one that the
// conformance suite compares with a real server. The others were read in the release
// notes (N), the guides of the documentation (D) and the source (S) of RabbitMQ, and
// tests hold this package to what was read; no server of those versions was asked.
//
// Version "4.1" differs from "3.10" as follows; it was read at 4.1.4:
//
//   - A quorum queue without x-delivery-limit has a limit of 20, and a negative limit
//     means none (N 4.0.1). Every return counts, as in 3.10 (S rabbit_fifo).
//   - x-delivery-count is absent from a first delivery by basic.get, too (S
//     rabbit_fifo_client).
//   - x-death in a published message means nothing. The broker replaces it by its own
//     when the message is dead-lettered (N 4.0.1). It adds x-last-death-reason,
//     -queue and -exchange (S mc).
//   - The largest message has 16 MiB (N 4.0.1), and frame_max is at least 8192 (N
//     4.1.0).
//   - AMQP 0-8 is refused (S rabbit_reader). ANONYMOUS logs in guest (S Makefile of
//     rabbit, auth_mechanisms).
//   - Classic queues take x-queue-leader-locator; x-cancel-on-ha-failover means nothing
//     (S rabbit_classic_queue).
//   - A headers exchange distinguishes 1 and 1.0, and a timestamp in a message is
//     compared as milliseconds, so that it equals no timestamp of a binding (S
//     rabbit_exchange_type_headers, mc_amqpl).
//   - Hashed headers: see package chash.
//
// Version "4.3" differs from "4.1" as follows; it was read at 4.3.5:
//
//   - Only deliveries that end with basic.reject or with their channel count towards
//     the delivery limit and in x-delivery-count; basic.nack and basic.recover do not.
//     x-acquired-count counts all (N 4.3.0; D quorum queues, poison messages).
//   - Without a delivery limit basic.reject returns a message to the front of a quorum
//     queue, no longer to its end (S rabbit_channel, rabbit_fifo).
//   - A queue that is neither durable nor exclusive is refused with 541, and so is
//     x-queue-master-locator (N 4.3.0; they are permitted until 4.2).
//   - basic.qos with global limits each consumer; nothing is refused (N 4.3.0, S
//     rabbit_channel).
//   - x-queue-version 1 is refused (N 4.3.0). x-queue-mode is not looked at; the notes
//     say that it is refused, the source does not (S rabbit_amqqueue).
//   - A mandatory direct reply is never returned (N 4.2.0).
//   - The exchange type x-modulus-hash exists (N 4.3.0, S
//     rabbit_exchange_type_modulus_hash), and a topic binding may have two words "#" (N
//     4.3.5). A weight is limited: see package chash.
//
// Of these versions the server lacks AMQP 1.0, the exchange type x-local-random,
// priorities and consumer priorities of quorum queues, delayed retry (refused with
// 540) and consumer timeouts (accepted, without effect). Counts of deliveries do not
// follow a dead letter to another quorum queue, and headers keep the publisher's order.
// CC does not survive a dead-letter routing key, as it does in both, and bindings to
// reply-to queues are not refused, as 4.3 does.
//
// Versions do not differ in this package where they do in RabbitMQ, because it always
// did what later ones do: the next single active consumer is active after basic.cancel
// (S rabbit_amqqueue_process of 4.0.1). Arguments and policies of mirrored queues never
// had a meaning here, and 4.0 removed them (N 4.0.1).
//
// The package has three layers: codec encodes and decodes bytes, broker holds
// exchanges and queues, and this package serves connections, with one goroutine
// that reads and one that writes for each.
package minirabbit
