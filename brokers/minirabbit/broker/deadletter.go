package broker

import (
	"cmp"
	"slices"
	"sync/atomic"

	"resilab/brokers/minirabbit/codec"
)

// The reasons for dead-lettering a message, as x-death names them.
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

// deadLetters are messages of a queue that have to be forwarded. The queue's lock
// guards them.
type deadLetters struct {
	list       deque[deadLetter]
	forwarding bool // a goroutine forwards them
}

// claim reports whether the caller has to forward the dead letters.
func (d *deadLetters) claim() bool {
	if d.list.len() == 0 || d.forwarding {
		return false
	}
	d.forwarding = true
	return true
}

// next takes the next dead letter. If there is none, the claim ends.
func (d *deadLetters) next() (l deadLetter, ok bool) {
	if d.list.len() == 0 {
		d.forwarding = false
		return l, false
	}
	return d.list.popFront(), true
}

// addDeadLetter keeps a message for forwarding if the queue has a dead-letter
// exchange. q.mu is held; release forwards. Until then the message counts as the
// broker's memory. If much more than the limit is used, the message is dropped:
// dead letters that multiply have no publisher who could be held back.
func (q *queue) addDeadLetter(m *Message, reason string) {
	memory := &q.broker.memory
	if !q.limits.hasDLX || q.deleted || memory.used.Load() > memory.limit/4*5 {
		return
	}
	memory.add(m.size())
	q.dead.list.pushBack(deadLetter{m, reason})
}

// nextDeadLetter takes the next dead letter to forward.
func (q *queue) nextDeadLetter() (l deadLetter, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.dead.next()
}

// pushDeadLetter is push for a dead letter of another queue. It reports whether
// the caller has to forward dead letters of this queue now.
func (q *queue) pushDeadLetter(m *Message) (claimed bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	_, _ = q.pushLocked(m) // a refused dead letter is dropped
	return q.dead.claim()
}

// forwardAll forwards the dead letters of a queue that is claimed, and those that
// arise in other queues from that. It keeps a list instead of recursing, because
// the way from queue to queue may be long.
func forwardAll(first *queue) {
	broker := first.broker
	claimed := []*queue{first}
	for len(claimed) > 0 {
		last := len(claimed) - 1
		q := claimed[last]
		d, ok := q.nextDeadLetter()
		if !ok {
			claimed = claimed[:last]
			continue
		}
		if !broker.closing.Load() {
			claimed = append(claimed, forward(q, d)...)
		}
		broker.memory.add(-d.message.size())
	}
}

// forward publishes a dead letter of a queue to its dead-letter exchange. If the
// exchange does not exist or does not route it, the message is dropped. forward
// returns the queues whose dead letters the caller has to forward.
func forward(q *queue, d deadLetter) (claimed []*queue) {
	m, deaths := q.deadLetterMessage(d, q.broker.now().Unix())
	targets := new(routing).routeByName(q.vhost, m)
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
		if target.pushDeadLetter(m) {
			claimed = append(claimed, target)
		}
	}
	return claimed
}

// maxLineage is the largest number of dead letters that may arise from one message
// before a client rejects one of them. No queue receives the same message twice on
// its way, but queues that all dead-letter into each other receive it in every
// order: 11 of them 40 million times.
const maxLineage = 10_000

// isCycle reports whether a message returned to a queue without any client
// rejecting it on the way.
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

// deadLetterMessage returns the message for the dead-letter exchange and its header
// x-death, which lists the queues and reasons, most recent first. The message's own
// time to live is removed. seconds is the present time.
func (def *definition) deadLetterMessage(d deadLetter, seconds int64) (*Message, codec.Array) {
	p, headers := d.message.decode()
	death := codec.Table{
		{Name: "count", Value: int64(1)},
		{Name: "reason", Value: d.reason},
		{Name: "queue", Value: def.name},
		{Name: "time", Value: codec.Timestamp(seconds)},
		{Name: "exchange", Value: d.message.Exchange},
		{Name: "routing-keys", Value: d.message.keyArray()},
	}
	if p.Present&codec.HasExpiration != 0 {
		death = append(death, codec.Field{Name: "original-expiration", Value: string(p.Expiration)})
	}
	rules := &def.version.deaths
	if !rules.fromClients && !d.message.died {
		headers = headers.Without("x-death")
	}
	headers, deaths := withDeath(headers, death, rules.last)
	key := d.message.RoutingKey
	if def.limits.hasDLK {
		key = def.limits.dlk
		headers = headers.Without("CC")
	}
	p.Headers = headers.Encode()
	p.Present = p.Present&^codec.HasExpiration | codec.HasHeaders
	m := d.message.rewrite(def.limits.dlx, key, &p)
	m.died = true
	return m, deaths
}

func (m *Message) keyArray() codec.Array {
	var a codec.Array
	for _, k := range m.keys() {
		a = append(a, k)
	}
	return a
}

// withDeath adds a death to the header x-death, which has one entry with a count for
// each queue and reason, the most recent first. With last it also writes
// x-last-death-….
func withDeath(headers, death codec.Table, last bool) (codec.Table, codec.Array) {
	value, known := headers.Get("x-death")
	deaths, _ := value.(codec.Array) // other types were not written by a broker
	for _, name := range []string{"reason", "queue", "exchange"} {
		v, _ := death.Get(name)
		if !known {
			headers = headers.With("x-first-death-"+name, v)
		}
		if last {
			headers = headers.With("x-last-death-"+name, v)
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
