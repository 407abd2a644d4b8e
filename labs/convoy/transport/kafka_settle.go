package transport

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// kafkaAcks lets a consumer acknowledge Kafka's records one by one: a record that
// is acknowledged is marked, and what is marked is committed.
type kafkaAcks struct {
	member *kgo.Client
	slots  chan struct{}           // one is taken for every record that is not acknowledged
	park   func(*kgo.Record) error // moves a record to the dead-letter topic

	mu   sync.Mutex
	open map[uint64]*kgo.Record
	last uint64
}

var errNotOpen = errors.New("the record is settled already")

// take returns a tag for a record, waiting for room. It reports false when ctx
// has ended.
func (a *kafkaAcks) take(ctx context.Context, r *kgo.Record) (tag uint64, ok bool) {
	select {
	case a.slots <- struct{}{}:
	case <-ctx.Done():
		return 0, false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.last++
	a.open[a.last] = r
	return a.last, true
}

func (a *kafkaAcks) ack(tag uint64) error {
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

func (a *kafkaAcks) requeue(uint64, bool) error { return ErrRequeueUnsupported }

func (a *kafkaAcks) delay(context.Context, *Delivery, time.Duration) error {
	return ErrDelayUnsupported
}

func (a *kafkaAcks) discard(tag uint64) error {
	a.mu.Lock()
	r := a.open[tag]
	a.mu.Unlock()
	if r == nil {
		return errNotOpen
	}
	if err := a.park(r); err != nil {
		return err
	}
	return a.ack(tag)
}
