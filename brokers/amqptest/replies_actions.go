package amqptest

import (
	"maps"

	amqp "github.com/rabbitmq/amqp091-go"
)

// An action is a case of testdata/replies.txt.
type action func(*scene) error

// replyActions returns the actions by their names in testdata/replies.txt. They are
// split into maps only for the length of the functions.
func replyActions() map[string]action {
	all := map[string]action{}
	for _, some := range []map[string]action{actions1(), actions2(), actions3(), actions4(), actions5()} {
		maps.Copy(all, some)
	}
	return all
}

func declare(q string, durable bool, args amqp.Table) action {
	return func(s *scene) error {
		_, err := s.QueueDeclare(q, durable, false, false, false, args)
		return err
	}
}

func declareExchange(x, kind string, args amqp.Table) action {
	return func(s *scene) error { return s.ExchangeDeclare(x, kind, false, false, false, false, args) }
}

func deleteQueue(q string, ifUnused, ifEmpty bool) action {
	return func(s *scene) error {
		_, err := s.QueueDelete(q, ifUnused, ifEmpty, false)
		return err
	}
}

func publish(x string, msg amqp.Publishing) action {
	return func(s *scene) error { return s.Publish(x, "e.q", false, false, msg) }
}

func consume(s *scene, q, tag string, exclusive bool, args amqp.Table) error {
	_, err := s.Consume(q, tag, true, exclusive, false, false, args)
	return err
}

func quorum() amqp.Table { return amqp.Table{"x-queue-type": "quorum"} }

func actions1() map[string]action {
	return map[string]action{
		"passive declare of a missing queue": func(s *scene) error {
			_, err := s.QueueDeclarePassive("e.none", false, false, false, false, nil)
			return err
		},
		"passive declare of a missing exchange": func(s *scene) error {
			return s.ExchangeDeclarePassive("e.none", "direct", false, false, false, false, nil)
		},
		"publish to a missing exchange": publish("e.none", amqp.Publishing{}),
		"consume from a missing queue":  func(s *scene) error { return consume(s, "e.none", "", false, nil) },
		"get from a missing queue": func(s *scene) error {
			_, _, err := s.Get("e.none", true)
			return err
		},
		"purge a missing queue": func(s *scene) error {
			_, err := s.QueuePurge("e.none", false)
			return err
		},
		"bind a missing queue":         func(s *scene) error { return s.QueueBind("e.none", "k", "e.x", false, nil) },
		"bind to a missing exchange":   func(s *scene) error { return s.QueueBind("e.q", "k", "e.none", false, nil) },
		"bind to the default exchange": func(s *scene) error { return s.QueueBind("e.q", "k", "", false, nil) },
		"bind an exchange to a missing one": func(s *scene) error {
			return s.ExchangeBind("e.x", "k", "e.none", false, nil)
		},
		"unbind what is not bound": func(s *scene) error { return s.QueueUnbind("e.q", "never", "e.x", nil) },
		"delete a missing queue":   deleteQueue("e.none", false, false),
		"delete a missing exchange": func(s *scene) error {
			return s.ExchangeDelete("e.none", false, false)
		},
		"delete a queue if-empty, not empty": deleteQueue("e.q", false, true),
		"delete a queue if-unused, in use": func(s *scene) error {
			s.ok(consume(s, "e.c", "", false, nil))
			return deleteQueue("e.c", true, false)(s)
		},
		"delete an exchange if-unused, in use": func(s *scene) error { return s.ExchangeDelete("e.u", true, false) },
		"delete another's exclusive queue":     deleteQueue("e.excl", false, false),
		"redeclare queue, other durable":       declare("e.q", true, nil),
		"redeclare queue, other auto-delete": func(s *scene) error {
			_, err := s.QueueDeclare("e.q", false, true, false, false, nil)
			return err
		},
		"redeclare queue, other argument":   declare("e.q", false, amqp.Table{"x-max-length": int32(3)}),
		"SAC argument on redeclare differs": declare("e.q", false, amqp.Table{"x-single-active-consumer": true}),
	}
}

