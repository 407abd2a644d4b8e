package broker

import (
	"maps"
	"slices"
	"sync"
)

// deliveries are a channel's consumers and what was delivered to them. Queues of
// any connection use it, so it has its own lock.
type deliveries struct {
	peer Peer

	mu        sync.Mutex
	consumers map[string]*consumer // by tag
	lastTag   uint64               // the delivery tag used last
	unacked   unackedList
}

// deliver sends an entry to the client. The queue's lock is held.
func (d *deliveries) deliver(c *consumer, e entry) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lastTag++
	if !c.noAck {
		d.unacked.add(delivered{tag: d.lastTag, entry: e, queue: c.queue, consumer: c})
	}
	d.peer.Deliver(c.tag, d.lastTag, e.redelivered(), c.queue.outgoing(e, false))
}

// fetched records an entry that the client got with basic.get and returns its
// delivery tag.
func (d *deliveries) fetched(q *queue, e entry, noAck bool) uint64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lastTag++
	if !noAck {
		d.unacked.add(delivered{tag: d.lastTag, entry: e, queue: q})
	}
	return d.lastTag
}

// reply delivers a direct reply. It cannot be acknowledged, so its delivery tag is
// used again.
func (d *deliveries) reply(consumerTag string, m *Message) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.peer.Deliver(consumerTag, d.lastTag+1, false, m)
}

func (d *deliveries) addConsumer(c *consumer) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.consumers[c.tag] = c
}

// consumer returns nil if there is no consumer with that tag.
func (d *deliveries) consumer(tag string) *consumer {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.consumers[tag]
}

// removeConsumer removes a consumer that has ended.
func (d *deliveries) removeConsumer(c *consumer) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.consumers[c.tag] == c {
		delete(d.consumers, c.tag)
	}
}

// removeConsumers removes all consumers and returns them.
func (d *deliveries) removeConsumers() []*consumer {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := slices.Collect(maps.Values(d.consumers))
	clear(d.consumers)
	return all
}

func (d *deliveries) allConsumers() []*consumer {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Collect(maps.Values(d.consumers))
}

// take appends to out the delivery with that tag, or with multiple all deliveries
// up to it, and removes them. Tag 0 with multiple means all deliveries.
func (d *deliveries) take(tag uint64, multiple bool, out []delivered) ([]delivered, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	ok := true
	switch {
	case multiple && tag == 0:
		out = d.unacked.takeAll(out)
	case multiple:
		out, ok = d.unacked.takeThrough(tag, out)
	default:
		var one delivered
		one, ok = d.unacked.take(tag)
		out = append(out, one)
	}
	if !ok {
		return nil, Refuse(PreconditionFailed, "unknown delivery tag %d", tag)
	}
	return out, nil
}

func (d *deliveries) takeAll() []delivered {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.unacked.takeAll(nil)
}

// putBack undoes take.
func (d *deliveries) putBack(ds []delivered) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.unacked.putBack(ds)
}
