package amqptest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"pgregory.net/rapid"
)

// TestQueueModel does random things to a queue and compares what the client sees
// with the model: on the embedded broker, and then the same things on both.
func TestQueueModel(t *testing.T) {
	t.Parallel()
	t.Run("embedded", func(t *testing.T) {
		check(t, map[string]Target{"embedded": embedded(t)})
	})
	t.Run("embedded and real", func(t *testing.T) {
		check(t, map[string]Target{"embedded": embedded(t), "real": rabbitmq(t)})
	})
}

func check(t *testing.T, targets map[string]Target) {
	conns := map[string]*amqp.Connection{}
	for name, target := range targets {
		conn, err := amqp.Dial(target.URL)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		conns[name] = conn
	}
	rapid.Check(t, func(t *rapid.T) {
		q := &modelled{T: t, model: model{prefetch: rapid.IntRange(0, 3).Draw(t, "prefetch")}}
		for name, conn := range conns {
			q.clients = append(q.clients, newModelClient(t, name, conn, q.model.prefetch))
		}
		defer q.delete()
		t.Repeat(map[string]func(*rapid.T){
			"publish": q.publish, "get": q.get, "ack": q.ack, "nack": q.nack, "reject": q.reject,
			"unknown tag": q.unknownTag, "recover": q.recover, "purge": q.purge, "close": q.closeChannel,
			"": q.settled,
		})
	})
}

// modelled is a queue of the model and of each broker.
type modelled struct {
	*rapid.T
	model   model
	clients []*modelClient
}

// each does something on every broker.
func (q *modelled) each(t *rapid.T, what string, do func(*modelClient) error) {
	for _, c := range q.clients {
		if err := do(c); err != nil {
			t.Fatalf("%s: %s: %v", c.name, what, err)
		}
	}
}

func (q *modelled) publish(t *rapid.T) {
	for range rapid.IntRange(1, 4).Draw(t, "messages") {
		body := []byte(q.model.publish())
		q.each(t, "publish", func(c *modelClient) error {
			return c.channels[0].Publish("", c.queue, false, false, amqp.Publishing{Body: body})
		})
		q.settled(t)
	}
}

// get fetches a message, but not over the channel of a consumer: RabbitMQ gives back
// what one channel got in these two ways in two steps, between which the consumer
// may get some of it.
func (q *modelled) get(t *rapid.T) {
	ch, autoAck := q.channel(t), rapid.Bool().Draw(t, "auto-ack")
	if ch == consuming && q.model.prefetch > 0 {
		return
	}
	want := q.model.get(ch, autoAck)
	q.each(t, "get", func(c *modelClient) error {
		d, ok, err := c.channels[ch].Get(c.queue, autoAck)
		got := "empty"
		if ok {
			got = fmt.Sprintf("%s of %d", delivery(d.DeliveryTag, string(d.Body), d.Redelivered), d.MessageCount+1)
		}
		if err == nil && got != want {
			err = fmt.Errorf("got %s, want %s", got, want)
		}
		return err
	})
}

func (q *modelled) channel(t *rapid.T) int { return rapid.IntRange(0, 1).Draw(t, "channel") }

// tag draws the tag of something unacked; multiple may also be 0 for all. It reports
// false if there is nothing.
func (q *modelled) tag(t *rapid.T, ch int, multiple bool) (tag uint64, ok bool) {
	var tags []uint64
	for _, d := range q.model.channels[ch].unacked {
		tags = append(tags, d.tag)
	}
	if multiple {
		tags = append(tags, 0)
	}
	if len(tags) == 0 {
		return 0, false
	}
	return rapid.SampledFrom(tags).Draw(t, "tag"), true
}

func (q *modelled) ack(t *rapid.T) {
	ch, multiple := q.channel(t), rapid.Bool().Draw(t, "multiple")
	tag, ok := q.tag(t, ch, multiple)
	if !ok {
		return
	}
	q.model.settle(ch, tag, multiple, false)
	q.each(t, "ack", func(c *modelClient) error { return c.channels[ch].Ack(tag, multiple) })
}

func (q *modelled) nack(t *rapid.T) {
	ch, multiple, requeue := q.channel(t), rapid.Bool().Draw(t, "multiple"), rapid.Bool().Draw(t, "requeue")
	tag, ok := q.tag(t, ch, multiple)
	if !ok {
		return
	}
	q.model.settle(ch, tag, multiple, requeue)
	q.each(t, "nack", func(c *modelClient) error { return c.channels[ch].Nack(tag, multiple, requeue) })
}

func (q *modelled) reject(t *rapid.T) {
	ch, requeue := q.channel(t), rapid.Bool().Draw(t, "requeue")
	tag, ok := q.tag(t, ch, false)
	if !ok {
		return
	}
	q.model.settle(ch, tag, false, requeue)
	q.each(t, "reject", func(c *modelClient) error { return c.channels[ch].Reject(tag, requeue) })
}

