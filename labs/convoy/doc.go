// Package convoy is the sequential convoy lab: users publish numbered orders,
// lanes carry them, consumers handle them, and a ledger finds whether every
// user's orders were handled in their order.
//
// The lab is made of rooms that know nothing of each other's callers: transport
// (RabbitMQ, Kafka and NATS), topology (which lane an order goes to), orders (where
// every order is), producer, consumer, accounts (the users' side) and ledger. This
// package joins them: a run has one of each.
package convoy
