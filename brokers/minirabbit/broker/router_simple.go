package broker

import "slices"

// A directRouter routes by equal keys.
type directRouter map[string][]destination

func (directRouter) check(*binding) error { return nil }

func (r directRouter) add(b *binding) { r[b.key] = append(r[b.key], b.to) }

func (r directRouter) remove(b *binding) {
	if rest := without(r[b.key], b.to); len(rest) > 0 {
		r[b.key] = rest
	} else {
		delete(r, b.key)
	}
}

func (r directRouter) route(key string, _ *Message, to []destination) []destination {
	return append(to, r[key]...)
}

// without removes one occurrence.
func without(list []destination, d destination) []destination {
	if i := slices.Index(list, d); i >= 0 {
		return slices.Delete(list, i, i+1)
	}
	return list
}

// A fanoutRouter routes to everything bound; it counts the bindings of each
// destination.
type fanoutRouter map[destination]int

func (fanoutRouter) check(*binding) error { return nil }

func (r fanoutRouter) add(b *binding) { r[b.to]++ }

func (r fanoutRouter) remove(b *binding) {
	if r[b.to]--; r[b.to] == 0 {
		delete(r, b.to)
	}
}

func (r fanoutRouter) route(_ string, _ *Message, to []destination) []destination {
	for d := range r {
		to = append(to, d)
	}
	return to
}
