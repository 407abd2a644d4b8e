package amqptest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"pgregory.net/rapid"
)

// TestSameAsRabbitMQ makes random exchanges, queues and bindings on both brokers,
// does the same random things to them and compares the results.
func TestSameAsRabbitMQ(t *testing.T) {
	t.Parallel()
	var conns []*amqp.Connection
	for _, target := range []Target{embedded(t), rabbitmq(t)} {
		conn, err := amqp.Dial(target.URL)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		conns = append(conns, conn)
	}
	rapid.Check(t, func(t *rapid.T) {
		p := newPlan(t)
		var both bothWorlds
		for i, conn := range conns {
			w := newWorld(t, conn, p)
			defer w.delete()
			both[i] = w
		}
		t.Repeat(map[string]func(*rapid.T){
			"publish": both.publish, "publish more": both.publish, "get": both.get, "settle": both.settle,
			"bind": both.bind, "unbind": both.unbind, "purge": both.purge,
		})
		both.drain(t)
	})
}

// plan is a random topology. Names are numbers: the exchanges are 0 to 3, the
// queues 0 to 2, and 3 to 5 are where their dead letters go, to one each: RabbitMQ
// does not define in which order a queue receives messages by two ways.
type plan struct {
	prefix    string
	kinds     []string // of the exchanges
	alternate []int    // of each exchange; -1 is none
	queues    []amqp.Table
}

const (
	planExchanges = 4
	planQueues    = 3
	planAllQueues = 2 * planQueues
)

func (p *plan) exchange(i int) string { return fmt.Sprintf("%s.x%d", p.prefix, i) }
func (p *plan) queue(i int) string    { return fmt.Sprintf("%s.q%d", p.prefix, i) }

func newPlan(t *rapid.T) *plan {
	p := &plan{prefix: name("same")}
	for range planExchanges {
		p.kinds = append(p.kinds, rapid.SampledFrom([]string{"direct", "fanout", "topic", "headers", "x-consistent-hash"}).Draw(t, "kind"))
		p.alternate = append(p.alternate, rapid.IntRange(-1, planExchanges-1).Draw(t, "alternate"))
	}
	for i := range planQueues {
		p.queues = append(p.queues, p.drawQueue(t, p.queue(planQueues+i)))
	}
	p.queues = append(p.queues, nil, nil, nil)
	return p
}

func (p *plan) drawQueue(t *rapid.T, deadTo string) amqp.Table {
	args := amqp.Table{}
	maybe := func(what string) bool { return rapid.IntRange(0, 2).Draw(t, what) == 0 }
	if maybe("limited") {
		args["x-max-length"] = rapid.Int32Range(0, 4).Draw(t, "length")
		args["x-overflow"] = rapid.SampledFrom([]string{"drop-head", "reject-publish", "reject-publish-dlx"}).Draw(t, "overflow")
	}
	if maybe("priorities") {
		args["x-max-priority"] = int32(3)
	}
	if maybe("dead letters") {
		args["x-dead-letter-exchange"] = ""
		args["x-dead-letter-routing-key"] = deadTo
	}
	if args["x-overflow"] == "reject-publish-dlx" && args["x-max-priority"] != nil {
		delete(args, "x-max-priority") // refused together
	}
	return args
}

func drawKey(t *rapid.T) string {
	return rapid.SampledFrom([]string{"a", "b", "a.b", "a.b.c", "1", "2"}).Draw(t, "key")
}

func drawHeaders(t *rapid.T) amqp.Table {
	return rapid.SampledFrom([]amqp.Table{nil, {"h": "1"}, {"h": "2"}, {"h": "1", "i": int32(1)}, {"i": int32(2)}}).Draw(t, "headers")
}

// bothWorlds are the worlds of the two brokers.
type bothWorlds [2]*world

// same does something in both worlds and compares the results.
func (tw *bothWorlds) same(t *rapid.T, what string, do func(*world) (string, error)) {
	var said [2]string
	for i, w := range tw {
		var err error
		if said[i], err = do(w); err != nil {
			t.Fatalf("%s: broker %d: %v", what, i, err)
		}
	}
	if said[0] != said[1] {
		t.Fatalf("%s:\nminirabbit %s\nRabbitMQ   %s", what, said[0], said[1])
	}
}

