package nats

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// ackTimeout is how long the server may take to confirm a message.
const ackTimeout = 10 * time.Second

// errClosed is the outcome of what was not confirmed when the publisher closed.
var errClosed = errors.New("the publisher was closed")

// Publisher publishes to streams, with at most so many messages unconfirmed. Its methods
// are safe for concurrent use.
type Publisher struct {
	js     jetstream.JetStream
	addr   string
	settle func(token uint64, err error)
	slots  chan struct{} // one is taken by each message that is not settled

	mu   sync.Mutex
	open map[string]uint64 // tokens by message id
}

// NewPublisher returns a publisher. settle is called exactly once for each token that
// Publish accepted, with nil when the server has stored the message; it must not block.
// The caller must call Close.
func (c *Conn) NewPublisher(window int, settle func(token uint64, err error)) (*Publisher, error) {
	p := &Publisher{addr: c.addr, settle: settle, slots: make(chan struct{}, window), open: map[string]uint64{}}
	js, err := jetstream.New(c.nc, jetstream.WithPublishAsyncTimeout(ackTimeout),
		jetstream.WithPublishAsyncAckHandler(func(_ jetstream.JetStream, m *nats.Msg, _ *jetstream.PubAck) {
			p.done(m.Header.Get(jetstream.MsgIDHeader), nil)
		}),
		jetstream.WithPublishAsyncErrHandler(func(_ jetstream.JetStream, m *nats.Msg, err error) { p.done(m.Header.Get(jetstream.MsgIDHeader), err) }))
	if err != nil {
		return nil, fmt.Errorf("using JetStream of NATS at %s: %w", c.addr, err)
	}
	p.js = js
	return p, nil
}

// Publish sends a message, waiting first while the window is full. A nil error means that
// settle will be called with the token; after an error it will not. The server stores a
// message with the same id once within Duplicates: sending again what was stored, but not
// confirmed, makes no copy.
func (p *Publisher) Publish(ctx context.Context, subject string, token uint64, id string, body []byte) error {
	select {
	case p.slots <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	p.mu.Lock()
	p.open[id] = token
	p.mu.Unlock()
	// The library would send a message that no stream takes again after a while, behind
	// later ones: the caller decides about that.
	_, err := p.js.PublishAsync(subject, body, jetstream.WithMsgID(id), jetstream.WithRetryAttempts(0))
	if err == nil {
		return nil
	}
	if _, open := p.take(id); !open {
		return nil // the connection broke meanwhile, and it was settled by that
	}
	return fmt.Errorf("publishing to NATS at %s: %w", p.addr, err)
}

// take returns the token of a message that is not settled, which it is from now on.
func (p *Publisher) take(id string) (token uint64, open bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	token, open = p.open[id]
	if open {
		delete(p.open, id)
		<-p.slots
	}
	return token, open
}

func (p *Publisher) done(id string, err error) {
	if token, open := p.take(id); open {
		p.settle(token, err)
	}
}

// Close settles what was not confirmed. Nothing may be published any more. The caller
// closes the connection first.
func (p *Publisher) Close() {
	p.mu.Lock()
	ids := slices.Collect(maps.Keys(p.open))
	p.mu.Unlock()
	for _, id := range ids {
		p.done(id, errClosed)
	}
}

// Refused reports whether the server said that it did not store a message. After any
// other error it may have stored it.
func Refused(err error) bool {
	var answer jetstream.JetStreamError
	return errors.Is(err, jetstream.ErrNoStreamResponse) || errors.As(err, &answer) && answer.APIError() != nil
}
