// Package gateway is a payment gateway that fails on purpose: a real HTTP server
// on the loopback interface, with the faults a client must handle and a ledger
// of what was really charged.
//
// Whether a request fails is drawn from the seed, the operation and the attempt,
// never from the order of arrival: an operation meets the same faults whether the
// client retries or not, and in every run of the same seed. The client sends both
// numbers in the headers X-Operation and X-Attempt; a request without them (curl)
// is given new ones.
//
// The endpoints are
//
//	POST /payments          {"order": 41, "amount": 99.99}
//	POST /reservations      {"order": 41, "version": 7}, after GET /stock
//	POST /notifications     {"order": 41}
//	GET  /recommendations
//
// A POST may carry an Idempotency-Key. The contract is Stripe's: the same key with
// the same parameters repeats the stored answer, with other parameters it is
// refused with 400, and while the first request is under way with 409. Unlike
// Stripe, which keeps keys for at least 24 hours, the gateway keeps the last 131,072
// keys of a run.
package gateway
