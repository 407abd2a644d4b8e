package minirabbit

import (
	"context"
	"fmt"
	"log/slog"

	"resilab/brokers/minirabbit/broker"
	"resilab/brokers/minirabbit/codec"
)

// TB is what [RunT] needs of a testing.TB.
type TB interface {
	Helper()
	Cleanup(func())
	Logf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// RunT starts a server for a test. The server is closed when the test ends, and
// logs to the test unless the options have a logger. If the server cannot start,
// the test fails.
func RunT(t TB, o Options) *Server {
	t.Helper()
	if o.Logger == nil {
		o.Logger = slog.New(slog.NewTextHandler(testWriter{t}, &slog.HandlerOptions{Level: slog.LevelInfo}))
	}
	s, err := Run(o)
	if err != nil {
		t.Fatalf("starting minirabbit: %v", err)
	}
	t.Cleanup(func() { _ = s.Close() }) // it returns no error
	return s
}

// A testWriter logs each line to a test.
type testWriter struct{ t TB }

func (w testWriter) Write(line []byte) (int, error) {
	w.t.Logf("minirabbit: %s", line[:max(0, len(line)-1)]) // without the line break
	return len(line), nil
}

// Publish publishes a message in the virtual host "/", as a client would. It
// returns an error if the exchange does not exist or no queue accepts the message.
func (s *Server) Publish(exchange, routingKey string, body []byte) error {
	var none codec.Properties
	m, err := broker.NewMessage(exchange, routingKey, none.Encode(), body, "")
	if err != nil {
		return fmt.Errorf("publishing to exchange %q: %w", exchange, err)
	}
	routed, err := s.broker.Publish(broker.DefaultVHost, m)
	switch {
	case err != nil:
		return fmt.Errorf("publishing to exchange %q: %w", exchange, err)
	case !routed:
		return fmt.Errorf("publishing to exchange %q with key %q: no queue accepted the message", exchange, routingKey)
	}
	return nil
}

// A Queue inspects a queue of the virtual host "/", which need not exist yet.
type Queue struct {
	server *Server
	name   string
}

// Queue returns a view of the queue of that name.
func (s *Server) Queue(name string) Queue { return Queue{s, name} }

// Messages returns the ready messages in the order in which they will be delivered.
// It returns nil if there is no such queue.
func (q Queue) Messages() []broker.MessageState {
	return q.server.broker.Messages(broker.DefaultVHost, q.name)
}

// State returns the state of the queue. ok is false if there is no such queue.
func (q Queue) State() (state broker.QueueState, ok bool) {
	snapshot := q.server.broker.Snapshot()
	return snapshot.Queue(q.name)
}

// WaitForAcks waits until consumers have acknowledged n messages since the queue
// was declared; automatic acknowledgements do not count. It returns an error if
// there is no such queue or ctx ends first.
func (q Queue) WaitForAcks(ctx context.Context, n int) error {
	acked, err := q.server.broker.Acked(broker.DefaultVHost, q.name, uint64(max(0, n)))
	if err != nil {
		return fmt.Errorf("waiting for %d acks: %w", n, err)
	}
	select {
	case <-acked:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("waiting for %d acks of queue %q: %w", n, q.name, ctx.Err())
	}
}
