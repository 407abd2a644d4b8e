// Package embedded is a Redis server in this process, for machines that have
// none. It lays what Redis 7.0 does, and miniredis does not, over miniredis:
//
//   - the protocol: inline commands, limits, replies in the shapes of RESP3;
//   - the commands that clients begin with: COMMAND, HELLO, CLIENT, CONFIG, INFO;
//   - TTLs that fall by themselves and are rounded as Redis rounds them;
//   - transactions that are discarded after an unknown command;
//   - SCAN with COUNT;
//   - keyspace events of every kind, in every database;
//   - client-side caching in RESP3, without REDIRECT.
//
// What it does not have it refuses with an error. Commands that a script calls
// count no hits and announce no events, and no key is ever evicted. A client that
// caches may be told of a key that has not changed, never the reverse; a script
// counts as changing all its keys.
//
// The files resp.go, scan.go, expiry.go, shapes.go and client.go use nothing of
// the rest but the interface of a command, so that each can become a change of
// miniredis itself.
package embedded
