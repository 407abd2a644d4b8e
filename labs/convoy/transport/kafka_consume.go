package transport

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"

	"resilab/brokers/kafka"
)

// Consume implements Transport. The consumer is one member of the group.
func (k *kafkaTopic) Consume(ctx context.Context, consumer int, _ []Lane, serve Serve) {
	for k.members.AwaitUp(ctx) == nil {
		member, err := kafka.NewMember(k.options(fmt.Sprintf("consumer-%d", consumer)), topicName(k.opt.Namespace), k.group())
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

// serve passes the member's records to the consumer, with no more than prefetch
// of them unacknowledged.
func (k *kafkaTopic) serve(ctx context.Context, member *kgo.Client, serve Serve) error {
	ctx, cancel := context.WithCancel(ctx)
	in := make(chan Delivery)
	acks := &kafkaAcks{member: member, open: map[uint64]*kgo.Record{}, slots: make(chan struct{}, k.opt.Prefetch),
		park: func(r *kgo.Record) error { return k.park(ctx, r) }}
	fed := make(chan struct{})
	go k.opt.Env.Guarded(func() {
		defer close(fed)
		defer close(in)
		k.feed(ctx, member, acks, in)
	})()
	defer member.Close() // deferred, because serve may panic
	defer func() {
		cancel()
		<-fed
	}()
	return serve(ctx, in)
}

func (k *kafkaTopic) feed(ctx context.Context, member *kgo.Client, acks *kafkaAcks, in chan<- Delivery) {
	for ctx.Err() == nil {
		fetches := member.PollRecords(ctx, k.opt.Prefetch)
		for _, r := range fetches.Records() {
			tag, ok := acks.take(ctx, r)
			if !ok {
				return
			}
			o, err := decode(r.Value)
			if err != nil || o.User >= k.opt.Users {
				_ = acks.ack(tag) // none of ours
				continue
			}
			lane := KafkaLane(k.opt.Namespace, int(r.Partition)+1)
			select {
			case in <- Delivery{Order: o, Lane: lane, Redelivered: k.again(r), settler: acks, tag: tag}:
			case <-ctx.Done():
				return
			}
		}
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
