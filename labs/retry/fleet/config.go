// Package fleet simulates many clients against one server in virtual time: a
// minute of outage for a hundred thousand clients takes a moment, and the same
// seed gives the same numbers. Waits, budget and breaker are those of package
// policy, the very code that the live lab runs.
//
// The draws of an attempt (its failure, its latency, its jitter) depend on the seed,
// the operation and the number of the attempt only. Two runs from one seed that
// differ in their policy have the same draws.
package fleet

import (
	"errors"
	"time"

	"resilab/labs/retry/policy"
)

// Config is one simulation. Start from Default.
type Config struct {
	Seed uint64
	// Clients is how many there are, 1 to MaxClients.
	Clients int
	// Every is the mean time between the operations that one client begins; they
	// begin at random and whether or not earlier ones have ended. 0 is a herd: each
	// client begins a single operation, all at time 0.
	Every time.Duration
	// Duration is how long operations begin, unless it is a herd; they then run to
	// their end. Up to an hour.
	Duration time.Duration
	// Layers is how many layers, one calling the next, repeat failed calls on
	// their own, 1 to MaxLayers. The innermost calls the server; time-outs are its.
	Layers int
	// Policy is that of every layer.
	Policy policy.Policy
	// Blind retries permanent errors as well: there is no classifier.
	Blind bool
	// Budget, if set, is shared by all clients; each layer has one.
	Budget *policy.BudgetSpec
	// Breaker, if set, stands before the server and is shared by all clients.
	Breaker *policy.BreakerSpec
	// Queue puts operations that were given up on a queue, unless their error was
	// permanent. They count as failed, but are carried out later, one by one.
	Queue bool
	// DrainEvery is the pause between two attempts to carry out what is queued.
	DrainEvery time.Duration
	// Keys sends idempotency keys: repeating an operation charges once.
	Keys bool
	// MaxAttempts ends a simulation with ErrTooManyAttempts after so many calls to
	// the server; 0 means DefaultMaxAttempts.
	MaxAttempts int
	Server      Server
}

// Server is what the clients call.
type Server struct {
	// Latency is how long a request takes once it is being served.
	Latency Latency
	// Replicas is how many machines share the requests, each in its turn; 0 means 1.
	Replicas int
	// Slots is how many requests a replica serves at once, 0 for any number.
	Slots int
	// QueueLimit is how many more may wait there, in order of arrival; the next are
	// refused with 503. -1 for any number.
	QueueLimit int
	// Refusal is how long it takes to be refused, by the server or by the network.
	Refusal time.Duration
	// FailureRate is the share of requests that end with a transient error, 0 to 1.
	FailureRate float64
	// DeclineRate is the share of operations that the server declines, a permanent
	// error, 0 to 1.
	DeclineRate float64
	// LostRate is the share of replies that never arrive although the request was
	// carried out, 0 to 1. Without an attempt time-out they hang for LostAfter.
	LostRate float64
	// Limit is how many requests a second it admits, counted by the full second;
	// the next are answered 429 with RetryAfter. 0 for any number.
	Limit      int
	RetryAfter time.Duration
	Outage     Outage
}

// LostAfter is when a client without a time-out stops waiting for a lost reply.
const LostAfter = 30 * time.Second

func (s *Server) machines() int { return max(1, s.Replicas) }

// Outage is a period in which replicas are down. What they were at work on when it
// began is lost.
type Outage struct {
	At, For time.Duration
	Kind    OutageKind
	// Replicas is how many of them it hits; 0 for all.
	Replicas int
}

// OutageKind is what an outage looks like to a client.
type OutageKind int

// The kinds of outages.
const (
	Refuse OutageKind = iota // connections are refused at once
	Hang                     // requests are never answered
)

func (o Outage) covers(at int64) bool {
	return at >= int64(o.At) && at < int64(o.At+o.For)
}

// between reports whether the outage began after from and not after to.
func (o Outage) between(from, to int64) bool {
	return o.For > 0 && from < int64(o.At) && to >= int64(o.At)
}

// Latency is a distribution of times. With Sigma 0 and Exponential false it is
// always Median.
type Latency struct {
	// Median of the lognormal distribution, or mean of the exponential one.
	Median time.Duration
	// Sigma is the lognormal's shape, 0 to 3: two thirds of all values lie between
	// Median/e^Sigma and Median·e^Sigma.
	Sigma       float64
	Exponential bool
	// SlowShare of the requests take SlowBy longer, 0 to 1.
	SlowShare float64
	SlowBy    time.Duration
}

// Limits of what Validate accepts.
const (
	MaxClients    = 100_000
	MaxLayers     = 5
	MaxOperations = 5_000_000
	// DefaultMaxAttempts takes some seconds.
	DefaultMaxAttempts = 20_000_000
)

// ErrTooManyAttempts is the error of a simulation that reached MaxAttempts.
var ErrTooManyAttempts = errors.New("too many attempts")

// Default is a thousand clients, one operation each ten seconds, half a minute,
// and a server that refuses everything from second 5 to second 10.
func Default() Config {
	return Config{
		Seed: 1, Clients: 1000, Every: 10 * time.Second, Duration: 30 * time.Second, Layers: 1,
		Policy: policy.Policy{
			Retries: 3, Base: 100 * time.Millisecond, Cap: 10 * time.Second, Factor: 2, Jitter: policy.Full,
			AttemptTimeout: time.Second,
		},
		DrainEvery: 100 * time.Millisecond,
		Server: Server{
			Latency: Latency{Median: 20 * time.Millisecond, Sigma: 0.5},
			Slots:   20, QueueLimit: 200, Refusal: time.Millisecond,
			Outage: Outage{At: 5 * time.Second, For: 5 * time.Second},
		},
	}
}