func (tw *bothWorlds) publish(t *rapid.T) {
	exchange := rapid.IntRange(0, planExchanges-1).Draw(t, "exchange")
	key, headers := drawKey(t), drawHeaders(t)
	priority := rapid.Uint8Range(0, 4).Draw(t, "priority")
	mandatory := rapid.Bool().Draw(t, "mandatory")
	tw.same(t, "publish", func(w *world) (string, error) {
		w.published++
		return w.publish(exchange, key, mandatory, amqp.Publishing{
			Headers: maps.Clone(headers), Priority: priority, Body: fmt.Append(nil, w.published),
		})
	})
	tw.atRest(t)
}

func (tw *bothWorlds) get(t *rapid.T) {
	queue, autoAck := rapid.IntRange(0, planAllQueues-1).Draw(t, "queue"), rapid.Bool().Draw(t, "auto-ack")
	tw.same(t, "get", func(w *world) (string, error) { return w.get(queue, autoAck) })
}

func (tw *bothWorlds) settle(t *rapid.T) {
	if len(tw[0].unacked) == 0 {
		return
	}
	i := rapid.IntRange(0, len(tw[0].unacked)-1).Draw(t, "delivery")
	how := rapid.SampledFrom([]string{"ack", "requeue", "drop"}).Draw(t, "how")
	tw.same(t, how, func(w *world) (string, error) {
		tag := w.unacked[i]
		w.unacked = slices.Delete(w.unacked, i, i+1)
		if how == "ack" {
			return "", w.ch.Ack(tag, false)
		}
		return "", w.ch.Nack(tag, false, how == "requeue")
	})
	tw.atRest(t)
}

// binding is drawn for bind and unbind alike: from a queue or exchange to an
// exchange.
type binding struct {
	source, queue, exchange int // queue is -1 if an exchange is bound
	key                     string
	args                    amqp.Table
}

func (tw *bothWorlds) drawBinding(t *rapid.T) binding {
	b := binding{source: rapid.IntRange(0, planExchanges-1).Draw(t, "source"), queue: -1}
	if rapid.IntRange(0, 2).Draw(t, "to exchange") == 0 {
		b.exchange = rapid.IntRange(0, planExchanges-1).Draw(t, "exchange")
	} else {
		b.queue = rapid.IntRange(0, planQueues-1).Draw(t, "queue")
	}
	switch tw[0].kinds[b.source] {
	case "x-consistent-hash":
		b.key = rapid.SampledFrom([]string{"1", "2", "5"}).Draw(t, "weight")
	case "topic":
		b.key = rapid.SampledFrom([]string{"a", "a.*", "a.#", "#", "*", "*.b", "#.c"}).Draw(t, "pattern")
	case "headers":
		b.args = rapid.SampledFrom([]amqp.Table{
			{"h": "1"}, {"x-match": "any", "h": "2", "i": int32(1)}, {"x-match": "all", "h": "1", "i": int32(1)}, nil,
		}).Draw(t, "match")
	default:
		b.key = drawKey(t)
	}
	return b
}

func (tw *bothWorlds) bind(t *rapid.T) {
	b := tw.drawBinding(t)
	tw.same(t, "bind", func(w *world) (string, error) {
		if b.queue < 0 {
			return "", w.ch.ExchangeBind(w.exchange(b.exchange), b.key, w.exchange(b.source), false, b.args)
		}
		return "", w.ch.QueueBind(w.queue(b.queue), b.key, w.exchange(b.source), false, b.args)
	})
}

func (tw *bothWorlds) unbind(t *rapid.T) {
	b := tw.drawBinding(t)
	tw.same(t, "unbind", func(w *world) (string, error) {
		if b.queue < 0 {
			return "", w.ch.ExchangeUnbind(w.exchange(b.exchange), b.key, w.exchange(b.source), false, b.args)
		}
		return "", w.ch.QueueUnbind(w.queue(b.queue), b.key, w.exchange(b.source), b.args)
	})
}

func (tw *bothWorlds) purge(t *rapid.T) {
	queue := rapid.IntRange(0, planQueues-1).Draw(t, "queue")
	tw.same(t, "purge", func(w *world) (string, error) {
		n, err := w.ch.QueuePurge(w.queue(queue), false)
		return fmt.Sprint(n), err
	})
}

