package broker

import (
	"cmp"
	"slices"

	"resilab/brokers/minirabbit/chash"
)

// A modulusRouter is the exchange type x-modulus-hash: each message goes to one
// destination, chosen by a hash of its keys modulo the number of bindings. What is
// bound twice receives twice as much.
type modulusRouter struct {
	anyBinding
	bound []destination // in the order of Erlang: exchanges before queues, then by name
}

func (r *modulusRouter) add(b *binding) {
	i, _ := slices.BinarySearchFunc(r.bound, b.to, compareDestinations)
	r.bound = slices.Insert(r.bound, i, b.to)
}

func (r *modulusRouter) remove(b *binding) { r.bound = without(r.bound, b.to) }

func (r *modulusRouter) route(_ string, m *Message, to []destination) []destination {
	if len(r.bound) == 0 {
		return to
	}
	return append(to, r.bound[int(chash.HashKeys(m.keys()))%len(r.bound)])
}

func compareDestinations(a, b destination) int {
	x, y := a.resource(), b.resource()
	return cmp.Or(cmp.Compare(x.kind, y.kind), cmp.Compare(x.name, y.name))
}
