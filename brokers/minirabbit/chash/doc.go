// Package chash places messages the way RabbitMQ's x-consistent-hash exchange
// does: for one and the same key it names one and the same queue.
//
// A key takes three steps to its queue:
//
//  1. The key becomes a number with Erlang's portable term hash, erlang:phash2:
//     Bob Jenkins' hash of 1996, over 12-byte little-endian blocks, masked to 27
//     bits. [Hash] does it for a routing key or a message property, [HashField]
//     for a message header, which RabbitMQ 3.x hashes together with the name of
//     its field type, and [HashUndefined] is what an absent header or property
//     hashes to.
//  2. The number K seeds Erlang's generator exs1024 (xorshift1024*) with
//     {K, K, K}. Its 64-bit outputs, divided by 2^64, are draws u from [0, 1].
//  3. The draws drive jump consistent hashing over n buckets: starting from
//     b = -1 and j = 0, while j < n set b = j and j = trunc((b+1) / u). The last
//     b is the bucket. One bucket needs no draw.
//
// A [Ring] holds the buckets. Every binding appends as many of them as its
// weight says, in the order in which the queues were bound; unbinding a queue
// takes its buckets out and moves the later ones down. That is why removing the
// queue that was bound first moves nearly every key, and removing the last one
// only its own.
//
// Sources: phash2 is make_hash2 in erts/emulator/beam of Erlang/OTP; exs1024 is
// in OTP's stdlib module rand; the ring is rabbit_exchange_type_consistent_hash
// of RabbitMQ 3.10; jump consistent hashing is from Lamping and Veach, "A Fast,
// Minimal Memory, Consistent Hash Algorithm" (arXiv:1406.2294), whose own
// generator RabbitMQ replaced with Erlang's. From RabbitMQ 4 on a header is
// hashed without its type name; this package follows 3.x.
package chash
