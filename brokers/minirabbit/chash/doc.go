// Package chash computes to which queue RabbitMQ's x-consistent-hash exchange
// routes a message.
//
// A key is mapped to a queue in three steps:
//
//  1. The key becomes a number with Erlang's portable term hash, erlang:phash2:
//     Bob Jenkins' hash of 1996, over 12-byte little-endian blocks, masked to 27
//     bits. [Hash] computes it for a routing key or a message property and
//     [HashField] for a message header, which RabbitMQ hashes together with the
//     name of its field type. [HashUndefined] is the hash of an absent header or
//     property.
//  2. The number K seeds Erlang's generator exs1024 (xorshift1024*) with
//     {K, K, K}. Its 64-bit outputs, divided by 2^64, are draws u from [0, 1].
//  3. The draws drive jump consistent hashing over n buckets: starting from
//     b = -1 and j = 0, while j < n set b = j and j = trunc((b+1) / u). The last
//     b is the bucket. One bucket needs no draw.
//
// A [Ring] holds the buckets. Every binding appends as many of them as its weight,
// in the order in which the queues were bound; unbinding a queue removes its
// buckets and moves the later ones down. That is why removing the queue that was
// bound first moves nearly every key, and removing the last one only its own.
//
// Sources: phash2 is make_hash2 in erts/emulator/beam of Erlang/OTP; exs1024 is
// in OTP's stdlib module rand; the ring is rabbit_exchange_type_consistent_hash
// of RabbitMQ 3.10; jump consistent hashing is from Lamping and Veach, "A Fast,
// Minimal Memory, Consistent Hash Algorithm" (arXiv:1406.2294), whose own
// generator RabbitMQ replaced with Erlang's.
//
// Later versions of RabbitMQ differ as follows, according to the source of the
// plugin and of rabbit's mc_amqpl at the tags that are named. Routing keys and
// properties hash alike in all of them.
//
//   - From 3.13.0 on a header is hashed without the name of its field type, so that
//     a string is routed like the same routing key. An integer is not hashed: it
//     seeds the generator itself. A timestamp counts as an integer of milliseconds.
//     Of an array or a table only the first element is hashed. See [HashValue].
//   - From 4.2.6 on a weight of more than 10,000 is refused.
package chash
