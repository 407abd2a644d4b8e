package convoy

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/twmb/franz-go/pkg/kgo"

	"resilab/brokers/kafka"
	"resilab/brokers/rabbitmq"
	"resilab/labs/lab"
)

const (
	kafkaPing   = time.Second // between two looks whether the broker answers
	kafkaFinish = 3 * time.Second
)

var errNoRemoval = errors.New("a partition cannot be taken away from a Kafka topic")

// kafkaTopic is an epoch's topology in Kafka: one topic with a partition a
// lane, one group with a member a consumer.
type kafkaTopic struct {
	opt brokerOptions
	e   *epoch

	gate
	mu       sync.Mutex
	topic    *kafka.Topic
	producer *kgo.Client
	next     map[int32]int64 // of each partition, the offset that nobody has received yet
}

func newKafka(opt brokerOptions, e *epoch) *kafkaTopic {
	return &kafkaTopic{opt: opt, e: e, gate: newGate(), next: map[int32]int64{}}
}

func (k *kafkaTopic) named(part string) string { return k.opt.namespace + "." + part }
func (k *kafkaTopic) topicName() string        { return k.named("orders") }
func (k *kafkaTopic) deadName() string         { return k.named("dead") }
func (k *kafkaTopic) group() string            { return k.named("order-group") }
func (k *kafkaTopic) name(lane int) string     { return fmt.Sprintf("%s-%d", k.topicName(), lane-1) }

func (k *kafkaTopic) options(role string) kafka.Options {
	return kafka.Options{Addr: k.opt.url, Name: k.named(role)}
}

// partitionOf is the partition behind a lane.
func partitionOf(l laneID) int { return l.number - 1 }

func (k *kafkaTopic) run(ctx context.Context) {
	for ctx.Err() == nil {
		if err := k.session(ctx); err != nil && ctx.Err() == nil {
			k.tellFirst(fmt.Errorf("%w; start it with: docker compose --profile kafka up -d kafka", err))
			k.e.brokerDown(k.opt.url, err)
			sleep(ctx, kafkaPing)
		}
	}
}

// session keeps a topic and a producer until ctx ends. An error means that the
// topic could not be declared; a broker that goes away later is waited for.
func (k *kafkaTopic) session(ctx context.Context) error {
	topic, err := kafka.OpenTopic(ctx, k.options("admin"), k.topicName(), k.group(), len(k.e.lanesNow()))
	if err != nil {
		return err
	}
	defer topic.Close()
	dead, err := kafka.OpenTopic(ctx, k.options("dead"), k.deadName(), k.group(), 1)
	if err != nil {
		return err
	}
	defer dead.Close()
	producer, err := kafka.NewProducer(k.options("producer"), confirmWindow, k.e.cfg.mode == modeConvoy)
	if err != nil {
		return err
	}
	k.set(topic, producer)
	k.e.hold(true)
	k.open()
	k.awaitGroup(ctx, topic)
	k.e.hold(false)
	k.e.brokerUp(k.opt.url)
	k.tellFirst(nil)
	k.watch(ctx, topic)
	k.shut()
	k.set(nil, nil)
	producer.Close() // the promises of what is under way are kept now
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), kafkaFinish)
	defer cancel()
	_ = errors.Join(topic.Delete(last), dead.Delete(last)) // nobody is left who could be told
	return nil
}

// awaitGroup waits until every consumer is in the group: while they join, the
// partitions go from hand to hand, and nobody should measure that.
func (k *kafkaTopic) awaitGroup(ctx context.Context, topic *kafka.Topic) {
	ctx, cancel := context.WithTimeout(ctx, kafkaFinish)
	defer cancel()
	for ctx.Err() == nil {
		if n, err := topic.Members(ctx); err == nil && n >= k.e.workerCount() {
			return
		}
		sleep(ctx, drainPoll)
	}
}

