package minirabbit

import (
	"resilab/brokers/minirabbit/broker"
	"resilab/brokers/minirabbit/codec"
)

// A channel is one channel of a session: the message that it is receiving and the
// confirms that it has to send. It is the broker channel's peer.
type channel struct {
	session *session
	id      uint16
	broker  *broker.Channel
	closing bool // channel.close was sent; only the answer counts

	incoming  incoming
	published uint64 // since confirm.select
	confirmed uint64
	listed    bool // in session.confirming
}

// An incoming message arrives in further frames after its basic.publish.
type incoming struct {
	state                expectation
	exchange, key        string
	mandatory, immediate bool
	data                 []byte // properties, then the body so far
	props                int    // length of the properties
	missing              uint64 // bytes of the body
}

type expectation int

const (
	expectMethod expectation = iota
	expectHeader
	expectBody
)

var _ broker.Peer = (*channel)(nil)

// Deliver sends a message to a consumer.
func (ch *channel) Deliver(tag string, number uint64, redelivered bool, m *broker.Message) {
	ch.session.out.delivery(ch.id, tag, number, redelivered, m)
}

// Cancelled sends basic.cancel for a consumer that has ended, if the client
// supports that.
func (ch *channel) Cancelled(tag string) {
	if ch.session.client.can("consumer_cancel_notify") {
		ch.session.out.method(ch.id, &codec.BasicCancel{ConsumerTag: tag, NoWait: true})
	}
}

// Congested reports whether the client reads too slowly.
func (ch *channel) Congested() bool { return ch.session.out.congested() }

// Room returns a channel that is closed once a client that is far behind has read.
func (ch *channel) Room() <-chan struct{} { return ch.session.out.room() }

// owe records that one more publish can be confirmed.
func (ch *channel) owe() {
	if !ch.listed {
		ch.listed = true
		ch.session.confirming = append(ch.session.confirming, ch)
	}
}

func (ch *channel) confirm() {
	if n := ch.published - ch.confirmed; n > 0 && !ch.closing {
		ch.session.out.method(ch.id, &codec.BasicAck{DeliveryTag: ch.published, Multiple: n > 1})
	}
	ch.confirmed = ch.published
}