// unknownTag acks what was never delivered or is acked already, which closes the
// channel.
func (q *modelled) unknownTag(t *rapid.T) {
	ch := q.channel(t)
	tag := rapid.Uint64Range(1, q.model.channels[ch].tag+3).Draw(t, "tag")
	for _, d := range q.model.channels[ch].unacked {
		if d.tag == tag {
			return
		}
	}
	q.each(t, "ack of an unknown tag", func(c *modelClient) error {
		closed := c.channels[ch].NotifyClose(make(chan *amqp.Error, 1))
		if err := c.channels[ch].Ack(tag, false); err != nil {
			return err
		}
		select {
		case reason := <-closed:
			if reason == nil || reason.Reason != fmt.Sprintf("PRECONDITION_FAILED - unknown delivery tag %d", tag) {
				return fmt.Errorf("closed with %v", reason)
			}
			return nil
		case <-time.After(waitLimit):
			return errors.New("the channel was not closed")
		}
	})
	q.reopen(t, ch)
}

func (q *modelled) recover(t *rapid.T) {
	ch := q.channel(t)
	q.model.settle(ch, 0, true, true)
	//lint:ignore SA1019 basic.recover is what is tested
	q.each(t, "recover", func(c *modelClient) error { return c.channels[ch].Recover(true) })
}

func (q *modelled) purge(t *rapid.T) {
	want := len(q.model.ready)
	q.model.ready = nil
	q.each(t, "purge", func(c *modelClient) error {
		got, err := c.channels[0].QueuePurge(c.queue, false)
		if err == nil && got != want {
			err = fmt.Errorf("purged %d, want %d", got, want)
		}
		return err
	})
}

func (q *modelled) closeChannel(t *rapid.T) {
	ch := q.channel(t)
	q.each(t, "close", func(c *modelClient) error { return c.channels[ch].Close() })
	q.reopen(t, ch)
}

// reopen replaces a channel that has closed, after what it had is given back.
func (q *modelled) reopen(t *rapid.T, ch int) {
	q.model.closeChannel(ch)
	other := 1 - ch
	if other == consuming {
		q.deliveries(t)
	}
	q.each(t, "reopen", func(c *modelClient) error {
		if err := c.becomes(other, len(q.model.ready)); err != nil {
			return err
		}
		return c.open(ch, q.model.prefetch)
	})
}

// settled expects what the consumer has to get, and the queue to hold the rest.
func (q *modelled) settled(t *rapid.T) {
	q.deliveries(t)
	q.each(t, "count", func(c *modelClient) error { return c.becomes(0, len(q.model.ready)) })
}

func (q *modelled) deliveries(t *rapid.T) {
	for _, want := range q.model.consume() {
		q.each(t, "consume", func(c *modelClient) error {
			select {
			case d := <-c.deliveries:
				if got := delivery(d.DeliveryTag, string(d.Body), d.Redelivered); got != want {
					return fmt.Errorf("got %s, want %s", got, want)
				}
				return nil
			case <-time.After(waitLimit):
				return fmt.Errorf("got nothing, want %s", want)
			}
		})
	}
}

func (q *modelled) delete() {
	for _, c := range q.clients {
		for _, ch := range c.channels {
			_ = ch.Close()
		}
		if ch, err := c.conn.Channel(); err == nil {
			_, _ = ch.QueueDelete(c.queue, false, false, false)
			_ = ch.Close()
		}
	}
}

// modelClient uses a queue of one broker over two channels.
type modelClient struct {
	name, queue string
	conn        *amqp.Connection
	channels    [2]*amqp.Channel
	deliveries  <-chan amqp.Delivery
}

func newModelClient(t *rapid.T, label string, conn *amqp.Connection, prefetch int) *modelClient {
	c := &modelClient{name: label, conn: conn, queue: name("model")}
	ch, err := conn.Channel()
	if err == nil {
		_, err = ch.QueueDeclare(c.queue, false, false, true, false, nil)
	}
	if err == nil {
		err = errors.Join(ch.Close(), c.open(0, prefetch), c.open(consuming, prefetch))
	}
	if err != nil {
		t.Fatalf("%s: %v", label, err)
	}
	return c
}

// open opens a channel, with its consumer if it is to have one.
func (c *modelClient) open(ch, prefetch int) error {
	var err error
	if c.channels[ch], err = c.conn.Channel(); err != nil || ch != consuming || prefetch == 0 {
		return err
	}
	if err := c.channels[ch].Qos(prefetch, 0, false); err != nil {
		return err
	}
	c.deliveries, err = c.channels[ch].Consume(c.queue, "", false, false, false, false, nil)
	return err
}

// becomes waits until the queue holds n ready messages.
func (c *modelClient) becomes(ch, n int) error {
	for deadline := time.Now().Add(waitLimit); ; time.Sleep(time.Millisecond) {
		q, err := c.channels[ch].QueueDeclarePassive(c.queue, false, false, false, false, nil)
		if err != nil || q.Messages == n {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%d are ready, want %d", q.Messages, n)
		}
	}
}
