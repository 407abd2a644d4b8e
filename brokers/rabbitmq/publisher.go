package rabbitmq

import (
	"context"
	"fmt"
	"sync"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// Fate is what became of a published message.
type Fate int

const (
	Confirmed Fate = iota // the broker has taken responsibility for it
	Refused               // the broker said it could not (basic.nack)
	Returned              // no queue is bound for it
	Unknown               // the connection ended before the broker said anything
)

// overtakenEvery is how long the oldest outcome is waited for before later ones
// are looked for, as when one of several queues has no leader.
const overtakenEvery = 20 * time.Millisecond

// Publisher publishes with confirms, up to a window of them at once, on
// its own channel. Its methods are safe for concurrent use; messages are
// sent in the order of the calls.
//
// Each message has its own confirmation. The confirmations that amqp091-go
// 1.16 sends to NotifyPublish do not serve: one for several messages replaces
// those that came before it, so a nack in between is reported as an ack.
type Publisher struct {
	conn   *Conn
	ch     *amqp.Channel
	settle func(token uint64, fate Fate)
	slots  chan struct{} // one is taken by each message that is not settled

	sending sync.Mutex // held while sending, so that pending has the order of sending
	mu      sync.Mutex
	pending []publish     // oldest first
	added   chan struct{} // receives when the oldest is another one

	stop     sync.Once
	closing  chan struct{} // closed when nothing more may be sent
	farewell chan struct{} // closed when the channel has been closed
	closed   chan *amqp.Error
	finished chan struct{} // closed when everything is settled
}

type publish struct {
	token   uint64
	id      string
	outcome *amqp.DeferredConfirmation // nil: sending it failed
}

// NewPublisher opens a channel in confirm mode. window bounds the messages that
// wait for their confirm. settle is called exactly once for every token that
// Publish accepted, from one goroutine, in the order of publishing unless an
// outcome is late; it must not block. The caller must call Close.
func (c *Conn) NewPublisher(window int, settle func(token uint64, fate Fate)) (*Publisher, error) {
	ch, err := c.Channel()
	if err != nil {
		return nil, err
	}
	if err := ch.Confirm(false); err != nil {
		ch.Close()
		return nil, fmt.Errorf("RabbitMQ at %s: asking for confirms: %w", c.addr, err)
	}
	p := &Publisher{conn: c, ch: ch, settle: settle, slots: make(chan struct{}, window), added: make(chan struct{}, 1),
		closing: make(chan struct{}), farewell: make(chan struct{}), finished: make(chan struct{}),
		closed: ch.NotifyClose(make(chan *amqp.Error, 1))}
	// Returns are not buffered: one arrives before the confirm of its message, and
	// has been received before that confirm takes effect.
	go p.follow(ch.NotifyReturn(make(chan amqp.Return)))
	return p, nil
}

// Publish sends a message as mandatory, waiting first while the window is full.
// A nil error means that settle will be called with the token; after an error
// the message has not been sent. When the channel ends while sending, the
// token's fate is Unknown. A message that may be returned needs a MessageId.
func (p *Publisher) Publish(ctx context.Context, exchange, key string, token uint64, msg amqp.Publishing) error {
	select {
	case <-p.closing:
		return amqp.ErrClosed
	default:
	}
	select {
	case p.slots <- struct{}{}:
	case <-p.closing:
		return amqp.ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	p.sending.Lock()
	defer p.sending.Unlock()
	select {
	case <-p.closing:
		<-p.slots
		return amqp.ErrClosed
	default:
	}
	outcome, err := p.ch.PublishWithDeferredConfirm(exchange, key, true, false, msg)
	if err != nil {
		p.shut() // follow settles it with the others
	}
	p.add(publish{token, msg.MessageId, outcome})
	return nil
}

func (p *Publisher) add(sent publish) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pending = append(p.pending, sent)
	if len(p.pending) > 1 {
		return
	}
	select {
	case p.added <- struct{}{}:
	default:
	}
}

// follow settles what was sent until the channel has ended.
func (p *Publisher) follow(returns <-chan amqp.Return) {
	defer close(p.finished)
	late := time.NewTicker(overtakenEvery)
	defer late.Stop()
	returned := map[string]bool{}
	for {
		select {
		case r, ok := <-returns:
			if !ok {
				p.abandon(returned)
				return
			}
			returned[r.MessageId] = true
		case <-p.oldest():
			p.settlePending(returned, false)
			late.Reset(overtakenEvery)
		case <-late.C:
			p.settlePending(returned, true)
		case <-p.added:
		}
	}
}

// oldest returns a channel that is closed when the outcome of the oldest message
// is there; nil where there is none to wait for.
func (p *Publisher) oldest() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.pending) == 0 || p.pending[0].outcome == nil {
		return nil
	}
	return p.pending[0].outcome.Done()
}

