package broker

import (
	"cmp"
	"slices"

	"resilab/brokers/minirabbit/codec"
)

// An exchange routes messages to the queues and exchanges bound to it.
// vhost.mu guards it.
type exchange struct {
	resource
	kind       string
	durable    bool
	autoDelete bool
	internal   bool
	args       codec.Table
	alternate  string // exchange for unroutable messages; "" for none
	router     router
	bindings   map[bindingID]*binding
	incoming   map[*binding]struct{} // from other exchanges
	deleted    bool
}

// A router routes messages for one type of exchange.
type router interface {
	// check refuses a binding that is invalid for the type.
	check(b *binding) error
	// add and remove are called once for each different binding.
	add(b *binding)
	remove(b *binding)
	// route appends the destinations of a message, possibly more than once.
	route(key string, m *Message, to []destination) []destination
}

// A destination is a queue or an exchange: one of the two is nil.
type destination struct {
	queue    *queue
	exchange *exchange
}

func (d destination) resource() resource {
	if d.queue != nil {
		return d.queue.resource
	}
	return d.exchange.resource
}

// accessibleTo refuses queues that are exclusive to another connection.
func (d destination) accessibleTo(c *Connection) error {
	if d.queue == nil {
		return nil
	}
	return d.queue.accessibleTo(c)
}

// A binding routes matching messages from an exchange to a destination.
type binding struct {
	source *exchange
	to     destination
	key    string
	args   codec.Table
}

// A bindingID identifies a binding of an exchange.
type bindingID struct {
	to        destination
	key, args string
}

func (b *binding) id() bindingID {
	sorted := slices.Clone(b.args)
	slices.SortStableFunc(sorted, func(x, y codec.Field) int { return cmp.Compare(x.Name, y.Name) })
	return bindingID{b.to, b.key, string(sorted.Encode())}
}

// The types of exchanges that route a message to one of their destinations, chosen by
// a hash.
const (
	consistentHash = "x-consistent-hash"
	modulusHash    = "x-modulus-hash"
)

// newRouter makes the router for a type of exchange; an unknown type is a hard
// error.
func newRouter(rules *exchangeRules, kind string, args codec.Table) (router, error) {
	switch kind {
	case "direct":
		return directRouter{}, nil
	case "fanout":
		return fanoutRouter{}, nil
	case "topic":
		return &topicRouter{maxHashes: rules.maxHashes}, nil
	case "headers":
		return &headersRouter{byValue: rules.termsByValue}, nil
	case consistentHash:
		return newHashRouter(rules, args)
	case modulusHash:
		if rules.modulusHash {
			return &modulusRouter{}, nil
		}
	}
	return nil, Refuse(CommandInvalid, "unknown exchange type '%s'", kind)
}

// anyBinding is embedded in routers that accept every binding.
type anyBinding struct{}

func (anyBinding) check(*binding) error { return nil }
