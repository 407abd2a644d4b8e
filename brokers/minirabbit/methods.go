package minirabbit

import (
	"resilab/brokers/minirabbit/broker"
	"resilab/brokers/minirabbit/codec"
)

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

// consume answers before the first delivery, which the client could not
// understand otherwise.
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
