// Package codec encodes and decodes AMQP 0-9-1: frames, methods, content properties
// and field tables. It starts no goroutine, uses no socket and keeps no state
// between calls except the buffers of a [Reader] and a [MethodReader].
//
// A length that a peer announces is checked against the bytes that have arrived, or
// against the negotiated frame size, before memory is allocated.
//
// The package has only the methods that a broker needs, in both directions, so that
// tests can use it as a client.
package codec
