package transport

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"resilab/brokers/kafka"
	"resilab/brokers/rabbitmq"
)

const (
	kafkaPing          = time.Second // between two looks whether the broker answers
	kafkaCloseTimeout  = 3 * time.Second
	kafkaMemberPoll    = 10 * time.Millisecond
	kafkaRejoinTimeout = 3 * time.Second
)

// kafkaTopic keeps the lanes in Kafka: one topic with a partition a lane, one
// group with a member a consumer. Where they are shared it is a share group, and there
// is one lane: the broker assigns each partition to ⌈members / partitions⌉ members, so
// that with as many partitions each member would have its own, as in a consumer group.
type kafkaTopic struct {
	*gate
	opt     Options
	events  Events
	members *gate // open while the topic exists
	// deliveries is how often a share group gets a record at most.
	deliveries atomic.Int32

	mu       sync.Mutex
	topic    *kafka.Topic
	producer *kgo.Client
	lanes    int
	next     map[int32]int64 // of each partition, the offset that was not received yet
}

// NewKafka returns the transport over Kafka.
func NewKafka(opt Options, events Events) Transport {
	return &kafkaTopic{opt: opt, events: events, gate: newGate(), members: newGate(),
		lanes: opt.Lanes, next: map[int32]int64{}}
}

// KafkaLane returns the lane with a number under a namespace.
func KafkaLane(namespace string, number int) Lane {
	return Lane{number, fmt.Sprintf("%s-%d", topicName(namespace), number-1)}
}

func topicName(namespace string) string { return namespace + ".orders" }

// Partition returns the partition behind a lane.
func (l Lane) Partition() int { return l.Number - 1 }

func (k *kafkaTopic) deadName() string { return k.opt.named("dead") }
func (k *kafkaTopic) group() string    { return k.opt.named("order-group") }

func (k *kafkaTopic) options(role string) kafka.Options {
	return kafka.Options{Addr: k.opt.URL, Name: k.opt.named(role)}
}

// Run implements Transport.
func (k *kafkaTopic) Run(ctx context.Context) {
	for ctx.Err() == nil {
		if err := k.session(ctx); err != nil && ctx.Err() == nil {
			k.setFirst(fmt.Errorf("%w; start it with: docker compose --profile kafka up -d kafka", err))
			k.events.Down(k.opt.URL, err)
			pause(ctx, kafkaPing)
		}
	}
}

// session keeps a topic and a producer until ctx ends. An error means that the
// topic could not be declared; a broker that goes away later is waited for.
func (k *kafkaTopic) session(ctx context.Context) error {
	topic, err := kafka.OpenTopic(ctx, k.options("admin"), topicName(k.opt.Namespace), k.group(), k.laneCount())
	if err != nil {
		return err
	}
	defer topic.Close()
	if k.opt.Sharing == Shared {
		deliveries, err := topic.Share(ctx)
		if err != nil {
			return err
		}
		k.deliveries.Store(int32(deliveries))
	}
	dead, err := kafka.OpenTopic(ctx, k.options("dead"), k.deadName(), k.group(), 1)
	if err != nil {
		return err
	}
	defer dead.Close()
	producer, err := kafka.NewProducer(k.options("producer"), confirmWindow, k.opt.Keyed)
	if err != nil {
		return err
	}
	defer k.leave(ctx, producer, topic, dead)
	k.set(topic, producer)
	k.members.open()
	k.awaitGroup(ctx, topic)
	k.open()
	k.events.Up(k.opt.URL)
	k.setFirst(nil)
	k.watch(ctx, topic)
	return nil
}

// leave ends a session and removes what it declared.
func (k *kafkaTopic) leave(ctx context.Context, producer *kgo.Client, topics ...*kafka.Topic) {
	k.shut()
	k.members.shut()
	k.set(nil, nil)
	producer.Close() // settles the records under way
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), kafkaCloseTimeout)
	defer cancel()
	for _, topic := range topics {
		_ = topic.Delete(last) // the run is over: no caller is left to report to
	}
}

// awaitGroup waits until every consumer is in the group: while they join,
// partitions are rebalanced, which is not what is measured.
func (k *kafkaTopic) awaitGroup(ctx context.Context, topic *kafka.Topic) {
	ctx, cancel := context.WithTimeout(ctx, kafkaRejoinTimeout)
	defer cancel()
	for ctx.Err() == nil {
		if n, err := topic.Members(ctx); err == nil && n >= k.opt.Consumers {
			return
		}
		pause(ctx, kafkaMemberPoll)
	}
}

// watch reports when the broker goes and comes. The clients connect again by
// themselves.
func (k *kafkaTopic) watch(ctx context.Context, topic *kafka.Topic) {
	away := false
	for {
		pause(ctx, kafkaPing)
		if ctx.Err() != nil {
			return
		}
		err := topic.Ping(ctx)
		switch {
		case err == nil && away:
			away = false
			k.events.Up(k.opt.URL)
		case err != nil && ctx.Err() == nil:
			away = true
			k.events.Down(k.opt.URL, err)
		}
	}
}

func (k *kafkaTopic) set(t *kafka.Topic, p *kgo.Client) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.topic, k.producer = t, p
}

func (k *kafkaTopic) clients() (*kafka.Topic, *kgo.Client) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.topic, k.producer
}

func (k *kafkaTopic) laneCount() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.lanes
}

// Publish implements Transport.
func (k *kafkaTopic) Publish(ctx context.Context, o Order, to Lane) error {
	_, producer := k.clients()
	if producer == nil {
		return ErrNotConnected
	}
	r := &kgo.Record{Topic: topicName(k.opt.Namespace), Value: encode(o), Timestamp: o.Created, Partition: int32(to.Partition())}
	if k.opt.Sharing != Competing {
		r.Key = []byte(o.UserName())
	}
	producer.Produce(ctx, r, func(_ *kgo.Record, err error) {
		defer k.opt.Env.Contain() // the client calls
		fate := rabbitmq.Confirmed
		if err != nil {
			fate = rabbitmq.Unknown
		}
		k.events.Settled(o.N, fate)
	})
	return nil
}

// Waiting implements Transport. Commits are a moment behind.
func (k *kafkaTopic) Waiting(ctx context.Context, l Lane) (int, error) {
	topic, _ := k.clients()
	if topic == nil {
		return 0, ErrNotConnected
	}
	return topic.Lag(ctx, l.Partition())
}

// AddLane implements Transport.
func (k *kafkaTopic) AddLane(ctx context.Context, _ Lane) error {
	topic, _ := k.clients()
	if topic == nil {
		return ErrNotConnected
	}
	if err := topic.AddPartition(ctx); err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.lanes++
	return nil
}

// CloseLane implements Transport.
func (k *kafkaTopic) CloseLane(context.Context, Lane) error { return ErrNoRemoval }

// DeleteLane implements Transport.
func (k *kafkaTopic) DeleteLane(context.Context, Lane) error { return ErrNoRemoval }

// Cut implements Transport. It does nothing that could be seen: Kafka's clients
// connect again by themselves and send again what was not confirmed, without
// doubling it.
func (k *kafkaTopic) Cut() {}

// Blocked implements Transport.
func (k *kafkaTopic) Blocked() (since time.Time, reason string) { return since, "" }
