// Package codec reads and writes the bytes of AMQP 0-9-1: frames, methods,
// content properties and field tables. It starts no goroutine, knows no socket
// and keeps no state between calls except the buffers of a [Reader] and a
// [MethodReader].
//
// Whatever a peer claims about a length is checked against the bytes that are
// really there (or against the negotiated frame size) before memory is taken.
//
// Only the methods a broker needs are here, in both directions, so that tests
// can speak as a client with the same code.
package codec
