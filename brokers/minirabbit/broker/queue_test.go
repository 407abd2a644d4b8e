package broker

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"resilab/brokers/minirabbit/codec"
)

func arg(name string, value any) codec.Field { return codec.Field{Name: name, Value: value} }

func TestRequeuedMessageReturnsToItsPlace(t *testing.T) {
	c := newBroker(t, Options{}).client(t)
	c.queue("q")
	c.ok(c.Qos(0, 3, false))
	tag := c.consume("q")
	c.numbered("q", 1, 6)
	c.wants("1 2 3")
	c.Cancel(tag)
	c.ok(c.Nack(2, false, true))
	c.ok(c.Nack(3, false, true))
	c.ok(c.Nack(1, false, true))
	c.ok(c.Qos(0, 0, false))
	c.consume("q")
	c.wants("1* 2* 3* 4 5 6")
}

func TestConsumersTakeTurnsByPriority(t *testing.T) {
	b := newBroker(t, Options{})
	low, high, other := b.client(t), b.client(t), b.client(t)
	low.queue("q")
	for _, c := range []*client{low, high, other} {
		c.ok(c.Qos(0, 2, false))
	}
	low.consume("q")
	high.consume("q", arg("x-priority", int32(5)))
	other.consume("q", arg("x-priority", int64(5)))
	low.numbered("q", 1, 6)
	high.wants("1 3")
	other.wants("2 4")
	low.wants("5 6")
	low.numbered("q", 7, 8)
	high.ok(high.Ack(0, true))
	high.wants("7 8")
}

func TestAcksThatAreWrong(t *testing.T) {
	c := newBroker(t, Options{}).client(t)
	c.queue("q")
	c.consume("q")
	c.publish("q", "a", "b")
	c.ok(c.Ack(0, true))
	c.ok(c.Ack(0, true)) // with nothing unacknowledged
	for _, err := range []error{c.Ack(1, false), c.Ack(3, true), c.Nack(2, false, true), c.Ack(0, false)} {
		if e, ok := err.(*Error); !ok || e.Code != PreconditionFailed || e.Hard {
			t.Errorf("got %v", err)
		}
	}
}

func TestSlowClientGetsNoMoreUntilResumed(t *testing.T) {
	c := newBroker(t, Options{}).client(t)
	c.queue("q")
	c.slow = true
	tag, err := c.Consume(ConsumeSpec{Queue: "q", NoAck: true})
	c.ok(err)
	c.Start(tag)
	c.numbered("q", 1, 3)
	c.wants("")
	if !c.asked {
		t.Error("Congested was not called")
	}
	c.slow = false
	c.Resume()
	c.wants("1 2 3")
}

func TestChannelLimitSpansQueues(t *testing.T) {
	c := newBroker(t, Options{}).client(t)
	c.queue("a")
	c.queue("b")
	c.ok(c.Qos(0, 2, true))
	c.consume("a")
	c.consume("b")
	c.numbered("a", 1, 3)
	c.numbered("b", 4, 6)
	c.wants("1 2")
	c.ok(c.Ack(1, false))
	if got := c.take(); got != "3" && got != "4" {
		t.Errorf("after one ack: %q", got)
	}
	c.ok(c.Qos(0, 0, true))
	if n := c.waiting("a") + c.waiting("b"); n != 0 {
		t.Errorf("%d wait without a limit", n)
	}
}

func TestSingleActiveConsumerHandsOver(t *testing.T) {
	b := newBroker(t, Options{})
	first, second := b.client(t), b.client(t)
	first.queue("q", arg("x-single-active-consumer", true))
	first.ok(first.Qos(0, 2, false))
	tag := first.consume("q")
	second.consume("q")
	first.numbered("q", 1, 4)
	first.wants("1 2")
	second.wants("")
	first.Cancel(tag)
	second.wants("3 4") // by cancel too, unlike RabbitMQ 3.10, which gets stuck
	first.consume("q")
	first.publish("q", "5")
	first.wants("")
	second.wants("5")
	second.conn.Close()
	first.wants("3* 4*")
}

// TestLeavingTogether: nobody who stays is served a later message before those
// that leaving consumers had.
func TestLeavingTogether(t *testing.T) {
	b := newBroker(t, Options{})
	leaver, stays := b.client(t), b.client(t)
	leaver.queue("q")
	second := &client{t: t}
	second.Channel = leaver.conn.OpenChannel(second)
	for _, c := range []*client{leaver, second} {
		c.ok(c.Qos(0, 2, false))
		c.consume("q")
	}
	leaver.numbered("q", 1, 6)
	stays.ok(stays.Qos(0, 1, false))
	stays.consume("q")
	stays.wants("5")
	leaver.conn.Close()
	for range 5 {
		stays.ok(stays.Ack(0, true))
	}
	stays.wants("1* 2* 3* 4* 6")
}

func TestTimeToLive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newBroker(t, Options{}).client(t)
		c.queue("dead")
		c.queue("q", arg("x-message-ttl", int32(1000)), arg("x-dead-letter-exchange", ""), arg("x-dead-letter-routing-key", "dead"))
		c.publish("q", "a")
		time.Sleep(600 * time.Millisecond)
		c.expiring("q", "b", "300") // behind a, so it cannot end before it
		c.expiring("q", "c", "5000")
		time.Sleep(399 * time.Millisecond)
		if n := c.waiting("q"); n != 3 {
			t.Errorf("%d wait before the time", n)
		}
		time.Sleep(time.Millisecond)
		synctest.Wait()
		if q, dead := c.waiting("q"), c.waiting("dead"); q != 1 || dead != 2 {
			t.Errorf("%d wait and %d are dead, want 1 and 2", q, dead)
		}
		time.Sleep(600 * time.Millisecond)
		synctest.Wait()
		c.consume("dead")
		c.wants("a b c")
	})
}

