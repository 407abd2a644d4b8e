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
	if c.isParting() {
		return nil
	}
	ch := c.channel(f.Channel)
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
		return errGone
	}
	if c.isParting() {
		return nil
	}
	if _, ok := m.(*codec.ConnectionUpdateSecret); ok {
		// A password is asked for once, so there is nothing to renew.
		c.out.method(0, &codec.ConnectionUpdateSecretOk{})
		return nil
	}
	return &methodError{id, broker.Refuse(broker.ChannelError, "unexpected method in connection state running")}
}

// misplaced is the error for a frame on a channel where its type has no place.
func misplaced(f codec.Frame) error {
	return broker.Refuse(broker.UnexpectedFrame, "%s", codec.Excerpt(f.Type, f.Payload))
}

// channelMethod carries out a method frame of any other channel.
func (c *session) channelMethod(f codec.Frame, ch *channel) error {
	id, m, err := c.methods.Read(f.Payload)
	if ch != nil && ch.closing {
		return c.deafChannel(ch, m)
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

// deafChannel waits for the client to see that its channel was closed.
func (c *session) deafChannel(ch *channel, m codec.Method) error {
	switch m.(type) {
	case *codec.ChannelCloseOk:
		c.removeChannel(ch)
	case *codec.ChannelClose:
		c.out.method(ch.id, &codec.ChannelCloseOk{})
	}
	return nil
}

// method carries out a method and answers it.
func (ch *channel) method(m codec.Method) error {
	switch m := m.(type) {
	case *codec.BasicPublish:
		return ch.beginPublish(m)
	case *codec.BasicAck:
		return ch.broker.Ack(m.DeliveryTag, m.Multiple)
	case *codec.BasicNack:
		return ch.broker.Nack(m.DeliveryTag, m.Multiple, m.Requeue)
	case *codec.BasicReject:
		return ch.broker.Nack(m.DeliveryTag, false, m.Requeue)
	}
	ch.session.sendConfirms()
	answer, err := ch.ask(m)
	if err != nil || answer == nil {
		return err
	}
	ch.session.out.method(ch.id, answer)
	return nil
}

// ask carries out a method that has an answer; nil means that it was sent, or
// that the client wants none.
func (ch *channel) ask(m codec.Method) (codec.Method, error) {
	switch m := m.(type) {
	case *codec.ExchangeDeclare:
		return unless(m.NoWait, &codec.ExchangeDeclareOk{}, ch.exchangeDeclare(m))
	case *codec.ExchangeDelete:
		return unless(m.NoWait, &codec.ExchangeDeleteOk{}, ch.broker.DeleteExchange(m.Exchange, m.IfUnused))
	case *codec.ExchangeBind:
		return unless(m.NoWait, &codec.ExchangeBindOk{}, ch.broker.Bind(toExchange(m.Source, m.Destination, m.RoutingKey, m.Arguments)))
	case *codec.ExchangeUnbind:
		return unless(m.NoWait, &codec.ExchangeUnbindOk{}, ch.broker.Unbind(toExchange(m.Source, m.Destination, m.RoutingKey, m.Arguments)))
	case *codec.QueueDeclare:
		return ch.queueDeclare(m)
	case *codec.QueueBind:
		return unless(m.NoWait, &codec.QueueBindOk{}, ch.broker.Bind(toQueue(m.Exchange, m.Queue, m.RoutingKey, m.Arguments)))
	case *codec.QueueUnbind:
		return unless(false, &codec.QueueUnbindOk{}, ch.broker.Unbind(toQueue(m.Exchange, m.Queue, m.RoutingKey, m.Arguments)))
	case *codec.QueuePurge:
		n, err := ch.broker.PurgeQueue(m.Queue)
		return unless(m.NoWait, &codec.QueuePurgeOk{MessageCount: uint32(n)}, err)
	case *codec.QueueDelete:
		n, err := ch.broker.DeleteQueue(m.Queue, m.IfUnused, m.IfEmpty)
		return unless(m.NoWait, &codec.QueueDeleteOk{MessageCount: uint32(n)}, err)
	case *codec.BasicQos:
		return unless(false, &codec.BasicQosOk{}, ch.broker.Qos(m.PrefetchSize, int(m.PrefetchCount), m.Global))
	case *codec.BasicConsume:
		return nil, ch.consume(m)
	case *codec.BasicCancel:
		ch.broker.Cancel(m.ConsumerTag)
		return unless(m.NoWait, &codec.BasicCancelOk{ConsumerTag: m.ConsumerTag}, nil)
	case *codec.BasicGet:
		return ch.get(m)
	}
	return ch.askRarely(m)
}

// askRarely is the rest of ask.
func (ch *channel) askRarely(m codec.Method) (codec.Method, error) {
	switch m := m.(type) {
	case *codec.BasicRecover:
		return unless(false, &codec.BasicRecoverOk{}, ch.broker.Recover(m.Requeue))
	case *codec.BasicRecoverAsync:
		return nil, ch.broker.Recover(m.Requeue)
	case *codec.ConfirmSelect:
		return unless(m.NoWait, &codec.ConfirmSelectOk{}, ch.broker.SelectConfirm())
	case *codec.TxSelect:
		return unless(false, &codec.TxSelectOk{}, ch.broker.SelectTx())
	case *codec.TxCommit:
		return ch.commit()
	case *codec.TxRollback:
		return unless(false, &codec.TxRollbackOk{}, ch.broker.Rollback())
	case *codec.ChannelFlow:
		if !m.Active {
			return nil, broker.Refuse(broker.NotImplemented, "active=false")
		}
		return &codec.ChannelFlowOk{Active: true}, nil
	case *codec.ChannelClose:
		ch.broker.Close()
		ch.session.removeChannel(ch)
		return &codec.ChannelCloseOk{}, nil
	}
	return nil, broker.Refuse(broker.CommandInvalid, "unimplemented method") // one that only a server sends
}

// unless gives the answer, unless there is an error or none is wanted.
func unless(noWait bool, answer codec.Method, err error) (codec.Method, error) {
	if noWait || err != nil {
		return nil, err
	}
	return answer, nil
}
