package broker

import (
	"fmt"
	"strings"
	"testing"

	"resilab/brokers/minirabbit/codec"
)

func TestFindVersion(t *testing.T) {
	for _, name := range VersionNames() {
		if v, err := FindVersion(name); err != nil || v.Name != name || !strings.HasPrefix(v.Release, name+".") {
			t.Errorf("FindVersion(%q) = %s %s, %v", name, v.Name, v.Release, err)
		}
	}
	if v, err := FindVersion(""); err != nil || v.Name != DefaultVersion {
		t.Errorf("the default is %q, %v", v.Name, err)
	}
	const want = `unknown RabbitMQ version "4.x": allowed are 3.10, 4.1, 4.3`
	if _, err := FindVersion("4.x"); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// A difference is something that versions do in different ways.
type difference struct {
	name string
	do   func(c *client) string
	want [3]string // in 3.10, 4.1 and 4.3
}

// TestVersions holds every version to what the package comment of minirabbit says.
func TestVersions(t *testing.T) {
	var all []difference
	all = append(all, limitDifferences()...)
	all = append(all, declareDifferences()...)
	all = append(all, channelDifferences()...)
	all = append(all, deathDifferences()...)
	all = append(all, routingDifferences()...)
	for _, d := range all {
		t.Run(d.name, func(t *testing.T) {
			for i, v := range versions() {
				c := newBroker(t, Options{Version: v}).client(t)
				if got := d.do(c); got != d.want[i] {
					t.Errorf("%s: got %q, want %q", v.Name, got, d.want[i])
				}
			}
		})
	}
}

// reply returns the error or "ok".
func reply(err error) string {
	if err == nil {
		return "ok"
	}
	return err.Error()
}

func (c *client) quorumQueue(more ...codec.Field) {
	c.t.Helper()
	c.queue("q", append([]codec.Field{arg("x-queue-type", quorum)}, more...)...)
}

// poison returns how often a message is delivered that is always returned, at most 30
// times.
func poison(c *client, giveBack func(*Channel, uint64) error) string {
	c.t.Helper()
	c.publish("q", "poison")
	for n := range 30 {
		ch := c.conn.OpenChannel(c)
		d, ok, err := ch.Get("q", false)
		c.ok(err)
		if !ok {
			return fmt.Sprint(n)
		}
		c.ok(giveBack(ch, d.Tag))
		ch.Close()
	}
	return "30"
}

func rejecting(ch *Channel, tag uint64) error { return ch.Reject(tag, true) }
func nacking(ch *Channel, tag uint64) error   { return ch.Nack(tag, false, true) }
func losing(*Channel, uint64) error           { return nil }

func limitDifferences() []difference {
	limited := func(limit int32, giveBack func(*Channel, uint64) error) func(*client) string {
		return func(c *client) string {
			c.quorumQueue(arg("x-delivery-limit", limit))
			return poison(c, giveBack)
		}
	}
	unlimitedOrder := func(giveBack func(*Channel, uint64) error) func(*client) string {
		return func(c *client) string {
			if c.vhost.broker.Version().quorum.deliveryLimit == unlimited {
				c.quorumQueue()
			} else {
				c.quorumQueue(arg("x-delivery-limit", int32(-1)))
			}
			c.publish("q", "1", "2")
			return c.returned("q", giveBack)
		}
	}
	return []difference{
		{"default delivery limit", func(c *client) string {
			c.quorumQueue()
			return poison(c, rejecting)
		}, [3]string{"30", "21", "21"}},
		{"negative delivery limit", limited(-1, rejecting), [3]string{"1", "30", "30"}},
		{"basic.reject counts", limited(2, rejecting), [3]string{"3", "3", "3"}},
		{"basic.nack counts", limited(2, nacking), [3]string{"3", "3", "30"}},
		{"a closed channel counts", limited(2, losing), [3]string{"3", "3", "3"}},
		{"unlimited, basic.nack", unlimitedOrder(nacking), [3]string{"2 1*", "2 1*", "2 1*"}},
		{"unlimited, basic.reject", unlimitedOrder(rejecting), [3]string{"2 1*", "2 1*", "1* 2"}},
		{"unlimited, a closed channel", unlimitedOrder(losing), [3]string{"1* 2", "1* 2", "1* 2"}},
		{"headers of a quorum queue", quorumHeaders, [3]string{
			"x-delivery-count=0, x-delivery-count=1, x-delivery-count=2",
			", x-delivery-count=1, x-delivery-count=2",
			", x-acquired-count=1, x-delivery-count=1 x-acquired-count=2",
		}},
	}
}

// returned gives the first message of a queue back and returns the queue's messages.
func (c *client) returned(queue string, giveBack func(*Channel, uint64) error) string {
	c.t.Helper()
	ch := c.conn.OpenChannel(c)
	d, _, err := ch.Get(queue, false)
	c.ok(err)
	c.ok(giveBack(ch, d.Tag))
	ch.Close()
	c.consume(queue)
	return c.take()
}

// quorumHeaders returns the headers of three deliveries of one message: nacked first,
// then rejected.
func quorumHeaders(c *client) string {
	c.quorumQueue()
	c.publish("q", "m")
	var all []string
	for _, giveBack := range []func(*Channel, uint64) error{nacking, rejecting, losing} {
		d, _, err := c.Get("q", false)
		c.ok(err)
		_, headers := d.Message.decode()
		var names []string
		for _, h := range headers {
			names = append(names, fmt.Sprintf("%s=%v", h.Name, h.Value))
		}
		all = append(all, strings.Join(names, " "))
		c.ok(giveBack(c.Channel, d.Tag))
	}
	return strings.Join(all, ", ")
}

func declareDifferences() []difference {
	declare := func(s QueueSpec) func(*client) string {
		return func(c *client) string {
			_, err := c.DeclareQueue(s)
			return reply(err)
		}
	}
	durable := func(args ...codec.Field) QueueSpec { return QueueSpec{Name: "q", Durable: true, Arguments: args} }
	consume := func(kind string, a codec.Field) func(*client) string {
		return func(c *client) string {
			c.queue("q", arg("x-queue-type", kind))
			_, err := c.Consume(ConsumeSpec{Queue: "q", Arguments: codec.Table{a}})
			return reply(err)
		}
	}
	invalid := func(name, of, why string) string {
		return "406 PRECONDITION_FAILED - invalid arg '" + name + "' for queue 'q' in vhost '/'" + of + why
	}
	return []difference{
		{"transient queue", declare(QueueSpec{Name: "q"}), [3]string{"ok", "ok", notPermitted("transient_nonexcl_queues").Error()}},
		{"exclusive queue", declare(QueueSpec{Name: "q", Exclusive: true}), [3]string{"ok", "ok", "ok"}},
		{"x-queue-master-locator", declare(durable(arg("x-queue-master-locator", "min-masters"))),
			[3]string{"ok", "ok", notPermitted("queue_master_locator").Error()}},
		{"x-queue-leader-locator of a classic queue", declare(durable(arg("x-queue-leader-locator", "balanced"))),
			[3]string{invalid("x-queue-leader-locator", " of queue type rabbit_classic_queue", ""), "ok", "ok"}},
		{"x-queue-version 1", declare(durable(arg("x-queue-version", int32(1)))),
			[3]string{"ok", "ok", invalid("x-queue-version", "", `: "unsupported queue version '1'"`)}},
		{"unknown x-queue-mode", declare(durable(arg("x-queue-mode", "slow"))), [3]string{
			invalid("x-queue-mode", "", `: "unsupported queue mode 'slow'"`), invalid("x-queue-mode", "", `: "unsupported queue mode 'slow'"`), "ok"}},
		{"delayed retry of a quorum queue", declare(durable(arg("x-queue-type", quorum), arg("x-delayed-retry-type", "all"))),
			[3]string{"ok", "ok", "540 NOT_IMPLEMENTED - x-delayed-retry-type=all in minirabbit"}},
		{"x-consumer-timeout of a classic queue", declare(durable(arg("x-consumer-timeout", int32(1)))),
			[3]string{"ok", "ok", invalid("x-consumer-timeout", " of queue type rabbit_classic_queue", "")}},
		{"x-cancel-on-ha-failover of a wrong type", consume(classic, arg("x-cancel-on-ha-failover", "yes")),
			[3]string{invalid("x-cancel-on-ha-failover", "", ": {unacceptable_type,longstr}"), "ok", "ok"}},
		{"x-cancel-on-ha-failover of a quorum queue", consume(quorum, arg("x-cancel-on-ha-failover", true)),
			[3]string{invalid("x-cancel-on-ha-failover", " of queue type rabbit_quorum_queue", ""), "ok", "ok"}},
		{"consumer's x-consumer-timeout of a classic queue", consume(classic, arg("x-consumer-timeout", int32(1))),
			[3]string{"ok", "ok", invalid("x-consumer-timeout", " of queue type rabbit_classic_queue", "")}},
	}
}

func channelDifferences() []difference {
	return []difference{
		{"global prefetch of two consumers", func(c *client) string {
			c.queue("q")
			c.ok(c.Qos(0, 1, true))
			c.consume("q")
			c.consume("q")
			c.publish("q", "1", "2", "3")
			return c.take()
		}, [3]string{"1", "1", "1 2"}},
		{"mandatory direct reply", func(c *client) string {
			_, err := c.Consume(ConsumeSpec{Queue: replyTo, NoAck: true})
			c.ok(err)
			out, err := c.Publish(c.message("", c.replies.key, "answer", codec.Properties{}), true)
			c.ok(err)
			return fmt.Sprintf("%s, unroutable %v", c.take(), out.Unroutable)
		}, [3]string{"answer, unroutable true", "answer, unroutable true", "answer, unroutable false"}},
	}
}

func deathDifferences() []difference {
	// deaths publishes a message with headers to a queue that rejects it into another
	// and returns what is written about it there.
	deaths := func(published codec.Table) func(*client) string {
		return func(c *client) string {
			c.queue("dead")
			c.queue("q", arg("x-dead-letter-exchange", ""), arg("x-dead-letter-routing-key", "dead"))
			p := codec.Properties{Present: codec.HasHeaders, Headers: published.Encode()}
			_, err := c.Publish(c.message("", "q", "m", p), false)
			c.ok(err)
			d, _, err := c.Get("q", false)
			c.ok(err)
			c.ok(c.Reject(d.Tag, false))
			d, _, err = c.Get("dead", false)
			c.ok(err)
			_, headers := d.Message.decode()
			list, _ := headers.Get("x-death")
			var all []string
			for _, death := range list.(codec.Array) {
				count, _ := death.(codec.Table).Get("count")
				all = append(all, fmt.Sprintf("%s %v", field(death, "queue"), count))
			}
			for _, name := range []string{"x-first-death-queue", "x-last-death-queue"} {
				if v, ok := headers.Get(name); ok {
					all = append(all, fmt.Sprintf("%s=%v", name, v))
				}
			}
			return strings.Join(all, ", ")
		}
	}
	forged := codec.Table{{Name: "x-death", Value: codec.Array{
		codec.Table{{Name: "queue", Value: "q"}, {Name: "reason", Value: "rejected"}, {Name: "count", Value: int64(7)}},
		codec.Table{{Name: "queue", Value: "old"}, {Name: "reason", Value: "expired"}, {Name: "count", Value: int64(2)}},
	}}}
	const fresh = "q 1, x-first-death-queue=q, x-last-death-queue=q"
	return []difference{
		{"headers of a dead letter", deaths(nil), [3]string{"q 1, x-first-death-queue=q", fresh, fresh}},
		{"x-death of a published message", deaths(forged), [3]string{"q 8, old 2", fresh, fresh}},
	}
}

func routingDifferences() []difference {
	bind := func(kind, key string) func(*client) string {
		return func(c *client) string {
			if err := c.DeclareExchange(ExchangeSpec{Name: "x", Type: kind}); err != nil {
				return reply(err)
			}
			c.queue("q")
			return reply(c.Bind(BindSpec{Source: "x", Destination: "q", Key: key}))
		}
	}
	// matches reports whether a headers exchange takes two values for the same.
	matches := func(bound, sent any) func(*client) string {
		return func(c *client) string {
			c.queue("q")
			c.ok(c.Bind(BindSpec{Source: "amq.headers", Destination: "q", Arguments: codec.Table{{Name: "a", Value: bound}}}))
			p := codec.Properties{Present: codec.HasHeaders, Headers: codec.Table{{Name: "a", Value: sent}}.Encode()}
			_, err := c.Publish(c.message("amq.headers", "", "m", p), false)
			c.ok(err)
			return fmt.Sprint(c.waiting("q") == 1)
		}
	}
	return []difference{
		{"heavy binding by hash", bind("x-consistent-hash", "10001"),
			[3]string{"ok", "ok", "406 PRECONDITION_FAILED - The binding key must not exceed 10000"}},
		{"x-modulus-hash", bind("x-modulus-hash", ""),
			[3]string{"503 COMMAND_INVALID - unknown exchange type 'x-modulus-hash'", "503 COMMAND_INVALID - unknown exchange type 'x-modulus-hash'", "ok"}},
		{"three # in a topic", bind("topic", "#.a.#.b.#"), [3]string{"ok", "ok",
			"406 PRECONDITION_FAILED - Topic binding key '#.a.#.b.#' uses 3 '#' wildcards, at most 2 are allowed"}},
		{"two # in a topic", bind("topic", "#.a.#"), [3]string{"ok", "ok", "ok"}},
		{"hashed header", hashedHeader, [3]string{"differs from a key", "as a key", "as a key"}},
		{"integers of two widths", matches(int8(1), int64(1)), [3]string{"true", "true", "true"}},
		{"integer and float", matches(int32(1), 1.0), [3]string{"true", "false", "false"}},
		{"floats of two widths", matches(float32(0.5), 0.5), [3]string{"true", "true", "true"}},
		{"two timestamps", matches(codec.Timestamp(5), codec.Timestamp(5)), [3]string{"true", "false", "false"}},
		{"seconds and a timestamp", matches(int64(5000), codec.Timestamp(5)), [3]string{"false", "true", "true"}},
	}
}

// hashedHeader reports whether strings in a hashed header are placed as the same
// routing keys.
func hashedHeader(c *client) string {
	c.ok(c.DeclareExchange(ExchangeSpec{Name: "keys", Type: consistentHash}))
	c.ok(c.DeclareExchange(ExchangeSpec{Name: "headers", Type: consistentHash, Arguments: codec.Table{{Name: "hash-header", Value: "user"}}}))
	for i := range 8 {
		for _, x := range []string{"keys", "headers"} {
			name := fmt.Sprint(x, i)
			c.queue(name)
			c.ok(c.Bind(BindSpec{Source: x, Destination: name, Key: "1"}))
		}
	}
	for i := range 100 {
		user := fmt.Sprint("user-", i)
		p := codec.Properties{Present: codec.HasHeaders, Headers: codec.Table{{Name: "user", Value: user}}.Encode()}
		for _, m := range []*Message{c.message("keys", user, user, codec.Properties{}), c.message("headers", "", user, p)} {
			_, err := c.Publish(m, false)
			c.ok(err)
		}
	}
	for i := range 8 {
		a, b := c.vhost.broker.Messages("/", fmt.Sprint("keys", i)), c.vhost.broker.Messages("/", fmt.Sprint("headers", i))
		if len(a) != len(b) {
			return "differs from a key"
		}
		for j := range a {
			if string(a[j].Body) != string(b[j].Body) {
				return "differs from a key"
			}
		}
	}
	return "as a key"
}

// TestModulusHash: phash2([<<"k">>]) is 403364 and phash2([<<"user-1">>, <<"cc">>]) is
// 9832064, said Erlang. Exchanges come before queues, and a destination counts once
// for each binding.
func TestModulusHash(t *testing.T) {
	v, err := FindVersion("4.3")
	if err != nil {
		t.Fatal(err)
	}
	c := newBroker(t, Options{Version: v}).client(t)
	c.ok(c.DeclareExchange(ExchangeSpec{Name: "x", Type: modulusHash}))
	c.queue("b")
	c.queue("a")
	c.queue("behind")
	c.fanout("z", "behind")
	send := func(key string, cc codec.Array) {
		p := codec.Properties{Present: codec.HasHeaders, Headers: codec.Table{{Name: "CC", Value: cc}}.Encode()}
		_, err := c.Publish(c.message("x", key, "m", p), false)
		c.ok(err)
	}
	send("k", nil) // nothing is bound
	c.ok(c.Bind(BindSpec{Source: "x", Destination: "b", Key: "1"}))
	c.ok(c.Bind(BindSpec{Source: "x", Destination: "b", Key: "2"}))
	c.ok(c.Bind(BindSpec{Source: "x", Destination: "a"}))
	c.ok(c.Bind(BindSpec{Source: "x", Destination: "z", ToExchange: true}))
	// In order z, a, b, b.
	send("k", nil)                    // 403364 % 4 = 0
	send("user-1", codec.Array{"cc"}) // 9832064 % 4 = 0
	c.ok(c.Unbind(BindSpec{Source: "x", Destination: "z", ToExchange: true}))
	send("k", nil)                    // 403364 % 3 = 2
	send("user-1", codec.Array{"cc"}) // 9832064 % 3 = 2
	c.ok(c.Unbind(BindSpec{Source: "x", Destination: "b", Key: "1"}))
	send("k", nil) // 403364 % 2 = 0
	if got := fmt.Sprint(c.waiting("behind"), c.waiting("a"), c.waiting("b")); got != "2 1 2" {
		t.Errorf("behind z, in a and in b wait %s, want 2 1 2", got)
	}
}
