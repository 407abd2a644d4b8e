package broker

import (
	"cmp"
	"slices"
	"sync/atomic"

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
// The queue's lock is held; release forwards. Until then the message counts as
// the broker's memory, and where far too much of that is taken it is dropped:
// dead letters that multiply are nobody's who could be held back.
func (q *queue) bury(e entry, reason string) {
	memory := &q.broker.memory
	if !q.limits.hasDLX || q.deleted || memory.used.Load() > memory.limit/4*5 {
		return
	}
	memory.add(e.msg.size())
	q.dead.pushBack(deadLetter{e.msg, reason})
}

// claimDead reports whether the caller has to forward dead letters: there are
// some, and nobody else does. The queue's lock is held.
func (q *queue) claimDead() bool {
	if q.dead.len() == 0 || q.draining {
		return false
	}
	q.draining = true
	return true
}

// nextDead takes the next dead letter; without one the claim ends.
func (q *queue) nextDead() (d deadLetter, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.dead.len() == 0 {
		q.draining = false
		return d, false
	}
	return q.dead.popFront(), true
}

// inherit is push for a dead letter of another queue. It reports whether the
// caller has to forward dead letters of this one now.
func (q *queue) inherit(m *Message) (claimed bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	_, _ = q.insert(m) // what is refused is gone
	return q.claimDead()
}

// forwardAll forwards the dead letters of a queue that is claimed, and those
// that this brings about in others: a list instead of a recursion, because the
// way from queue to queue may be long.
func (v *vhost) forwardAll(first *queue) {
	claimed := []*queue{first}
	for len(claimed) > 0 {
		last := len(claimed) - 1
		q := claimed[last]
		d, ok := q.nextDead()
		if !ok {
			claimed = claimed[:last]
			continue
		}
		if !v.broker.closing.Load() {
			claimed = append(claimed, v.forward(q, d)...)
		}
		v.broker.memory.add(-d.message.size())
	}
}

// forward publishes a dead letter of a queue to its dead-letter exchange.
// Without that exchange, or without a route, the message is gone. It returns the
// queues that now have dead letters of their own, claimed.
func (v *vhost) forward(q *queue, d deadLetter) (claimed []*queue) {
	m, deaths := q.epitaph(d, v.broker.now().Unix())
	targets := new(routing).routeByName(v, m)
	if len(targets) == 0 {
		return nil
	}
	m = m.WithoutBCC()
	if d.reason != diedRejected {
		m.lineage = cmp.Or(d.message.lineage, new(atomic.Int32))
	}
	for _, target := range targets {
		if d.reason != diedRejected && (isCycle(target.name, deaths) || m.lineage.Add(1) > maxLineage) {
			continue
		}
		if target.inherit(m) {
			claimed = append(claimed, target)
		}
	}
	return claimed
}

// maxLineage is how many dead letters may come of one message before a client
// rejects one of them. No queue sees the same message twice on its way, but
// queues that all dead-letter into each other see it in every order: 11 of them
// 40 million times.
const maxLineage = 10_000

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
// live is removed. The deaths are also returned.
func (q *queue) epitaph(d deadLetter, seconds int64) (*Message, codec.Array) {
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
	headers, deaths := withDeath(headers, death)
	key := d.message.RoutingKey
	if q.limits.hasDLK {
		key = q.limits.dlk
		headers = headers.Without("CC")
	}
	p.Headers = headers.Encode()
	p.Present = p.Present&^codec.HasExpiration | codec.HasHeaders
	return d.message.rewrite(q.limits.dlx, key, &p), deaths
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
func withDeath(headers, death codec.Table) (codec.Table, codec.Array) {
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
	deaths = append(codec.Array{death}, deaths...)
	return headers.With("x-death", deaths), deaths
}
