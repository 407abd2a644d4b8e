package amqptest

import (
	"fmt"
	"slices"
)

// model is what a classic queue has to do, in its plainest form. It is used over
// two channels; the second one may have a consumer. Every action on it returns
// what the client must see.
type model struct {
	published int
	ready     []modelMessage // in the order of their publishing
	channels  [2]modelChannel
	prefetch  int // of the consumer; 0 is no consumer
}

// consuming is the channel with the consumer.
const consuming = 1

type modelMessage struct {
	seq         int
	redelivered bool
}

type modelChannel struct {
	tag     uint64
	unacked []modelDelivery // in the order of their tags
}

type modelDelivery struct {
	modelMessage
	tag      uint64
	consumed bool // by the consumer, whose prefetch it counts for
}

func (d modelDelivery) String() string { return delivery(d.tag, d.seq, d.redelivered) }

// delivery is how both model and client write down a delivery.
func delivery(tag uint64, body any, redelivered bool) string {
	s := fmt.Sprintf("%d:%v", tag, body)
	if redelivered {
		s += "*"
	}
	return s
}

// publish returns the body of the next message.
func (m *model) publish() string {
	m.published++
	m.ready = append(m.ready, modelMessage{seq: m.published})
	return fmt.Sprint(m.published)
}

// take hands the first ready message to a channel.
func (m *model) take(ch int, consumed bool) modelDelivery {
	c := &m.channels[ch]
	c.tag++
	d := modelDelivery{m.ready[0], c.tag, consumed}
	m.ready = m.ready[1:]
	c.unacked = append(c.unacked, d)
	return d
}

// get fetches a message, if there is one, and the number of those left.
func (m *model) get(ch int, autoAck bool) string {
	if len(m.ready) == 0 {
		return "empty"
	}
	d := m.take(ch, false)
	if autoAck {
		c := &m.channels[ch]
		c.unacked = c.unacked[:len(c.unacked)-1]
	}
	return fmt.Sprintf("%v of %d", d, len(m.ready)+1)
}

// settle acks the delivery with a tag, or all up to it, or gives them back. It
// reports false if there is none, for which the broker closes the channel. With
// tag 0 and multiple it means all there are, be it none.
func (m *model) settle(ch int, tag uint64, multiple, requeue bool) bool {
	c := &m.channels[ch]
	matches := func(d modelDelivery) bool { return d.tag == tag || multiple && (tag == 0 || d.tag < tag) }
	settled := 0
	c.unacked = slices.DeleteFunc(c.unacked, func(d modelDelivery) bool {
		if !matches(d) {
			return false
		}
		settled++
		if requeue {
			m.requeue(d.modelMessage)
		}
		return true
	})
	return settled > 0 || multiple && tag == 0
}

// requeue puts a message back in its original place.
func (m *model) requeue(msg modelMessage) {
	msg.redelivered = true
	i, _ := slices.BinarySearchFunc(m.ready, msg.seq, func(r modelMessage, seq int) int { return r.seq - seq })
	m.ready = slices.Insert(m.ready, i, msg)
}

// closeChannel gives back what the channel has not acked.
func (m *model) closeChannel(ch int) {
	m.settle(ch, 0, true, true)
	m.channels[ch].tag = 0
}

// consume delivers to the consumer as far as its prefetch allows.
func (m *model) consume() []string {
	room := m.prefetch
	for _, d := range m.channels[consuming].unacked {
		if d.consumed {
			room--
		}
	}
	var deliveries []string
	for ; room > 0 && len(m.ready) > 0; room-- {
		deliveries = append(deliveries, m.take(consuming, true).String())
	}
	return deliveries
}
