package transport

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// releaseTimeout bounds how long a consumer waits until the broker has an order back.
const releaseTimeout = time.Second

// shareAcks settles the records of a share group one by one.
//
// The broker counts deliveries itself (group.share.delivery.count.limit, see
// kafka.Topic.Share): a record that comes back from its last one is archived, and no
// consumer is told. So an order that fails in its last delivery is moved to the
// dead-letter topic instead, as with a quorum queue at its limit, also where the lab's
// limit is higher or there is none. What a consumer had in its last delivery when it
// ended is reported as archived.
type shareAcks struct {
	member  *kgo.Client
	limit   int32                   // deliveries
	park    func(*kgo.Record) error // copies a record to the dead-letter topic
	settled chan struct{}           // has a value when a record was settled

	mu   sync.Mutex
	open map[uint64]*kgo.Record
	made uint64
}

func newShareAcks(member *kgo.Client, limit int32, park func(*kgo.Record) error) *shareAcks {
	return &shareAcks{member: member, limit: limit, park: park, settled: make(chan struct{}, 1), open: map[uint64]*kgo.Record{}}
}

// take returns a tag for a record.
func (a *shareAcks) take(r *kgo.Record) (tag uint64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.made++
	a.open[a.made] = r
	return a.made
}

// awaitAll waits until all records are settled: the next poll would accept the others.
func (a *shareAcks) awaitAll(ctx context.Context) {
	for len(a.unsettled()) > 0 {
		select {
		case <-a.settled:
		case <-ctx.Done():
			return
		}
	}
}

func (a *shareAcks) unsettled() (records []*kgo.Record) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, r := range a.open {
		records = append(records, r)
	}
	return records
}

func (a *shareAcks) record(tag uint64) (*kgo.Record, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if r := a.open[tag]; r != nil {
		return r, nil
	}
	return nil, errNotOpen
}

// settle acknowledges a record. The client sends an acknowledgement with its next fetch,
// or within a second; a release is sent at once, so that the order comes back soon.
func (a *shareAcks) settle(tag uint64, status kgo.AckStatus) error {
	r, err := a.record(tag)
	if err != nil {
		return err
	}
	r.Ack(status)
	if status == kgo.AckRelease {
		ctx, cancel := context.WithTimeout(context.Background(), releaseTimeout)
		defer cancel()
		_ = a.member.FlushAcks(ctx) // else the client sends it later
	}
	a.mu.Lock()
	delete(a.open, tag)
	a.mu.Unlock()
	select {
	case a.settled <- struct{}{}:
	default:
	}
	return nil
}

func (a *shareAcks) ack(tag uint64) error { return a.settle(tag, kgo.AckAccept) }

func (a *shareAcks) requeue(tag uint64, _ bool) error {
	r, err := a.record(tag)
	if err != nil {
		return err
	}
	if a.last(r) {
		return a.discard(tag)
	}
	return a.settle(tag, kgo.AckRelease)
}

// last reports whether the broker does not deliver a record again.
func (a *shareAcks) last(r *kgo.Record) bool { return r.DeliveryCount() >= a.limit }

func (a *shareAcks) delay(context.Context, *Delivery, time.Duration) error {
	return ErrDelayUnsupported
}

// discard copies the record to the dead-letter topic and rejects it: before Kafka 4.4 a
// share group has no dead-letter topic.
func (a *shareAcks) discard(tag uint64) error {
	r, err := a.record(tag)
	if err != nil {
		return err
	}
	if err := a.park(r); err != nil {
		return err
	}
	return a.settle(tag, kgo.AckReject)
}

// feedShared passes the records of a member of the share group on.
func (k *kafkaTopic) feedShared(ctx context.Context, member *kgo.Client, in chan<- Delivery) {
	acks := newShareAcks(member, k.deliveries.Load(), func(r *kgo.Record) error { return k.park(ctx, r) })
	for ctx.Err() == nil {
		for _, r := range member.PollRecords(ctx, k.opt.Prefetch).Records() {
			k.opt.pass(ctx, r, Delivery{Redelivered: r.DeliveryCount() > 1, settler: acks, tag: acks.take(r)}, in)
		}
		acks.awaitAll(ctx)
	}
	if !errors.Is(context.Cause(ctx), errServed) {
		return
	}
	for _, r := range acks.unsettled() {
		if o, err := decode(r.Value); err == nil && acks.last(r) {
			k.events.Archived(o)
		}
	}
}
