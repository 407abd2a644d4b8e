package minirabbit

import (
	"cmp"

	"resilab/brokers/minirabbit/broker"
	"resilab/brokers/minirabbit/codec"
)

// beginPublish keeps a basic.publish until its message has arrived.
func (ch *channel) beginPublish(m *codec.BasicPublish) error {
	c := ch.session
	c.notices.publishes.Store(true)
	if b := c.server.blockade(); b != nil {
		if err := c.hold(byServer, b.reason, b.lifted); err != nil {
			return err
		}
	}
	ch.incoming = incoming{
		state:    expectHeader,
		exchange: m.Exchange, key: m.RoutingKey,
		mandatory: m.Mandatory, immediate: m.Immediate,
	}
	return nil
}

// header reads the properties and the size of the message.
func (ch *channel) header(payload []byte) error {
	in := &ch.incoming
	if in.state != expectHeader {
		return in.unexpected()
	}
	h, err := codec.ParseContentHeader(payload)
	if err != nil {
		return err
	}
	if h.Weight != 0 {
		return in.unexpected()
	}
	if h.Class != codec.ClassBasic {
		return &methodError{idPublish, broker.Refuse(broker.UnexpectedFrame, "expected content header for class %d, got one for class %d instead", codec.ClassBasic, h.Class)}
	}
	if limit := ch.session.server.options.MaxMessageBytes; h.BodySize > uint64(limit) {
		return &methodError{idPublish, broker.Refuse(broker.PreconditionFailed, "message size %d is larger than configured max size %d", h.BodySize, limit)}
	}
	// Memory for a large body is taken only when its bytes arrive.
	room := h.BodySize
	if room > smallBody {
		room = 0
	}
	in.data = append(make([]byte, 0, len(h.Props)+int(room)), h.Props...)
	in.props, in.missing, in.state = len(h.Props), h.BodySize, expectBody
	return ch.finish()
}

// smallBody is the size up to which memory for a body is taken before it arrives.
const smallBody = 4096

// body appends a part of the message.
func (ch *channel) body(payload []byte) error {
	in := &ch.incoming
	if in.state != expectBody {
		return in.unexpected()
	}
	if uint64(len(payload)) > in.missing {
		return broker.Refuse(broker.FrameError, "a body of %d bytes more than its header announced", uint64(len(payload))-in.missing)
	}
	in.data = append(in.data, payload...)
	in.missing -= uint64(len(payload))
	if in.missing > 0 {
		if err := ch.broker.Arriving(len(payload)); err != nil {
			return &methodError{idPublish, err}
		}
	}
	return ch.finish()
}

// unexpected is the error for a frame that is not allowed in the present state.
func (in *incoming) unexpected() error {
	switch in.state {
	case expectHeader:
		return &methodError{idPublish, broker.Refuse(broker.UnexpectedFrame, "expected content header for class %d, got non content header frame instead", codec.ClassBasic)}
	case expectBody:
		return &methodError{idPublish, broker.Refuse(broker.UnexpectedFrame, "expected content body, got non content body frame instead")}
	default:
		return broker.Refuse(broker.UnexpectedFrame, "expected method frame, got non method frame instead")
	}
}

// finish publishes the message if it is complete.
func (ch *channel) finish() error {
	in := ch.incoming
	if in.missing > 0 {
		return nil
	}
	ch.incoming = incoming{}
	ch.broker.Arrived()
	if err := ch.publish(in); err != nil {
		return &methodError{idPublish, err}
	}
	return nil
}

var idPublish = (*codec.BasicPublish)(nil).ID()

func (ch *channel) publish(in incoming) error {
	if in.immediate {
		return broker.Refuse(broker.NotImplemented, "immediate=true")
	}
	msg, err := broker.NewMessage(in.exchange, in.key, in.data[:in.props:in.props], in.data[in.props:], ch.session.broker.User())
	if err != nil {
		return cmp.Or(ch.broker.MayPublish(in.exchange), err) // RabbitMQ reports the exchange first
	}
	out, err := ch.broker.Publish(msg, in.mandatory)
	if err != nil {
		return err
	}
	if out.Unroutable && in.mandatory {
		ch.bounce(msg)
	}
	ch.settlePublish(out.Refused)
	ch.session.pacer.published(out.Behind)
	if out.Wait != nil {
		return ch.session.hold(byMemory, "low on memory", out.Wait)
	}
	return nil
}

// bounce returns a message that no queue accepted.
func (ch *channel) bounce(m *broker.Message) {
	ch.session.out.content(ch.id, &codec.BasicReturn{
		ReplyCode: broker.NoRoute, ReplyText: "NO_ROUTE", Exchange: m.Exchange, RoutingKey: m.RoutingKey,
	}, m.WithoutBCC())
}

// settlePublish numbers a publish and confirms it, negatively if it was refused.
func (ch *channel) settlePublish(refused bool) {
	if !ch.broker.Confirming() {
		return
	}
	if !refused {
		ch.published++
		ch.owe()
		return
	}
	ch.confirm()
	ch.published++
	ch.confirmed = ch.published
	// RabbitMQ sets the flag although it has no meaning in this direction.
	ch.session.out.method(ch.id, &codec.BasicNack{DeliveryTag: ch.published, Requeue: true})
}