// atRest waits until both worlds have the same depths, because a
// dead letter may arrive after the message that it replaces is confirmed.
func (tw *bothWorlds) atRest(t *rapid.T) {
	for deadline := time.Now().Add(3 * time.Second); ; time.Sleep(time.Millisecond) {
		var depths [2]string
		for i, w := range tw {
			var err error
			if depths[i], err = w.depths(); err != nil {
				t.Fatal(err)
			}
		}
		if depths[0] == depths[1] {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("depths:\nminirabbit %s\nRabbitMQ   %s", depths[0], depths[1])
		}
	}
}

func (tw *bothWorlds) drain(t *rapid.T) {
	for q := range planAllQueues {
		for range 200 {
			var last string
			tw.same(t, "drain", func(w *world) (string, error) {
				var err error
				last, err = w.get(q, true)
				return last, err
			})
			if last == "empty" {
				break
			}
		}
	}
}

// world is the plan on one broker, and a client's view of it.
type world struct {
	*plan
	conn      *amqp.Connection
	ch        *amqp.Channel
	returns   chan amqp.Return
	published int
	unacked   []uint64
}

func newWorld(t *rapid.T, conn *amqp.Connection, p *plan) *world {
	w := &world{plan: p, conn: conn}
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	var err error
	w.ch, err = conn.Channel()
	must(err)
	must(w.ch.Confirm(false))
	w.returns = w.ch.NotifyReturn(make(chan amqp.Return, 1))
	for i, kind := range p.kinds {
		args := amqp.Table{}
		if p.alternate[i] >= 0 {
			args["alternate-exchange"] = p.exchange(p.alternate[i])
		}
		must(w.ch.ExchangeDeclare(p.exchange(i), kind, false, false, false, false, args))
	}
	for i, args := range p.queues {
		_, err := w.ch.QueueDeclare(p.queue(i), false, false, false, false, args)
		must(err)
	}
	return w
}

// publish returns the broker's answer to a message.
func (w *world) publish(exchange int, key string, mandatory bool, msg amqp.Publishing) (string, error) {
	confirm, err := w.ch.PublishWithDeferredConfirm(w.exchange(exchange), key, mandatory, false, msg)
	if err != nil {
		return "", err
	}
	select {
	case <-confirm.Done():
	case <-time.After(waitLimit):
		return "", fmt.Errorf("no confirm")
	}
	verdict := fmt.Sprintf("ack %v", confirm.Acked())
	select {
	case r := <-w.returns:
		verdict += fmt.Sprintf(" returned %d %s", r.ReplyCode, r.Body)
	default:
	}
	return verdict, nil
}

// get writes down everything about the next message.
func (w *world) get(queue int, autoAck bool) (string, error) {
	d, ok, err := w.ch.Get(w.queue(queue), autoAck)
	if err != nil || !ok {
		return "empty", err
	}
	if !autoAck {
		w.unacked = append(w.unacked, d.DeliveryTag)
	}
	return fmt.Sprintf("%d: %s redelivered %v from %s %s, priority %d, headers %s", d.DeliveryTag, d.Body, d.Redelivered,
		d.Exchange, d.RoutingKey, d.Priority, written(d.Headers)), nil
}

// written writes down headers in a fixed order and without the times of deaths.
func written(value any) string {
	switch v := value.(type) {
	case amqp.Table:
		var fields []string
		for _, key := range slices.Sorted(maps.Keys(v)) {
			if key != "time" {
				fields = append(fields, key+"="+written(v[key]))
			}
		}
		return "{" + strings.Join(fields, " ") + "}"
	case []any:
		var items []string
		for _, item := range v {
			items = append(items, written(item))
		}
		return "[" + strings.Join(items, " ") + "]"
	default:
		return fmt.Sprintf("%T:%v", v, v)
	}
}

func (w *world) depths() (string, error) {
	var all []int
	for i := range planAllQueues {
		q, err := w.ch.QueueDeclarePassive(w.queue(i), false, false, false, false, nil)
		if err != nil {
			return "", err
		}
		all = append(all, q.Messages)
	}
	return fmt.Sprint(all), nil
}

// delete uses a new channel, because that of the test may be closed.
func (w *world) delete() {
	_ = w.ch.Close()
	ch, err := w.conn.Channel()
	if err != nil {
		return
	}
	defer ch.Close()
	for i := range planAllQueues {
		_, _ = ch.QueueDelete(w.queue(i), false, false, false)
	}
	for i := range planExchanges {
		_ = ch.ExchangeDelete(w.exchange(i), false, false)
	}
}
