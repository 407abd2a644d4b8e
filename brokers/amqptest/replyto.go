package amqptest

import (
	"strings"
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"
)

// replyTo is the queue that is none: what is consumed from it are the replies to
// what the same channel publishes.
const replyTo = "amq.rabbitmq.reply-to"

// replyToTests hold for brokers that advertise direct_reply_to.
func replyToTests() []test {
	return []test{
		{"a reply comes back", testReplyTo},
		{"needs its consumer", testReplyToConsumer},
		{"needs auto-ack", testReplyToAck},
	}
}

// offersReplyTo ends a test on a broker that does not advertise direct replies.
func (c *conn) offersReplyTo() bool {
	capabilities, _ := c.Properties["capabilities"].(amqp.Table)
	return capabilities["direct_reply_to"] == true
}

func testReplyTo(t *testing.T, b broker) {
	c := b.connect(t)
	if !c.offersReplyTo() {
		return
	}
	client, server := c.channel(), b.channel(t)
	q := client.queue(nil)
	replies := client.consumeWith(replyTo, "", true, nil)
	client.send("", q, amqp.Publishing{ReplyTo: replyTo, CorrelationId: "1", Body: []byte("question")})
	question := client.get(q)
	if !strings.HasPrefix(question.ReplyTo, replyTo+".") {
		t.Fatalf("the reply goes to %q", question.ReplyTo)
	}
	server.send("", question.ReplyTo, amqp.Publishing{CorrelationId: question.CorrelationId, Body: []byte("answer")})
	if d := next(t, replies); string(d.Body) != "answer" || d.CorrelationId != "1" || d.Exchange != "" || d.RoutingKey != question.ReplyTo {
		t.Errorf("got %s to %s from %q %s", d.Body, d.CorrelationId, d.Exchange, d.RoutingKey)
	}
	client.ok(client.Close())
	server.ok(server.Confirm(false))
	server.returns = server.NotifyReturn(make(chan amqp.Return, 1))
	if r := server.mandatory("", question.ReplyTo, amqp.Publishing{}); r == nil {
		t.Error("a reply to nobody was not returned")
	}
}

func testReplyToConsumer(t *testing.T, b broker) {
	c := b.connect(t)
	if !c.offersReplyTo() {
		return
	}
	ch := c.channel()
	ch.send("", "k", amqp.Publishing{ReplyTo: replyTo})
	ch.wantClosed(amqp.PreconditionFailed, "PRECONDITION_FAILED - fast reply consumer does not exist")
}

func testReplyToAck(t *testing.T, b broker) {
	c := b.connect(t)
	if !c.offersReplyTo() {
		return
	}
	_, err := c.channel().Consume(replyTo, "", false, false, false, false, nil)
	wantError(t, err, amqp.PreconditionFailed, "PRECONDITION_FAILED - reply consumer cannot acknowledge")
}
