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

// Publisher publishes with confirms, up to a window of them at once, on a
// channel of its own. Its methods are safe for concurrent use; messages are
// sent in the order of the calls.
type Publisher struct {
	conn     *Conn
	ch       *amqp.Channel
	settle   func(token uint64, fate Fate)
	pending  chan publish // what was sent and is not settled, oldest first
	mu       sync.Mutex   // pending has the order of sending
	stop     sync.Once
	closing  chan struct{} // closed when nothing more may be sent
	farewell chan struct{} // closed when the channel has been closed
	closed   chan *amqp.Error
	finished chan struct{} // closed when everything is settled
}

type publish struct {
	token uint64
	id    string
}

// NewPublisher opens a channel in confirm mode. window bounds the publishes
// that wait for their confirm. settle is called exactly once for every token
// that Publish accepted, in the order of publishing, from one goroutine; it
// must not block. Close is due.
func (c *Conn) NewPublisher(window int, settle func(token uint64, fate Fate)) (*Publisher, error) {
	ch, err := c.Channel()
	if err != nil {
		return nil, err
	}
	if err := ch.Confirm(false); err != nil {
		ch.Close()
		return nil, fmt.Errorf("RabbitMQ at %s: asking for confirms: %w", c.addr, err)
	}
	p := &Publisher{conn: c, ch: ch, settle: settle, pending: make(chan publish, window),
		closing: make(chan struct{}), farewell: make(chan struct{}), finished: make(chan struct{}),
		closed: ch.NotifyClose(make(chan *amqp.Error, 1))}
	// Returns are not buffered: one arrives before the confirm of its message,
	// and has been received before that confirm is sent on.
	returns := ch.NotifyReturn(make(chan amqp.Return))
	confirms := ch.NotifyPublish(make(chan amqp.Confirmation, window))
	go p.follow(returns, confirms)
	return p, nil
}

// Publish sends a message as mandatory, waiting first while the window is full.
// A nil error means that settle will be called with the token; after an error
// the message has not been sent. When the channel is gone while sending, the
// token's fate is Unknown. Where a message may be returned it needs a MessageId.
func (p *Publisher) Publish(ctx context.Context, exchange, key string, token uint64, msg amqp.Publishing) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.closing:
		return amqp.ErrClosed
	default:
	}
	select {
	case p.pending <- publish{token, msg.MessageId}:
	case <-p.closing:
		return amqp.ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := p.ch.PublishWithContext(context.WithoutCancel(ctx), exchange, key, true, false, msg); err != nil {
		p.shut() // follow settles it with the others
	}
	return nil
}

// follow settles what was sent until the channel has ended.
func (p *Publisher) follow(returns <-chan amqp.Return, confirms <-chan amqp.Confirmation) {
	defer close(p.finished)
	returned := map[string]bool{}
	for {
		select {
		case r, ok := <-returns:
			if !ok {
				returns = nil
				continue
			}
			returned[r.MessageId] = true
		case conf, ok := <-confirms:
			if !ok {
				p.abandon()
				return
			}
			sent := <-p.pending
			p.settle(sent.token, fateOf(sent, conf.Ack, returned))
		}
	}
}

func fateOf(sent publish, ack bool, returned map[string]bool) Fate {
	switch {
	case len(returned) > 0 && returned[sent.id]:
		delete(returned, sent.id)
		return Returned
	case !ack:
		return Refused
	default:
		return Confirmed
	}
}

// abandon settles the rest: nobody will hear of it any more.
func (p *Publisher) abandon() {
	p.shut()
	p.mu.Lock() // a Publish that saw the channel open has added its token now
	defer p.mu.Unlock()
	for {
		select {
		case sent := <-p.pending:
			p.settle(sent.token, Unknown)
		default:
			return
		}
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

// Err tells, once, why the channel has ended; nil when it was Close.
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
