package minirabbit

import (
	"resilab/brokers/minirabbit/broker"
	"resilab/brokers/minirabbit/codec"
)

// frame carries out one frame.
func (c *session) frame(f codec.Frame) error {
	if err := f.Check(); err != nil {
		return err
	}
	if f.Channel == 0 {
		return c.connectionFrame(f)
	}
	if f.Type == codec.FrameHeartbeat {
		return misplaced(f)
	}
	if c.deadlines.isClosing() {
		return nil
	}
	ch := c.channels.get(f.Channel)
	switch {
	case f.Type == codec.FrameMethod:
		return c.channelMethod(f, ch)
	case ch == nil:
		return new(incoming).unexpected()
	case ch.closing:
		return nil
	case f.Type == codec.FrameHeader:
		return ch.header(f.Payload)
	default:
		return ch.body(f.Payload)
	}
}

// connectionFrame carries out a frame of channel 0.
func (c *session) connectionFrame(f codec.Frame) error {
	switch f.Type {
	case codec.FrameMethod:
	case codec.FrameHeartbeat:
		return nil
	default:
		return misplaced(f)
	}
	id, m, err := c.methods.Read(f.Payload)
	if err != nil {
		return &methodError{id, err}
	}
	switch m.(type) {
	case *codec.ConnectionClose:
		c.sendConfirms()
		c.dropChannels()
		c.out.method(0, &codec.ConnectionCloseOk{})
		return errClientClosed
	case *codec.ConnectionCloseOk:
		return errEnded
	}
	if c.deadlines.isClosing() {
		return nil
	}
	if _, ok := m.(*codec.ConnectionUpdateSecret); ok {
		// The password is checked only at login, so there is nothing to renew.
		c.out.method(0, &codec.ConnectionUpdateSecretOk{})
		return nil
	}
	return &methodError{id, broker.Refuse(broker.ChannelError, "unexpected method in connection state running")}
}

// misplaced is the error for a frame whose type is not allowed on its channel.
func misplaced(f codec.Frame) error {
	return broker.Refuse(broker.UnexpectedFrame, "%s", codec.Excerpt(f.Type, f.Payload))
}

// channelMethod carries out a method frame of any other channel.
func (c *session) channelMethod(f codec.Frame, ch *channel) error {
	id, m, err := c.methods.Read(f.Payload)
	if ch != nil && ch.closing {
		return c.closingChannel(ch, m)
	}
	if err != nil {
		return &methodError{id, err}
	}
	if _, ok := m.(*codec.ChannelOpen); ok {
		return c.openChannel(f.Channel)
	}
	if ch == nil {
		return &methodError{id, broker.Refuse(broker.ChannelError, "expected 'channel.open'")}
	}
	if ch.incoming.state != expectMethod {
		return ch.incoming.unexpected()
	}
	if err := ch.method(m); err != nil {
		return &methodError{id, err}
	}
	return nil
}

func (c *session) openChannel(id uint16) error {
	err := c.channels.add(id, func() *channel {
		ch := &channel{session: c, id: id}
		ch.broker = c.broker.OpenChannel(ch)
		return ch
	})
	if err == nil {
		c.out.method(id, &codec.ChannelOpenOk{})
	}
	return err
}

// closingChannel carries out a method on a channel that the server closed, until
// the client answers.
func (c *session) closingChannel(ch *channel, m codec.Method) error {
	switch m.(type) {
	case *codec.ChannelCloseOk:
		c.channels.remove(ch.id)
	case *codec.ChannelClose:
		c.out.method(ch.id, &codec.ChannelCloseOk{})
	}
	return nil
}

// method carries out a method and answers it.
func (ch *channel) method(m codec.Method) error {
	if err := ch.session.server.failures.next(m); err != nil {
		return err
	}
	switch m := m.(type) {
	case *codec.BasicPublish:
		return ch.beginPublish(m)
	case *codec.BasicAck:
		return ch.broker.Ack(m.DeliveryTag, m.Multiple)
	case *codec.BasicNack:
		return ch.broker.Nack(m.DeliveryTag, m.Multiple, m.Requeue)
	case *codec.BasicReject:
		return ch.broker.Reject(m.DeliveryTag, m.Requeue)
	}
	ch.session.sendConfirms()
	answer, err := ch.request(m)
	if err != nil || answer == nil {
		return err
	}
	ch.session.out.method(ch.id, answer)
	return nil
}
