package minirabbit

import (
	"resilab/brokers/minirabbit/broker"
	"resilab/brokers/minirabbit/codec"
)

// request carries out a method that has an answer. The answer is nil if it was sent
// already or the client wants none.
func (ch *channel) request(m codec.Method) (codec.Method, error) {
	switch m.ID().Class() {
	case codec.ClassExchange:
		return ch.exchangeRequest(m)
	case codec.ClassQueue:
		return ch.queueRequest(m)
	case codec.ClassBasic:
		return ch.basicRequest(m)
	case codec.ClassTx:
		return ch.txRequest(m)
	}
	return ch.channelRequest(m)
}

// errServerMethod is the reply to a method that only servers send.
var errServerMethod = broker.Refuse(broker.CommandInvalid, "unimplemented method")

// unless returns the answer, unless there is an error or the client wants none.
func unless(noWait bool, answer codec.Method, err error) (codec.Method, error) {
	if noWait || err != nil {
		return nil, err
	}
	return answer, nil
}

func (ch *channel) exchangeRequest(m codec.Method) (codec.Method, error) {
	switch m := m.(type) {
	case *codec.ExchangeDeclare:
		return unless(m.NoWait, &codec.ExchangeDeclareOk{}, ch.exchangeDeclare(m))
	case *codec.ExchangeDelete:
		return unless(m.NoWait, &codec.ExchangeDeleteOk{}, ch.broker.DeleteExchange(m.Exchange, m.IfUnused))
	case *codec.ExchangeBind:
		return unless(m.NoWait, &codec.ExchangeBindOk{}, ch.broker.Bind(toExchange(m.Source, m.Destination, m.RoutingKey, m.Arguments)))
	case *codec.ExchangeUnbind:
		return unless(m.NoWait, &codec.ExchangeUnbindOk{}, ch.broker.Unbind(toExchange(m.Source, m.Destination, m.RoutingKey, m.Arguments)))
	}
	return nil, errServerMethod
}

func (ch *channel) queueRequest(m codec.Method) (codec.Method, error) {
	switch m := m.(type) {
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
	}
	return nil, errServerMethod
}

func (ch *channel) basicRequest(m codec.Method) (codec.Method, error) {
	switch m := m.(type) {
	case *codec.BasicQos:
		return unless(false, &codec.BasicQosOk{}, ch.broker.Qos(m.PrefetchSize, int(m.PrefetchCount), m.Global))
	case *codec.BasicConsume:
		return nil, ch.consume(m)
	case *codec.BasicCancel:
		ch.broker.Cancel(m.ConsumerTag)
		return unless(m.NoWait, &codec.BasicCancelOk{ConsumerTag: m.ConsumerTag}, nil)
	case *codec.BasicGet:
		return ch.get(m)
	case *codec.BasicRecover:
		return unless(false, &codec.BasicRecoverOk{}, ch.broker.Recover(m.Requeue))
	case *codec.BasicRecoverAsync:
		return nil, ch.broker.Recover(m.Requeue)
	}
	return nil, errServerMethod
}

func (ch *channel) txRequest(m codec.Method) (codec.Method, error) {
	switch m.(type) {
	case *codec.TxSelect:
		return unless(false, &codec.TxSelectOk{}, ch.broker.SelectTx())
	case *codec.TxCommit:
		return ch.commit()
	case *codec.TxRollback:
		return unless(false, &codec.TxRollbackOk{}, ch.broker.Rollback())
	}
	return nil, errServerMethod
}

// channelRequest carries out methods of the classes channel and confirm.
func (ch *channel) channelRequest(m codec.Method) (codec.Method, error) {
	switch m := m.(type) {
	case *codec.ConfirmSelect:
		return unless(m.NoWait, &codec.ConfirmSelectOk{}, ch.broker.SelectConfirm())
	case *codec.ChannelFlow:
		if !m.Active {
			return nil, broker.Refuse(broker.NotImplemented, "active=false")
		}
		return &codec.ChannelFlowOk{Active: true}, nil
	case *codec.ChannelClose:
		ch.broker.Close()
		ch.session.channels.remove(ch.id)
		return &codec.ChannelCloseOk{}, nil
	}
	return nil, errServerMethod
}

func (ch *channel) exchangeDeclare(m *codec.ExchangeDeclare) error {
	if m.Passive {
		return ch.broker.FindExchange(m.Exchange)
	}
	return ch.broker.DeclareExchange(broker.ExchangeSpec{
		Name: m.Exchange, Type: m.Type,
		Durable: m.Durable, AutoDelete: m.AutoDelete, Internal: m.Internal,
		Arguments: m.Arguments,
	})
}

func (ch *channel) queueDeclare(m *codec.QueueDeclare) (codec.Method, error) {
	var info broker.QueueInfo
	var err error
	if m.Passive {
		info, err = ch.broker.FindQueue(m.Queue)
	} else {
		info, err = ch.broker.DeclareQueue(broker.QueueSpec{
			Name:    m.Queue,
			Durable: m.Durable, Exclusive: m.Exclusive, AutoDelete: m.AutoDelete,
			Arguments: m.Arguments,
		})
	}
	return unless(m.NoWait, &codec.QueueDeclareOk{
		Queue: info.Name, MessageCount: uint32(info.Messages), ConsumerCount: uint32(info.Consumers),
	}, err)
}

func toQueue(source, queue, key string, args codec.Table) broker.BindSpec {
	return broker.BindSpec{Source: source, Destination: queue, Key: key, Arguments: args}
}

func toExchange(source, exchange, key string, args codec.Table) broker.BindSpec {
	return broker.BindSpec{Source: source, Destination: exchange, ToExchange: true, Key: key, Arguments: args}
}

// consume answers before the first delivery: the client gets the consumer's tag
// with it.
func (ch *channel) consume(m *codec.BasicConsume) error {
	tag, err := ch.broker.Consume(broker.ConsumeSpec{
		Queue: m.Queue, Tag: m.ConsumerTag, NoAck: m.NoAck, Exclusive: m.Exclusive, Arguments: m.Arguments,
	})
	if err != nil {
		return err
	}
	if !m.NoWait {
		ch.session.out.method(ch.id, &codec.BasicConsumeOk{ConsumerTag: tag})
	}
	ch.broker.Start(tag)
	return nil
}

func (ch *channel) get(m *codec.BasicGet) (codec.Method, error) {
	d, ok, err := ch.broker.Get(m.Queue, m.NoAck)
	if err != nil || !ok {
		return &codec.BasicGetEmpty{}, err
	}
	ch.session.out.content(ch.id, &codec.BasicGetOk{
		DeliveryTag: d.Tag, Redelivered: d.Redelivered,
		Exchange: d.Message.Exchange, RoutingKey: d.Message.RoutingKey, MessageCount: uint32(d.Left),
	}, d.Message)
	return nil, nil
}

func (ch *channel) commit() (codec.Method, error) {
	out, err := ch.broker.Commit(ch.bounce)
	if err != nil {
		return nil, err
	}
	ch.session.out.method(ch.id, &codec.TxCommitOk{})
	if out.Wait != nil {
		return nil, ch.session.hold(byMemory, "low on memory", out.Wait)
	}
	return nil, nil
}
