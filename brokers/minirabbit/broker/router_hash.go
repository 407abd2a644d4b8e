package broker

import (
	"strconv"

	"resilab/brokers/minirabbit/chash"
	"resilab/brokers/minirabbit/codec"
)

// A hashRouter is the exchange type x-consistent-hash: each message goes to one
// destination, chosen by a hash of its key, a header or a property. A binding's
// key is its weight.
type hashRouter struct {
	ring    chash.Ring
	rules   *exchangeRules
	members map[string]destination // by the name they have in the ring
	hash    func(key string, m *Message) uint32
}

// newHashRouter reads the arguments hash-header and hash-property.
func newHashRouter(rules *exchangeRules, args codec.Table) (*hashRouter, error) {
	header, hasHeader, err := stringArgument(args, "hash-header")
	if err != nil {
		return nil, err
	}
	property, hasProperty, err := stringArgument(args, "hash-property")
	if err != nil {
		return nil, err
	}
	h := &hashRouter{rules: rules, members: map[string]destination{}, hash: hashKey}
	switch {
	case hasHeader && hasProperty:
		return nil, Refuse(PreconditionFailed, "hash-header and hash-property are mutually exclusive")
	case hasHeader:
		h.hash = hashHeader(header, rules.typedHeaders)
	case hasProperty:
		if h.hash = hashProperties[property]; h.hash == nil {
			return nil, Refuse(PreconditionFailed, "Unsupported property: %s", property)
		}
	}
	return h, nil
}

// stringArgument reads an argument that must be a string.
func stringArgument(args codec.Table, name string) (value string, given bool, err error) {
	v, given := args.Get(name)
	if value, ok := v.(string); ok || !given {
		return value, given, nil
	}
	return "", true, internalError()
}

func hashKey(key string, _ *Message) uint32 { return chash.Hash(key) }

func hashHeader(name string, typed bool) func(string, *Message) uint32 {
	return func(_ string, m *Message) uint32 {
		v, ok := m.header(name)
		if !ok {
			return chash.HashUndefined
		}
		if !typed {
			return chash.HashValue(v)
		}
		return chash.HashField(v)
	}
}

// hashProperties are the properties that can be hashed.
var hashProperties = map[string]func(string, *Message) uint32{
	"message_id": hashProperty(codec.HasMessageID, func(p *codec.Properties) []byte { return p.MessageID }),
	"correlation_id": hashProperty(codec.HasCorrelationID, func(p *codec.Properties) []byte {
		return p.CorrelationID
	}),
	"timestamp": hashProperty(codec.HasTimestamp, timestampText),
}

func hashProperty(flag uint16, value func(*codec.Properties) []byte) func(string, *Message) uint32 {
	return func(_ string, m *Message) uint32 {
		p, err := codec.ParseProperties(m.Props)
		if err != nil || p.Present&flag == 0 {
			return chash.HashUndefined
		}
		return chash.Hash(value(&p))
	}
}

func (h *hashRouter) check(b *binding) error {
	if _, err := chash.ParseWeight(b.key, h.rules.maxWeight); err != nil {
		return Refuse(PreconditionFailed, "%v", err)
	}
	return nil
}

func (h *hashRouter) add(b *binding) {
	weight, err := chash.ParseWeight(b.key, h.rules.maxWeight)
	if err != nil {
		return // check refused it
	}
	name := ringName(b.to)
	h.members[name] = b.to
	h.ring.Bind(name, weight)
}

func (h *hashRouter) remove(b *binding) { h.ring.Unbind(ringName(b.to)) }

func (h *hashRouter) route(key string, m *Message, to []destination) []destination {
	name, ok := h.ring.Route(h.hash(key, m))
	if !ok {
		return to
	}
	return append(to, h.members[name])
}

// ringName returns a name that differs for a queue and an exchange of the same name.
func ringName(d destination) string {
	r := d.resource()
	return r.kind + " " + r.name
}

func timestampText(p *codec.Properties) []byte {
	return strconv.AppendUint(nil, p.Timestamp, 10)
}
