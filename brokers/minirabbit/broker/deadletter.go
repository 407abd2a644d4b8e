package broker

import (
	"slices"

	"resilab/brokers/minirabbit/codec"
)

// Why a message became a dead letter.
const (
	diedRejected      = "rejected"
	diedExpired       = "expired"
	diedMaxLength     = "maxlen"
	diedDeliveryLimit = "delivery_limit"
)

type deadLetter struct {
	message *Message
	reason  string
}

// bury keeps a message for forwarding if the queue has a dead-letter exchange.
// The queue's lock is held; release forwards.
func (q *queue) bury(e entry, reason string) {
	if q.limits.hasDLX && !q.deleted {
		q.dead = append(q.dead, deadLetter{e.msg, reason})
	}
}

// forward publishes a dead letter of a queue to its dead-letter exchange.
// Without that exchange, or without a route, the message is gone.
func (v *vhost) forward(q *queue, d deadLetter) {
	m := q.epitaph(d, v.broker.now().Unix())
	targets := new(routing).routeByName(v, m)
	if len(targets) == 0 {
		return
	}
	_, headers := m.decode()
	value, _ := headers.Get("x-death")
	deaths, _ := value.(codec.Array)
	m = m.withoutBCC()
	for _, target := range targets {
		if d.reason == diedRejected || !isCycle(target.name, deaths) {
			target.push(m)
		}
	}
}

// isCycle says whether a message has been in the queue before and came back
// without any client rejecting it on the way: it would go round for ever.
func isCycle(queueName string, deaths codec.Array) bool {
	for _, d := range deaths {
		if field(d, "reason") == diedRejected {
			return false
		}
		if field(d, "queue") == queueName {
			return true
		}
	}
	return false
}

func field(death any, name string) string {
	t, _ := death.(codec.Table)
	v, _ := t.Get(name)
	s, _ := v.(string)
	return s
}

// epitaph is the message as it goes to the dead-letter exchange: the header
// x-death tells where it died and why, most recent first, and its own time to
// live is removed.
func (q *queue) epitaph(d deadLetter, seconds int64) *Message {
	p, headers := d.message.decode()
	death := codec.Table{
		{Name: "count", Value: int64(1)},
		{Name: "reason", Value: d.reason},
		{Name: "queue", Value: q.name},
		{Name: "time", Value: codec.Timestamp(seconds)},
		{Name: "exchange", Value: d.message.Exchange},
		{Name: "routing-keys", Value: d.message.keyArray()},
	}
	if p.Present&codec.HasExpiration != 0 {
		death = append(death, codec.Field{Name: "original-expiration", Value: string(p.Expiration)})
	}
	headers = withDeath(headers, death)
	key := d.message.RoutingKey
	if q.limits.hasDLK {
		key = q.limits.dlk
		headers = headers.Without("CC")
	}
	p.Headers = headers.Encode()
	p.Present = p.Present&^codec.HasExpiration | codec.HasHeaders
	return d.message.rewrite(q.limits.dlx, key, &p)
}

func (m *Message) keyArray() codec.Array {
	var a codec.Array
	for _, k := range m.keys() {
		a = append(a, k)
	}
	return a
}

// withDeath adds a death to the header x-death: one entry for each queue and
// reason, which counts, the latest in front.
func withDeath(headers, death codec.Table) codec.Table {
	value, known := headers.Get("x-death")
	deaths, _ := value.(codec.Array) // what is no list was not written by a broker
	if !known {
		for _, name := range []string{"reason", "queue", "exchange"} {
			v, _ := death.Get(name)
			headers = headers.With("x-first-death-"+name, v)
		}
	}
	same := func(o any) bool {
		return field(o, "queue") == field(death, "queue") && field(o, "reason") == field(death, "reason")
	}
	if i := slices.IndexFunc(deaths, same); i >= 0 {
		before := deaths[i].(codec.Table)
		v, _ := before.Get("count")
		count, _ := integer(v)
		death = before.With("count", count+1)
		deaths = slices.Delete(slices.Clone(deaths), i, i+1)
	}
	return headers.With("x-death", append(codec.Array{death}, deaths...))
}
