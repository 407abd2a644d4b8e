package broker

import (
	"slices"

	"resilab/brokers/minirabbit/codec"
)

// A MessageState describes a ready message of a queue.
type MessageState struct {
	Exchange, RoutingKey string
	Headers              codec.Table
	Body                 []byte // must not be changed
	Redelivered          bool
}

// Messages returns the ready messages of a queue in the order in which they will
// be delivered, or nil if there is no such queue.
func (b *Broker) Messages(vhostName, queueName string) []MessageState {
	q := b.queue(vhostName, queueName)
	if q == nil {
		return nil
	}
	q.mu.Lock()
	defer q.release()
	q.dropExpired()
	var all []MessageState
	for _, e := range q.store.ready.entries() {
		_, headers := e.msg.decode()
		all = append(all, MessageState{
			Exchange: e.msg.Exchange, RoutingKey: e.msg.RoutingKey,
			Headers: headers, Body: e.msg.Body, Redelivered: e.redelivered(),
		})
	}
	return all
}

// entries returns all entries in the order of pop.
func (r *readyList) entries() []entry {
	var all []entry
	for _, l := range slices.Backward(r.lanes) {
		returned := slices.Clone(l.returned)
		for len(returned) > 0 {
			all = append(all, returned.pop())
		}
		for i := range l.fresh.len() {
			all = append(all, *l.fresh.at(i))
		}
	}
	return all
}

// Acked returns a channel that is closed once n messages of a queue have been
// acknowledged since it was declared. It returns an error if there is no such
// queue.
func (b *Broker) Acked(vhostName, queueName string, n uint64) (<-chan struct{}, error) {
	q := b.queue(vhostName, queueName)
	if q == nil {
		return nil, resource{"queue", queueName, vhostName}.missing()
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.ackWaits.wait(n, q.store.counts.Acked), nil
}

// queue returns nil if there is no such queue.
func (b *Broker) queue(vhostName, queueName string) *queue {
	v := b.vhosts[vhostName]
	if v == nil {
		return nil
	}
	return v.queue(queueName)
}

// ackWaits are the callers of Acked. The queue's lock guards them.
type ackWaits []ackWait

type ackWait struct {
	n    uint64
	done chan struct{}
}

func (w *ackWaits) wait(n, acked uint64) <-chan struct{} {
	done := make(chan struct{})
	if acked >= n {
		close(done)
	} else {
		*w = append(*w, ackWait{n, done})
	}
	return done
}

// notify ends the waits that are reached.
func (w *ackWaits) notify(acked uint64) {
	*w = slices.DeleteFunc(*w, func(wait ackWait) bool {
		if acked < wait.n {
			return false
		}
		close(wait.done)
		return true
	})
}

// A nullPeer discards what is sent to it.
type nullPeer struct{}

func (nullPeer) Deliver(string, uint64, bool, *Message) {}
func (nullPeer) Cancelled(string)                       {}
func (nullPeer) Congested() bool                        { return false }
func (nullPeer) Room() <-chan struct{}                  { return nil }

// Publish publishes a message and reports whether a
// queue accepted it.
func (b *Broker) Publish(vhostName string, m *Message) (routed bool, err error) {
	c, err := b.Connect(vhostName, "")
	if err != nil {
		return false, err
	}
	defer c.Close()
	out, err := c.OpenChannel(nullPeer{}).Publish(m, false)
	return err == nil && !out.Unroutable && !out.Refused, err
}
