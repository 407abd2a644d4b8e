// Package gateway is a payment gateway that fails on purpose: a real HTTP server
// on the loopback interface, with the faults a client must live with and a ledger
// of what was really charged.
//
// Whether a request fails is drawn from the seed, the operation and the attempt,
// never from the order of arrival: the same operation meets the same luck whether
// the client retries or not, and in every run of the same seed. The client names
// both in the headers X-Operation and X-Attempt; a request without them (curl)
// gets numbers of its own.
//
// The endpoints are
//
//	POST /payments          {"order": 41, "amount": 99.99}
//	POST /reservations      {"order": 41, "version": 7}, after GET /stock
//	POST /notifications     {"order": 41}
//	GET  /recommendations
//
// A POST may carry an Idempotency-Key; the contract is Stripe's.
package gateway