func actions2() map[string]action {
	return map[string]action{
		"redeclare exchange, other type":         declareExchange("e.x", "fanout", nil),
		"redeclare exchange, other argument":     declareExchange("e.x", "direct", amqp.Table{"alternate-exchange": "e.u"}),
		"unknown exchange type":                  declareExchange("e.none", "x-nope", nil),
		"declare exchange amq.mine":              declareExchange("amq.mine", "direct", nil),
		"declare queue amq.mine":                 declare("amq.mine", false, nil),
		"declare the default exchange":           declareExchange("", "direct", nil),
		"delete amq.direct":                      func(s *scene) error { return s.ExchangeDelete("amq.direct", false, false) },
		"delete the default exchange":            func(s *scene) error { return s.ExchangeDelete("", false, false) },
		"publish to an internal exchange":        publish("e.int", amqp.Publishing{}),
		"publish as another user":                publish("e.x", amqp.Publishing{UserId: "mallory"}),
		"publish with an expiration of abc":      publish("e.x", amqp.Publishing{Expiration: "abc"}),
		"publish with an expiration of -1":       publish("e.x", amqp.Publishing{Expiration: "-1"}),
		"another connection's exclusive queue":   declare("e.excl", false, nil),
		"consume another's exclusive queue":      func(s *scene) error { return consume(s, "e.excl", "", false, nil) },
		"queue with x-message-ttl -1":            declare("e.none", false, amqp.Table{"x-message-ttl": int32(-1)}),
		"queue with x-message-ttl of a text":     declare("e.none", false, amqp.Table{"x-message-ttl": "soon"}),
		"queue with x-expires 0":                 declare("e.none", false, amqp.Table{"x-expires": int32(0)}),
		"queue with x-max-length -1":             declare("e.none", false, amqp.Table{"x-max-length": int32(-1)}),
		"queue with x-overflow explode":          declare("e.none", false, amqp.Table{"x-overflow": "explode"}),
		"queue with x-max-priority 256":          declare("e.none", false, amqp.Table{"x-max-priority": int32(256)}),
		"queue with a dead-letter key alone":     declare("e.none", false, amqp.Table{"x-dead-letter-routing-key": "k"}),
		"queue with x-queue-type nope":           declare("e.none", false, amqp.Table{"x-queue-type": "nope"}),
		"quorum queue that is not durable":       declare("e.none", false, amqp.Table{"x-queue-type": "quorum"}),
		"queue with x-single-active-consumer 1":  declare("e.none", false, amqp.Table{"x-single-active-consumer": int32(1)}),
		"hash exchange by an unknown property":   declareExchange("e.none", "x-consistent-hash", amqp.Table{"hash-property": "app_id"}),
		"hash exchange by header and property":   declareExchange("e.none", "x-consistent-hash", amqp.Table{"hash-header": "h", "hash-property": "message_id"}),
		"headers binding with x-match nope":      bindHeaders("nope"),
		"headers binding with x-match of 1":      bindHeaders(int32(1)),
		"consume where an exclusive consumer is": func(s *scene) error { s.ok(consume(s, "e.c", "", true, nil)); return consume(s, "e.c", "", false, nil) },
		"exclusive consumer where another is":    func(s *scene) error { s.ok(consume(s, "e.c", "", false, nil)); return consume(s, "e.c", "", true, nil) },
		"consumer tag used twice on a channel": func(s *scene) error {
			s.ok(consume(s, "e.c", "dup", false, nil))
			return consume(s, "e.c", "dup", false, nil)
		},
		"consume with a priority of a text": func(s *scene) error {
			return consume(s, "e.c", "", false, amqp.Table{"x-priority": "high"})
		},
		"ack an unknown tag":    func(s *scene) error { return s.Ack(9, false) },
		"nack an unknown tag":   func(s *scene) error { return s.Nack(9, false, true) },
		"reject an unknown tag": func(s *scene) error { return s.Reject(9, true) },
	}
}

func actions3() map[string]action {
	return map[string]action{
		"ack a tag twice": func(s *scene) error {
			d := s.get("e.q")
			s.ok(d.Ack(false))
			return d.Ack(false)
		},
		"ack a tag that was auto-acked": func(s *scene) error {
			_, _, err := s.Get("e.q", true)
			s.ok(err)
			return s.Ack(1, false)
		},
		"ack(0, multiple) with nothing unacked": func(s *scene) error { return s.Ack(0, true) },
		"ack(9, multiple) with nothing unacked": func(s *scene) error { return s.Ack(9, true) },
		//lint:ignore SA1019 basic.recover is what is tested
		"recover without requeue": func(s *scene) error { return s.Recover(false) },
		"qos with prefetch size":  func(s *scene) error { return s.Qos(1, 100, false) },
		"immediate publish": func(s *scene) error {
			return s.Publish("e.x", "k", false, true, amqp.Publishing{})
		},
		"cancel an unknown consumer": func(s *scene) error { return s.Cancel("nobody", false) },
		"channel.flow off":           func(s *scene) error { return s.Flow(false) },
		"channel.flow on":            func(s *scene) error { return s.Flow(true) },
		"tx after confirm":           func(s *scene) error { s.ok(s.Confirm(false)); return s.Tx() },
		"confirm after tx":           func(s *scene) error { s.ok(s.Tx()); return s.Confirm(false) },
		"passive declare of a queue without a name": func(s *scene) error {
			s.queue(nil) // the one declared last does not count
			_, err := s.QueueDeclarePassive("", false, false, false, false, nil)
			return err
		},
		"publish with an expiration of 12abc":           publish("e.x", amqp.Publishing{Expiration: "12abc"}),
		"publish with an expiration of 1.5":             publish("e.x", amqp.Publishing{Expiration: "1.5"}),
		"publish with an expiration of ten years":       publish("e.x", amqp.Publishing{Expiration: "315360000000"}),
		"publish with an expiration above ten years":    publish("e.x", amqp.Publishing{Expiration: "315360000001"}),
		"publish with a delivery mode of 7":             publish("e.x", amqp.Publishing{DeliveryMode: 7}),
		"publish with two faults":                       publish("e.x", amqp.Publishing{UserId: "mallory", Expiration: "x"}),
		"publish with two faults to a missing exchange": publish("e.none", amqp.Publishing{UserId: "mallory", Expiration: "x"}),
		"queue with x-message-ttl above ten years":      declare("e.none", false, amqp.Table{"x-message-ttl": int64(315360000001)}),
		"queue with a dead-letter exchange of 1":        declare("e.none", false, amqp.Table{"x-dead-letter-exchange": int32(1)}),
		"queue with x-queue-mode eager":                 declare("e.none", false, amqp.Table{"x-queue-mode": "eager"}),
		"queue with x-queue-version 9":                  declare("e.none", false, amqp.Table{"x-queue-version": int32(9)}),
		"queue with two faults":                         declare("e.none", false, amqp.Table{"x-message-ttl": int32(-1), "x-expires": int32(0)}),
		"classic queue with x-delivery-limit":           declare("e.none", false, amqp.Table{"x-delivery-limit": int32(3)}),
		"classic queue with x-max-age":                  declare("e.none", false, amqp.Table{"x-max-age": "1D"}),
	}
}

