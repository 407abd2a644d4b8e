package rabbitmq

import (
	"errors"
	"fmt"
	"strings"

	amqp "github.com/rabbitmq/amqp091-go"
)

// QueueState is whether a durable queue can be used.
type QueueState int

// The states of a queue.
const (
	QueueReady QueueState = iota // it can be used
	QueueGone                    // there is none: it expired, or was deleted
	QueueDown                    // it exists, but the node that holds it is down
)

// QueueState returns the state of the durable queue of that name.
func (c *Conn) QueueState(name string) (QueueState, error) {
	ch, err := c.Channel()
	if err != nil {
		return QueueGone, err
	}
	defer ch.Close()
	_, err = ch.QueueDeclarePassive(name, true, false, false, false, nil)
	if err == nil {
		return QueueReady, nil
	}
	if state := StateOf(err); state != QueueReady {
		return state, nil
	}
	return QueueGone, fmt.Errorf("RabbitMQ at %s: looking for the queue %s: %w", c.addr, name, err)
}

// StateOf returns what a reply of the broker says about a queue. An error that
// says nothing about one is QueueReady.
//
// RabbitMQ answers 404 in both cases. "no queue 'x' in vhost '/'" means that there
// is none; "home node 'rabbit@b' of durable queue 'x' in vhost '/' is down or
// inaccessible", or that its process has stopped, means that it comes back with
// everything in it.
func StateOf(err error) QueueState {
	var refused *amqp.Error
	switch {
	case errors.Is(err, ErrCancelled):
		return QueueGone
	case !errors.As(err, &refused) || refused.Code != amqp.NotFound:
		return QueueReady
	case strings.Contains(refused.Reason, "no queue"):
		return QueueGone
	default:
		return QueueDown
	}
}

// AccessRefused reports whether an error says that the broker does not let this user
// in, or does not let it do something.
func AccessRefused(err error) bool {
	var closed *amqp.Error
	return errors.As(err, &closed) && (closed.Code == amqp.AccessRefused || closed.Code == amqp.NotAllowed)
}
