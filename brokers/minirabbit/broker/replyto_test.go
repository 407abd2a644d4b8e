package broker

import (
	"strings"
	"testing"

	"resilab/brokers/minirabbit/codec"
)

func TestDirectReplies(t *testing.T) {
	b := newBroker(t, Options{})
	asks, answers := b.client(t), b.client(t)
	answers.queue("questions")
	answers.consume("questions")
	request := asks.message("", "questions", "why?", codec.Properties{Present: codec.HasReplyTo, ReplyTo: []byte(replyTo)})

	if _, err := asks.Publish(request, false); err == nil {
		t.Error("asked without a consumer for the reply")
	}
	if _, err := asks.Consume(ConsumeSpec{Queue: replyTo}); err == nil {
		t.Error("replies can be acknowledged")
	}
	tag, err := asks.Consume(ConsumeSpec{Queue: replyTo, NoAck: true})
	asks.ok(err)
	if _, err := asks.Consume(ConsumeSpec{Queue: replyTo, NoAck: true}); err == nil {
		t.Error("two consumers for replies")
	}
	_, err = asks.Publish(request, false)
	asks.ok(err)
	p, _ := answers.got[0].message.decode()
	address := string(p.ReplyTo)
	if !strings.HasPrefix(address, replyPrefix) {
		t.Fatalf("the reply goes to %q", address)
	}
	answers.publish(address, "because")
	asks.wants("because")

	asks.Cancel(tag)
	out, err := answers.Publish(answers.message("", address, "late", codec.Properties{}), true)
	answers.ok(err)
	asks.wants("")
	if !out.Unroutable {
		t.Error("a reply to an unknown key has a route")
	}
	_, err = asks.Consume(ConsumeSpec{Queue: replyTo, NoAck: true})
	asks.ok(err)
	asks.conn.Close()
	if n := len(asks.vhost.repliers.byKey); n != 0 {
		t.Errorf("%d await replies after the end", n)
	}
}