// watch tells the epoch when the broker goes and comes. The clients connect
// again by themselves.
func (k *kafkaTopic) watch(ctx context.Context, topic *kafka.Topic) {
	for {
		sleep(ctx, kafkaPing)
		if ctx.Err() != nil {
			return
		}
		if err := topic.Ping(ctx); err == nil {
			k.e.brokerBack(k.opt.url)
		} else if ctx.Err() == nil {
			k.e.brokerDown(k.opt.url, err)
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

func (k *kafkaTopic) publish(ctx context.Context, out outgoing) error {
	_, producer := k.clients()
	if producer == nil {
		return errAway
	}
	r := &kgo.Record{Topic: k.topicName(), Value: out.encode(out.created), Timestamp: out.created, Partition: int32(out.lane - 1)}
	if k.e.cfg.mode != modeCompeting {
		r.Key = []byte(out.userID())
	}
	producer.Produce(ctx, r, func(_ *kgo.Record, err error) {
		fate := rabbitmq.Confirmed
		if err != nil {
			fate = rabbitmq.Unknown
		}
		k.e.settled(out.n, fate)
	})
	return nil
}

// consume is one member of the group. Which lanes it serves, the group decides.
func (k *kafkaTopic) consume(ctx context.Context, w *worker) {
	for k.awaitUp(ctx) == nil {
		member, err := kafka.NewMember(k.options(fmt.Sprintf("consumer-%d", w.number)), k.topicName(), k.group())
		if err != nil {
			sleep(ctx, kafkaPing)
			continue
		}
		err = k.serve(ctx, member, w)
		if errors.Is(err, errKilled) {
			sleep(ctx, restartAfter)
		}
	}
}

// serve passes the member's records to the worker, with no more than prefetch
// of them unacknowledged.
func (k *kafkaTopic) serve(ctx context.Context, member *kgo.Client, w *worker) error {
	ctx, cancel := context.WithCancel(ctx)
	in := make(chan amqp.Delivery)
	acks := &acks{member: member, open: map[uint64]*kgo.Record{}, slots: make(chan struct{}, k.e.cfg.prefetch),
		park: func(r *kgo.Record) error { return k.park(ctx, r) }}
	fed := make(chan struct{})
	go k.e.env.Guarded(func() {
		defer close(fed)
		defer close(in)
		k.feed(ctx, member, acks, in)
	})()
	err := w.serve(ctx, in)
	cancel()
	<-fed
	member.Close()
	return err
}

func (k *kafkaTopic) feed(ctx context.Context, member *kgo.Client, acks *acks, in chan<- amqp.Delivery) {
	for ctx.Err() == nil {
		fetches := member.PollRecords(ctx, k.e.cfg.prefetch)
		for _, r := range fetches.Records() {
			d, ok := acks.take(ctx, r)
			if !ok {
				return
			}
			d.Redelivered = k.again(r)
			select {
			case in <- d:
			case <-ctx.Done():
				return
			}
		}
	}
}

// again tells whether a record was received before. Kafka does not say so, as
// RabbitMQ does: its offset tells.
func (k *kafkaTopic) again(r *kgo.Record) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if r.Offset < k.next[r.Partition] {
		return true
	}
	k.next[r.Partition] = r.Offset + 1
	return false
}

// park sets a record aside in the dead-letter topic.
func (k *kafkaTopic) park(ctx context.Context, r *kgo.Record) error {
	_, producer := k.clients()
	if producer == nil {
		return errAway
	}
	dead := &kgo.Record{Topic: k.deadName(), Key: r.Key, Value: r.Value}
	if err := producer.ProduceSync(ctx, dead).FirstErr(); err != nil {
		return fmt.Errorf("setting a record aside: %w", err)
	}
	if o, err := decodeOrder(r.Value); err == nil {
		k.e.deadLettered(o)
	}
	return nil
}

// laneOf finds the lane by the partition that the delivery names.
func (k *kafkaTopic) laneOf(w *worker, d *amqp.Delivery) *lane {
	k.e.mu.Lock()
	defer k.e.mu.Unlock()
	for _, l := range k.e.lanes {
		if l.queue == d.RoutingKey {
			return l
		}
	}
	return w.lane
}

// waiting counts what is not committed. Commits are a moment behind.
func (k *kafkaTopic) waiting(ctx context.Context, l laneID) (int, error) {
	topic, _ := k.clients()
	if topic == nil {
		return 0, errAway
	}
	return topic.Lag(ctx, partitionOf(l))
}

func (k *kafkaTopic) addLane(ctx context.Context, _ laneID) error {
	topic, _ := k.clients()
	if topic == nil {
		return errAway
	}
	return topic.AddPartition(ctx)
}

func (k *kafkaTopic) closeLane(context.Context, laneID) error  { return errNoRemoval }
func (k *kafkaTopic) deleteLane(context.Context, laneID) error { return errNoRemoval }

// cut does nothing that could be seen: Kafka's clients connect again by
// themselves and send again what was not confirmed, without doubling it.
func (k *kafkaTopic) cut() {}

func (k *kafkaTopic) refuses() (trouble lab.Trouble, yes bool) { return trouble, false }
