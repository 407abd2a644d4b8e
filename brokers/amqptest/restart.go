package amqptest

import (
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// Restart checks what outlives a restart and what does not. It is not
// part of [Run], because it takes the broker from all others that use it: the
// restart function stops it in order and starts it again on the same address.
func Restart(t *testing.T, target Target, restart func() error) {
	b := broker{target}
	before := b.channel(t)
	s := newSurvivors(before)
	before.publish("", s.kept, "transient")
	persistent(before, s.kept, "1", "2", "3", "4")
	persistent(before, s.gone, "lost with its queue")
	before.becomes(s.kept, 5)
	before.get(s.kept)             // transient, unacked
	before.get(s.kept)             // 1, unacked
	before.ok(before.Ack(2, true)) // which takes both
	before.get(s.kept)             // 2, unacked at the restart

	// It sends nothing: a client whose answer to the broker's close meets an end that
	// is closed already may report that instead of the broker's reason.
	listening := b.raw(t)
	before.ok(restart())
	_ = listening.SetDeadline(time.Now().Add(waitLimit))
	listening.wantClose(0, amqp.ConnectionForced, "CONNECTION_FORCED - broker forced connection closure with reason 'shutdown'", method{})
	receive(t, before.conn.closed, "closing of the connection")

	after := b.channel(t)
	after.becomes(s.kept, 3)
	if got := after.drain(s.kept); got != "2* 3 4" {
		t.Errorf("the durable queue holds %q, want the persistent ones that were not acked", got)
	}
	after.wantGone(s.gone)
	if after.conn.exists(s.passing) {
		t.Error("an exchange that is not durable outlived the restart")
	}
	after.publish(s.lasting, "kept", "5") // the durable exchange and its binding
	after.wantDrained(s.kept, "5")
	after.publish("amq.topic", "any.key", "6")
	after.wantDrained(s.kept, "6")
	after.ok(after.ExchangeDelete(s.lasting, false, false))
	_, err := after.QueueDelete(s.kept, false, false, false)
	after.ok(err)
}

// survivors are the names of what was declared before a restart.
type survivors struct {
	lasting, passing string // exchanges, durable and not
	kept, gone       string // queues, likewise
}

func newSurvivors(ch *channel) survivors {
	s := survivors{name("lasting"), name("passing"), name("kept"), name("gone")}
	ch.ok(ch.ExchangeDeclare(s.lasting, "direct", true, false, false, false, nil))
	ch.ok(ch.ExchangeDeclare(s.passing, "direct", false, false, false, false, nil))
	for q, durable := range map[string]bool{s.kept: true, s.gone: false} {
		_, err := ch.QueueDeclare(q, durable, false, false, false, nil)
		ch.ok(err)
	}
	ch.bind(s.kept, "kept", s.lasting, nil)
	ch.bind(s.kept, "kept", s.passing, nil)
	ch.bind(s.gone, "gone", s.lasting, nil)
	ch.bind(s.kept, "any.*", "amq.topic", nil)
	return s
}

// persistent publishes messages that a durable queue keeps, one for each body.
func persistent(ch *channel, queue string, bodies ...string) {
	ch.t.Helper()
	for _, body := range bodies {
		ch.send("", queue, amqp.Publishing{DeliveryMode: amqp.Persistent, Body: []byte(body)})
	}
}
