// Package convoy is the sequential convoy lab: users publish numbered orders,
// lanes carry them, consumers handle them, and a ledger tells whether every
// user's orders were handled in their order.
//
// An epoch is one measurement under one set of settings: a topology of its own
// in the broker, one producer, the consumers, and everything that is counted.
// Turning a knob ends the epoch and begins the next with the same seed.
package convoy