func TestTimeToLiveOfZero(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newBroker(t, Options{}).client(t)
		c.queue("q")
		c.expiring("q", "lost", "0")
		if n := c.waiting("q"); n != 0 {
			t.Errorf("%d wait", n)
		}
		c.consume("q")
		c.expiring("q", "delivered", "0")
		c.wants("delivered")
	})
}

func TestUnusedQueueExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newBroker(t, Options{}).client(t)
		c.queue("q", arg("x-expires", int32(1000)))
		exists := func() bool { return c.vhost.queue("q") != nil }
		time.Sleep(900 * time.Millisecond)
		_, _, err := c.Get("q", true) // is a use
		c.ok(err)
		time.Sleep(900 * time.Millisecond)
		tag := c.consume("q")
		time.Sleep(5 * time.Second)
		c.publish("q", "x") // is none, but the consumer is
		if !exists() {
			t.Fatal("the queue was deleted while it was used")
		}
		c.Cancel(tag)
		time.Sleep(999 * time.Millisecond)
		synctest.Wait()
		if !exists() {
			t.Fatal("the queue was deleted too soon")
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if exists() {
			t.Error("still there")
		}
	})
}

func TestLimits(t *testing.T) {
	for _, tt := range []struct {
		name  string
		args  codec.Table
		left  string // in the queue after 1 to 5, then 6666 was published
		dead  string
		nacks int
	}{
		{"drop head", codec.Table{arg("x-max-length", int32(2))}, "5 6666", "1 2 3 4", 0},
		{"drop head by bytes", codec.Table{arg("x-max-length-bytes", int32(5))}, "5 6666", "1 2 3 4", 0},
		{"reject publish", codec.Table{arg("x-max-length", int32(2)), arg("x-overflow", "reject-publish")}, "1 2", "", 4},
		{"reject publish by bytes", codec.Table{arg("x-max-length-bytes", int32(5)), arg("x-overflow", "reject-publish")}, "1 2 3 4 5", "", 1},
		{"reject publish to the dead", codec.Table{arg("x-max-length", int32(5)), arg("x-overflow", "reject-publish-dlx")}, "1 2 3 4 5", "6666", 1},
		{"nothing fits", codec.Table{arg("x-max-length", int32(0))}, "", "1 2 3 4 5 6666", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newBroker(t, Options{}).client(t)
			c.queue("dead")
			c.queue("q", append(tt.args, arg("x-dead-letter-exchange", ""), arg("x-dead-letter-routing-key", "dead"))...)
			nacks := 0
			for _, body := range strings.Fields("1 2 3 4 5 6666") {
				out, err := c.Publish(c.message("", "q", body, codec.Properties{}), false)
				c.ok(err)
				if out.Refused {
					nacks++
				}
			}
			c.consume("q")
			c.wants(tt.left)
			c.consume("dead")
			c.wants(tt.dead)
			if nacks != tt.nacks {
				t.Errorf("%d refused, want %d", nacks, tt.nacks)
			}
		})
	}
}

func TestQuorumQueueForgetsPoison(t *testing.T) {
	c := newBroker(t, Options{}).client(t)
	c.queue("q", arg("x-queue-type", "quorum"), arg("x-delivery-limit", int32(2)))
	c.ok(c.Qos(0, 1, false))
	c.consume("q")
	c.publish("q", "poison", "next")
	for range 3 {
		c.ok(c.Nack(c.deliveries.lastTag, false, true))
	}
	c.wants("poison poison* poison* next")
}

func TestQuorumQueueRequeuesToTheTail(t *testing.T) {
	c := newBroker(t, Options{}).client(t)
	c.queue("q", arg("x-queue-type", "quorum"))
	c.ok(c.Qos(0, 1, false))
	c.consume("q")
	c.publish("q", "1", "2")
	c.ok(c.Nack(1, false, true))
	c.ok(c.Ack(2, false))
	c.wants("1 2 1*")
}

func TestRestartKeepsWhatIsDurable(t *testing.T) {
	b := newBroker(t, Options{})
	c := b.client(t)
	c.queue("durable")
	_, err := c.DeclareQueue(QueueSpec{Name: "transient"})
	c.ok(err)
	c.ok(c.DeclareExchange(ExchangeSpec{Name: "x", Type: "direct", Durable: true}))
	c.ok(c.DeclareExchange(ExchangeSpec{Name: "y", Type: "direct"}))
	for _, x := range []string{"x", "y"} {
		c.ok(c.Bind(BindSpec{Source: x, Destination: "durable"}))
		c.ok(c.Bind(BindSpec{Source: x, Destination: "transient"}))
	}
	persistent := codec.Properties{Present: codec.HasDeliveryMode, DeliveryMode: 2}
	for i := range 4 {
		p := codec.Properties{}
		if i%2 == 0 {
			p = persistent
		}
		_, err := c.Publish(c.message("", "durable", fmt.Sprint(i), p), false)
		c.ok(err)
	}
	c.ok(c.Qos(0, 1, false))
	c.consume("durable")
	c.conn.Close()
	b.Restart()

	s := b.Snapshot()
	if len(s.Queues) != 1 || s.Queues[0].Name != "durable" || s.Queues[0].Ready != 2 {
		t.Errorf("queues: %+v", s.Queues)
	}
	if len(s.Bindings) != 1 || s.Bindings[0].Source != "x" {
		t.Errorf("bindings: %+v", s.Bindings)
	}
	c = b.client(t)
	c.consume("durable")
	c.wants("0* 2")
}
