package minirabbit

import (
	"context"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"resilab/brokers/minirabbit/broker"
)

// soon is how long a test waits for what should happen at once.
const soon = 10 * time.Second

func run(t testing.TB, o Options) *Server {
	t.Helper()
	s, err := Run(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// unlistened returns a server of the default version that does not listen.
func unlistened(o Options) *Server {
	v, _ := broker.FindVersion("")
	return newServer(o, v)
}

// minFrameMax is the smallest frame_max of the default version.
const minFrameMax = 4096

// A peer is an amqp091-go connection with one channel.
type peer struct {
	*amqp.Channel
	t      testing.TB
	conn   *amqp.Connection
	closed chan *amqp.Error
}

func (s *Server) dial(t testing.TB, name string) *peer {
	t.Helper()
	properties := amqp.NewConnectionProperties()
	properties.SetClientConnectionName(name)
	conn, err := amqp.DialConfig(s.URL(), amqp.Config{Properties: properties})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	p := &peer{t: t, conn: conn, closed: conn.NotifyClose(make(chan *amqp.Error, 1))}
	p.Channel, err = conn.Channel()
	p.ok(err)
	return p
}

func (p *peer) ok(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p *peer) queue(name string, args amqp.Table) {
	p.t.Helper()
	_, err := p.QueueDeclare(name, true, false, false, false, args)
	p.ok(err)
}

func (p *peer) publish(queue string, bodies ...string) {
	p.t.Helper()
	for _, body := range bodies {
		p.ok(p.PublishWithContext(context.Background(), "", queue, false, false,
			amqp.Publishing{Body: []byte(body), DeliveryMode: amqp.Persistent}))
	}
}

func (p *peer) consume(queue string, noAck bool) <-chan amqp.Delivery {
	p.t.Helper()
	ds, err := p.Consume(queue, "", noAck, false, false, false, nil)
	p.ok(err)
	return ds
}

// receive waits for something on a channel.
func receive[T any](t testing.TB, c <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(soon):
		t.Fatalf("%s: nothing came", what)
		panic("unreachable")
	}
}

// becomes waits for a condition that other goroutines bring about.
func becomes(t testing.TB, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(soon); !condition(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}

// ready is how many messages wait in a queue of the server.
func (s *Server) ready(queue string) int {
	shot := s.Snapshot()
	q, _ := shot.Queue(queue)
	return q.Ready
}
