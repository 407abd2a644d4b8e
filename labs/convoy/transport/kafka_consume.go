package transport

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"

	"resilab/brokers/kafka"
)

// errServed is why the records of a consumer end that has ended while the run goes on.
var errServed = errors.New("the consumer has ended")

// Consume implements Transport. The consumer is one member of the group.
func (k *kafkaTopic) Consume(ctx context.Context, consumer int, _ []Lane, serve Serve) {
	for k.members.AwaitUp(ctx) == nil {
		member, err := k.join(fmt.Sprintf("consumer-%d", consumer))
		if err != nil {
			k.events.ConsumerDown(consumer, err)
			pause(ctx, kafkaPing)
			continue
		}
		k.events.ConsumerUp(consumer)
		if err := k.serve(ctx, member, serve); errors.Is(err, ErrKilled) {
			_ = k.opt.Env.Clock.Sleep(ctx, k.opt.RestartAfter) // AwaitUp looks at ctx
		}
	}
}

// join opens a member of the group.
func (k *kafkaTopic) join(role string) (*kgo.Client, error) {
	if k.opt.Sharing == Shared {
		return kafka.NewShareMember(k.options(role), topicName(k.opt.Namespace), k.group(), k.opt.Prefetch)
	}
	return kafka.NewMember(k.options(role), topicName(k.opt.Namespace), k.group())
}

// serve passes the member's records to the consumer, with no more than prefetch
// of them unacknowledged.
func (k *kafkaTopic) serve(ctx context.Context, member *kgo.Client, serve Serve) error {
	ctx, cancel := context.WithCancelCause(ctx)
	in := make(chan Delivery)
	feed := k.feed
	if k.opt.Sharing == Shared {
		feed = k.feedShared
	}
	fed := make(chan struct{})
	go k.opt.Env.Guarded(func() {
		defer close(fed)
		defer close(in)
		feed(ctx, member, in)
	})()
	defer member.Close() // deferred, because serve may panic
	defer func() {
		cancel(errServed)
		<-fed
	}()
	return serve(ctx, in)
}

func (k *kafkaTopic) feed(ctx context.Context, member *kgo.Client, in chan<- Delivery) {
	acks := &kafkaAcks{member: member, open: map[uint64]*kgo.Record{}, slots: make(chan struct{}, k.opt.Prefetch),
		park: func(r *kgo.Record) error { return k.park(ctx, r) }}
	for ctx.Err() == nil {
		fetches := member.PollRecords(ctx, k.opt.Prefetch)
		for _, r := range fetches.Records() {
			tag, ok := acks.take(ctx, r)
			if !ok {
				return
			}
			if !k.opt.pass(ctx, r, Delivery{Redelivered: k.again(r), settler: acks, tag: tag}, in) {
				return
			}
		}
	}
}

// pass passes a record on as a delivery, and reports false when ctx has ended before. A
// record that is none of the run's is acknowledged.
func (o Options) pass(ctx context.Context, r *kgo.Record, d Delivery, in chan<- Delivery) bool {
	order, err := decode(r.Value)
	if err != nil || order.User >= o.Users {
		_ = d.Ack() // if it fails, it comes again
		return true
	}
	d.Order, d.Lane = order, KafkaLane(o.Namespace, int(r.Partition)+1)
	select {
	case in <- d:
		return true
	case <-ctx.Done():
		return false
	}
}

// again reports whether a record was received before. RabbitMQ marks redeliveries,
// Kafka does not: the offsets are compared.
func (k *kafkaTopic) again(r *kgo.Record) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if r.Offset < k.next[r.Partition] {
		return true
	}
	k.next[r.Partition] = r.Offset + 1
	return false
}

// park moves a record to the dead-letter topic.
func (k *kafkaTopic) park(ctx context.Context, r *kgo.Record) error {
	_, producer := k.clients()
	if producer == nil {
		return ErrNotConnected
	}
	dead := &kgo.Record{Topic: k.deadName(), Key: r.Key, Value: r.Value}
	if err := producer.ProduceSync(ctx, dead).FirstErr(); err != nil {
		return fmt.Errorf("moving a record to the dead-letter topic: %w", err)
	}
	if o, err := decode(r.Value); err == nil {
		k.events.DeadLettered(o)
	}
	return nil
}
