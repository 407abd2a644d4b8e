package rabbitmq

import (
	"errors"
	"fmt"

	amqp "github.com/rabbitmq/amqp091-go"
)

// ErrCancelled ends a consumer when its queue is deleted.
var ErrCancelled = errors.New("the broker cancelled the consumer: its queue was deleted")

// ConsumeOptions say what to receive. Queue is required.
type ConsumeOptions struct {
	Queue    string
	Tag      string // "" lets the client choose
	Prefetch int    // most deliveries that are not acknowledged; 0 means no limit
}

// Consumer receives from one queue, with manual acknowledgements, on its own
// channel.
type Consumer struct {
	// Deliveries closes when the consumer has ended.
	Deliveries <-chan amqp.Delivery

	ch        *amqp.Channel
	closed    chan *amqp.Error
	cancelled chan string
}

// Consume starts a consumer. The caller must call Close.
func (c *Conn) Consume(o ConsumeOptions) (*Consumer, error) {
	ch, err := c.Channel()
	if err != nil {
		return nil, err
	}
	k := &Consumer{ch: ch, closed: ch.NotifyClose(make(chan *amqp.Error, 1)), cancelled: ch.NotifyCancel(make(chan string, 1))}
	err = ch.Qos(o.Prefetch, 0, false)
	if err == nil {
		k.Deliveries, err = ch.Consume(o.Queue, o.Tag, false, false, false, false, nil)
	}
	if err != nil {
		ch.Close()
		return nil, fmt.Errorf("RabbitMQ at %s: consuming from %s: %w", c.addr, o.Queue, err)
	}
	return k, nil
}

// Err returns why Deliveries has closed; nil after Close.
func (k *Consumer) Err() error {
	select {
	case _, ok := <-k.cancelled:
		if ok {
			return ErrCancelled
		}
	default:
	}
	select {
	case err := <-k.closed:
		if err != nil {
			return err
		}
	default:
	}
	return nil
}

// Close ends the consumer by closing its channel; what is not acknowledged goes
// back to the queue. It never cancels first: RabbitMQ 3.10 to 3.13 does not
// hand a single-active queue over after basic.cancel.
func (k *Consumer) Close() {
	_ = k.ch.Close() // it may be closed already
}
