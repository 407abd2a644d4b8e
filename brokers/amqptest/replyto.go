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
		{"may be asked for", testReplyToDeclare},
		{"is no route", testReplyToMandatory},
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

// awaited starts a consumer of replies and returns their queue that is none.
func awaited(ch *channel) (key string, replies <-chan amqp.Delivery) {
	ch.t.Helper()
	q := ch.queue(nil)
	replies = ch.consumeWith(replyTo, "replies", true, nil)
	ch.send("", q, amqp.Publishing{ReplyTo: replyTo})
	ch.becomes(q, 1)
	return ch.get(q).ReplyTo, replies
}

// testReplyToDeclare: by declaring it one may ask whether a reply is still awaited.
func testReplyToDeclare(t *testing.T, b broker) {
	c := b.connect(t)
	if !c.offersReplyTo() {
		return
	}
	client, server := c.channel(), b.channel(t)
	key, _ := awaited(client)
	for _, name := range []string{key, replyTo} {
		q, err := server.QueueDeclarePassive(name, false, false, false, false, nil)
		if err != nil || q.Name != name || q.Messages != 0 || q.Consumers != 1 {
			t.Errorf("declared %+v, %v", q, err)
		}
	}
	_, err := server.QueueDeclare(replyTo, false, false, true, false, nil)
	server.ok(err)
	client.ok(client.Cancel("replies", false))
	_, err = server.QueueDeclarePassive(key, false, false, false, false, nil)
	wantError(t, err, amqp.NotFound, "NOT_FOUND - no queue '"+key+"' in vhost '/'")
}

// testReplyToMandatory: a reply that is delivered is returned all the same, as no
// queue took it. Replies do not use up delivery tags.
func testReplyToMandatory(t *testing.T, b broker) {
	c := b.connect(t)
	if !c.offersReplyTo() {
		return
	}
	client, server := c.channel(), b.connect(t).confirms()
	key, replies := awaited(client)
	for _, body := range []string{"1", "2"} {
		if r := server.mandatory("", key, amqp.Publishing{Body: []byte(body)}); r == nil {
			t.Error("a mandatory reply was not returned")
		}
		if d := next(t, replies); string(d.Body) != body || d.DeliveryTag != 2 { // the next one of the channel
			t.Errorf("got %s with tag %d", d.Body, d.DeliveryTag)
		}
	}
}