// settlePending settles the oldest messages up to the first whose outcome is
// missing, or with overtaken all whose outcome is there.
func (p *Publisher) settlePending(returned map[string]bool, overtaken bool) {
	for _, sent := range p.take(overtaken) {
		p.settle(sent.token, p.fateOf(sent, returned))
		<-p.slots
	}
}

// take removes the messages from pending that can be settled.
func (p *Publisher) take(overtaken bool) []publish {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for n < len(p.pending) && p.pending[n].done() {
		n++
	}
	ready := p.pending[:n:n]
	p.pending = p.pending[n:]
	if !overtaken || len(p.pending) == 0 {
		return ready
	}
	var kept []publish
	for _, sent := range p.pending {
		if sent.done() {
			ready = append(ready, sent)
		} else {
			kept = append(kept, sent)
		}
	}
	p.pending = kept
	return ready
}

// done reports whether the outcome of a message is there.
func (sent publish) done() bool {
	if sent.outcome == nil {
		return false
	}
	select {
	case <-sent.outcome.Done():
		return true
	default:
		return false
	}
}

// fateOf is called when the outcome of a message is there. When a channel ends,
// amqp091-go gives every message that has none a nack.
func (p *Publisher) fateOf(sent publish, returned map[string]bool) Fate {
	switch {
	case len(returned) > 0 && returned[sent.id]:
		delete(returned, sent.id)
		return Returned
	case sent.outcome.Acked():
		return Confirmed
	case p.ch.IsClosed():
		return Unknown
	default:
		return Refused
	}
}

// abandon settles the rest when the channel has ended.
func (p *Publisher) abandon(returned map[string]bool) {
	p.shut()
	p.settlePending(returned, true)
	p.sending.Lock() // a Publish that saw the channel open has added its token now
	defer p.sending.Unlock()
	p.mu.Lock()
	rest := p.pending
	p.pending = nil
	p.mu.Unlock()
	for _, sent := range rest {
		p.settle(sent.token, Unknown)
		<-p.slots
	}
}

// shut begins to end the channel.
func (p *Publisher) shut() {
	p.stop.Do(func() {
		close(p.closing)
		go func() {
			defer close(p.farewell)
			_ = p.ch.Close() // it may be closed already
		}()
	})
}

// Done is closed when the channel has ended, also where the broker ended it, and
// everything is settled.
func (p *Publisher) Done() <-chan struct{} { return p.finished }

// Err returns, once, why the channel has ended; nil when it was Close.
func (p *Publisher) Err() error {
	select {
	case err := <-p.closed:
		if err != nil {
			return fmt.Errorf("RabbitMQ at %s: the channel for publishing was closed: %w", p.conn.addr, err)
		}
	default:
	}
	return nil
}

// Finish is Close after the outcomes of what was sent have come, or after limit. No
// other goroutine may publish in the meantime.
func (p *Publisher) Finish(limit time.Duration) {
	over := time.NewTimer(limit)
	defer over.Stop()
	for range cap(p.slots) { // a message that is settled frees its slot
		select {
		case p.slots <- struct{}{}:
			continue
		case <-p.finished:
		case <-over.C:
		}
		break
	}
	p.Close()
}

// Close ends the channel and returns when every token is settled. A connection
// that does not let the channel end in time is cut.
func (p *Publisher) Close() {
	p.shut()
	select {
	case <-p.farewell:
	case <-time.After(closePatience):
		p.conn.Cut()
	}
	<-p.farewell
	<-p.finished
}
