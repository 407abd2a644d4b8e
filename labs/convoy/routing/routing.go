// Package routing computes where a key goes: to which queue of RabbitMQ's
// x-consistent-hash exchange, which partition of a Kafka topic, which shard of a
// Kinesis stream, which partition of NATS subjects. Azure Service Bus has no such function: every session id is a
// separate group, which one consumer at a time locks.
//
// All functions are pure. Lanes count from 0.
package routing

import (
	"fmt"
	"strconv"
	"strings"

	"resilab/brokers/minirabbit/chash"
)

// Router computes the lane of a key. It is safe for concurrent use.
type Router interface {
	Route(key string) int
}

// Systems that New knows.
const (
	RabbitMQ = "rabbitmq"
	Kafka    = "kafka"
	Kinesis  = "kinesis"
	NATS     = "nats"
)

// MaxLanes is the most that New takes.
const MaxLanes = 10000

// Systems lists what New knows.
func Systems() []string { return []string{RabbitMQ, Kafka, Kinesis, NATS} }

// New returns the router of a system with so many queues, partitions or shards,
// as they are when freshly made: queues bound in order with weight 1, shards of
// equal width.
func New(system string, lanes int) (Router, error) {
	if lanes < 1 || lanes > MaxLanes {
		return nil, fmt.Errorf("%d lanes is not between 1 and %d", lanes, MaxLanes)
	}
	switch system {
	case RabbitMQ:
		return NewRing(lanes), nil
	case Kafka:
		return Partitions(lanes), nil
	case Kinesis:
		return NewShards(lanes), nil
	case NATS:
		return Subjects(lanes), nil
	}
	return nil, fmt.Errorf("system %q is not one of %s", system, strings.Join(Systems(), "|"))
}

// Ring routes as an x-consistent-hash exchange whose queues were bound with
// weight 1.
type Ring struct{ ring chash.Ring }

// NewRing binds queues 0 to n-1 in that order.
func NewRing(n int) *Ring {
	r := &Ring{}
	for i := range n {
		r.Bind(i)
	}
	return r
}

// Bind adds a queue as the last one. It must not run beside Route.
func (r *Ring) Bind(queue int) { r.ring.Bind(strconv.Itoa(queue), 1) }

// Unbind takes a queue out: the ones bound after it move down. It must not run
// beside Route.
func (r *Ring) Unbind(queue int) { r.ring.Unbind(strconv.Itoa(queue)) }

// Route implements Router. Without queues it is -1.
func (r *Ring) Route(key string) int {
	name, ok := r.ring.Route(chash.Hash(key))
	if !ok {
		return -1
	}
	queue, err := strconv.Atoi(name)
	if err != nil {
		return -1 // no such name was bound
	}
	return queue
}

// Modulus routes by a hash modulo so many lanes: what publishers do that
// compute the lane themselves.
type Modulus int

// Route implements Router.
func (m Modulus) Route(key string) int { return int(chash.Hash(key)) % int(m) }

// Moved is the share of keys that go elsewhere after a change.
func Moved(keys []string, before, after Router) float64 {
	if len(keys) == 0 {
		return 0
	}
	moved := 0
	for _, key := range keys {
		if before.Route(key) != after.Route(key) {
			moved++
		}
	}
	return float64(moved) / float64(len(keys))
}
