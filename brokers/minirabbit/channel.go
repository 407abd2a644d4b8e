package minirabbit

import (
	"resilab/brokers/minirabbit/broker"
	"resilab/brokers/minirabbit/codec"
)

// A channel is one of a session's: the message it is about to receive and the
// confirms it owes. It is the broker channel's peer.
type channel struct {
	session *session
	id      uint16
	broker  *broker.Channel
	closing bool // channel.close was sent: only its answer counts

	incoming  incoming
	published uint64 // publishings since confirm.select
	confirmed uint64 // those the client knows about
	listed    bool   // in session.confirming
}

// An incoming message follows its basic.publish in frames of its own.
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

// Cancelled tells the client that a consumer is no more, if it understands that.
func (ch *channel) Cancelled(tag string) {
	ch.session.mu.Lock()
	understood := ch.session.knowsGone
	ch.session.mu.Unlock()
	if understood {
		ch.session.out.method(ch.id, &codec.BasicCancel{ConsumerTag: tag, NoWait: true})
	}
}

// Congested says whether the client reads too slowly.
func (ch *channel) Congested() bool { return ch.session.out.congested() }

// Room is closed once a client that is far behind has read.
func (ch *channel) Room() <-chan struct{} { return ch.session.out.room() }

// resume is called once the outbox is congested no more.
func (c *session) resume() {
	for _, ch := range c.allChannels() {
		ch.broker.Resume()
	}
}

func (c *session) channel(id uint16) *channel {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.channels[id]
}

func (c *session) allChannels() []*channel {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := make([]*channel, 0, len(c.channels))
	for _, ch := range c.channels {
		all = append(all, ch)
	}
	return all
}

func (c *session) openChannel(id uint16) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.channels[id] != nil {
		return &methodError{(*codec.ChannelOpen)(nil).ID(), broker.Refuse(broker.ChannelError, "second 'channel.open' seen")}
	}
	if len(c.channels) >= c.maxChans {
		return broker.Refuse(broker.NotAllowed, "number of channels opened (%d) has reached the negotiated channel_max (%d)", len(c.channels), c.maxChans)
	}
	ch := &channel{session: c, id: id}
	ch.broker = c.broker.OpenChannel(ch)
	c.channels[id] = ch
	c.out.method(id, &codec.ChannelOpenOk{})
	return nil
}

func (c *session) removeChannel(ch *channel) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.channels, ch.id)
}

// owe notes that one more publishing can be confirmed.
func (ch *channel) owe() {
	if !ch.listed {
		ch.listed = true
		ch.session.confirming = append(ch.session.confirming, ch)
	}
}

// sendConfirms confirms what was published since the last time, with one frame
// for each channel. It is called when there is nothing more to read, so
// the confirms of a burst go out together.
func (c *session) sendConfirms() {
	for i, ch := range c.confirming {
		ch.confirm()
		ch.listed = false
		c.confirming[i] = nil
	}
	c.confirming = c.confirming[:0]
}

func (ch *channel) confirm() {
	if n := ch.published - ch.confirmed; n > 0 && !ch.closing {
		ch.session.out.method(ch.id, &codec.BasicAck{DeliveryTag: ch.published, Multiple: n > 1})
	}
	ch.confirmed = ch.published
}
