package convoy

import (
	"context"
	"errors"
	"fmt"
	"sync"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/twmb/franz-go/pkg/kgo"
)

// acks lets a worker acknowledge Kafka's records one by one: a record that is
// acknowledged is marked, and what is marked is committed.
type acks struct {
	member *kgo.Client
	slots  chan struct{}           // one is taken for every record that is not acknowledged
	park   func(*kgo.Record) error // sets a record aside

	mu   sync.Mutex
	open map[uint64]*kgo.Record
	last uint64
}

var errNotOpen = errors.New("the record is not open")

// take makes a delivery of a record, waiting for room; false: ctx has ended.
func (a *acks) take(ctx context.Context, r *kgo.Record) (amqp.Delivery, bool) {
	select {
	case a.slots <- struct{}{}:
	case <-ctx.Done():
		return amqp.Delivery{}, false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.last++
	a.open[a.last] = r
	return amqp.Delivery{Acknowledger: a, DeliveryTag: a.last, Body: r.Value, RoutingKey: fmt.Sprintf("%s-%d", r.Topic, r.Partition)}, true
}

// Ack implements amqp.Acknowledger.
func (a *acks) Ack(tag uint64, _ bool) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	r := a.open[tag]
	if r == nil {
		return errNotOpen
	}
	delete(a.open, tag)
	a.member.MarkCommitRecords(r)
	<-a.slots
	return nil
}

// Nack implements amqp.Acknowledger. Kafka knows no such thing: a record that
// is wanted again stays with the consumer, any other is set aside.
func (a *acks) Nack(tag uint64, _, requeue bool) error {
	if requeue {
		return errKeep
	}
	a.mu.Lock()
	r := a.open[tag]
	a.mu.Unlock()
	if r == nil {
		return errNotOpen
	}
	if err := a.park(r); err != nil {
		return err
	}
	return a.Ack(tag, false)
}

// Reject implements amqp.Acknowledger.
func (a *acks) Reject(tag uint64, requeue bool) error { return a.Nack(tag, false, requeue) }