func actions4() map[string]action {
	return map[string]action{
		"quorum queue with x-max-priority": declare("e.none", true, amqp.Table{"x-queue-type": "quorum", "x-max-priority": int32(5)}),
		"quorum queue that is exclusive": func(s *scene) error {
			_, err := s.QueueDeclare("e.none", true, false, true, false, quorum())
			return err
		},
		"quorum queue that is auto-delete": func(s *scene) error {
			_, err := s.QueueDeclare("e.none", false, true, false, false, quorum())
			return err
		},
		"delete a quorum queue if-unused": func(s *scene) error {
			s.ok(declare("e.none", true, quorum())(s))
			return deleteQueue("e.none", true, false)(s)
		},
		"delete a quorum queue if-empty": func(s *scene) error {
			s.ok(declare("e.none", true, quorum())(s))
			return deleteQueue("e.none", false, true)(s)
		},
		"consume from a quorum queue with a prefetch for the channel": func(s *scene) error {
			s.ok(declare("e.none", true, quorum())(s))
			s.ok(s.Qos(1, 0, true))
			return consume(s, "e.none", "", false, nil)
		},
		"delete a queue if-unused and if-empty, neither": func(s *scene) error {
			s.ok(s.Qos(1, 0, false))
			s.publish("", "e.q", "another")
			s.becomes("e.q", 2)
			next(s.t, s.channel.consume("e.q"))
			return deleteQueue("e.q", true, true)(s)
		},
		"get from a quorum queue with a single active consumer": func(s *scene) error {
			s.ok(declare("e.none", true, amqp.Table{"x-queue-type": "quorum", "x-single-active-consumer": true})(s))
			_, _, err := s.Get("e.none", true)
			return err
		},
		"redeclare queue, the type said now": declare("e.q", false, amqp.Table{"x-queue-type": "classic"}),
		"redeclare queue, other type":        declare("e.q", false, quorum()),
		"consume with x-stream-offset": func(s *scene) error {
			return consume(s, "e.c", "", false, amqp.Table{"x-stream-offset": "first"})
		},
		"consume with x-cancel-on-ha-failover of a text": func(s *scene) error {
			return consume(s, "e.c", "", false, amqp.Table{"x-cancel-on-ha-failover": "yes"})
		},
	}
}

func actions5() map[string]action {
	return map[string]action{
		"commit to a full queue": func(s *scene) error {
			q := s.queue(amqp.Table{"x-max-length": int32(1), "x-overflow": "reject-publish"})
			s.ok(s.Tx())
			s.publish("", q, "1", "2")
			return s.TxCommit()
		},
		"unbind another's exclusive queue, not bound": func(s *scene) error {
			return s.QueueUnbind("e.excl", "never", "e.x", nil)
		},
		"unbind another's exclusive queue": func(s *scene) error {
			s.other.bind("e.excl", "k", "e.x", nil)
			return s.QueueUnbind("e.excl", "k", "e.x", nil)
		},
		"commit without tx":   func(s *scene) error { return s.TxCommit() },
		"rollback without tx": func(s *scene) error { return s.TxRollback() },
		"confirm twice":       func(s *scene) error { s.ok(s.Confirm(false)); return s.Confirm(false) },
	}
}

func bindHeaders(match any) action {
	return func(s *scene) error {
		return s.QueueBind("e.q", "", "amq.headers", false, amqp.Table{"x-match": match, "a": "b"})
	}
}
