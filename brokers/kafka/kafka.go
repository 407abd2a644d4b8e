// Package kafka runs a Kafka in this process, and opens producers and group
// members with settings that report the fate of every record: each one is
// confirmed, and offsets are committed only for what was handled.
package kafka

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	pingTimeout    = 3 * time.Second
	commitEvery    = 100 * time.Millisecond
	sessionTimeout = 6 * time.Second        // the shortest that Kafka allows by default
	heartbeat      = 100 * time.Millisecond // the answer to a heartbeat announces that partitions are rebalanced
	fetchWait      = 250 * time.Millisecond
	metadataAge    = time.Second // so that new partitions are noticed soon
)

// Embedded is a Kafka in this process, on a port of the loopback interface. It
// keeps in memory what a group has not handled yet.
type Embedded struct {
	cluster *kfake.Cluster
	trimmer *trimmer
}

// StartEmbedded starts one broker. The caller must call Close.
func StartEmbedded() (*Embedded, error) {
	c, err := kfake.NewCluster(kfake.NumBrokers(1), smallSegments(), kfake.BrokerConfigs(shareSettings()))
	if err != nil {
		return nil, fmt.Errorf("starting the embedded Kafka: %w", err)
	}
	e := &Embedded{cluster: c}
	if e.trimmer, err = startTrimmer(e.Addr()); err != nil {
		c.Close()
		return nil, err
	}
	return e, nil
}

// Addr returns the broker's host and port.
func (e *Embedded) Addr() string { return strings.Join(e.cluster.ListenAddrs(), ",") }

// Close stops the broker.
func (e *Embedded) Close() {
	e.trimmer.close()
	e.cluster.Close()
}

// Options say how to connect. Addr is one host and port or several, with commas.
type Options struct {
	Addr string
	Name string // the client id
}

func (o Options) base() []kgo.Opt {
	return []kgo.Opt{
		kgo.SeedBrokers(strings.Split(o.Addr, ",")...), kgo.ClientID(o.Name),
		kgo.MetadataMinAge(metadataAge / 4), kgo.MetadataMaxAge(metadataAge), kgo.DialTimeout(pingTimeout),
	}
}

// Topic is a topic with its group, as the one who declares it sees it.
type Topic struct {
	addr   string
	client *kgo.Client
	admin  *kadm.Client
	name   string
	group  string
	shared bool // the group is a share group
}

// OpenTopic connects and declares a topic; one that exists already is taken
// over. The error is one line that names the address. The caller must
// call Close.
func OpenTopic(ctx context.Context, o Options, name, group string, partitions int) (*Topic, error) {
	client, err := kgo.NewClient(o.base()...)
	if err != nil {
		return nil, fmt.Errorf("opening a client of Kafka at %s: %w", o.Addr, err)
	}
	t := &Topic{addr: o.Addr, client: client, admin: kadm.NewClient(client), name: name, group: group}
	if err := t.Ping(ctx); err != nil {
		client.Close()
		return nil, err
	}
	_, err = t.admin.CreateTopic(ctx, int32(partitions), 1, nil, name)
	if err != nil && !errors.Is(err, kerr.TopicAlreadyExists) {
		client.Close()
		return nil, fmt.Errorf("declaring the topic %[2]s in Kafka at %[1]s: %[3]w", o.Addr, name, err)
	}
	return t, nil
}

// Ping returns an error unless the broker answers.
func (t *Topic) Ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	if err := t.client.Ping(ctx); err != nil {
		return fmt.Errorf("no answer from Kafka at %s: %w", t.addr, err)
	}
	return nil
}

// AddPartition makes one more partition.
func (t *Topic) AddPartition(ctx context.Context) error {
	responses, err := t.admin.CreatePartitions(ctx, 1, t.name)
	if err == nil {
		err = responses.Error()
	}
	if err != nil {
		return fmt.Errorf("adding a partition to %s: %w", t.name, err)
	}
	return nil
}

// Lag counts the records of a partition that the group has not committed, or not
// acknowledged.
func (t *Topic) Lag(ctx context.Context, partition int) (int, error) {
	if t.shared {
		return t.shareLag(ctx, partition)
	}
	ends, err := t.admin.ListEndOffsets(ctx, t.name)
	if err != nil {
		return 0, fmt.Errorf("looking at the topic %s: %w", t.name, err)
	}
	end, _ := ends.Lookup(t.name, int32(partition))
	commits, err := t.admin.FetchOffsets(ctx, t.group)
	if err != nil && !errors.Is(err, kerr.GroupIDNotFound) { // no member has joined it yet
		return 0, fmt.Errorf("looking at the group %s: %w", t.group, err)
	}
	done := int64(0)
	if c, ok := commits.Lookup(t.name, int32(partition)); ok {
		done = max(0, c.At)
	}
	return int(end.Offset - done), nil
}

// Members counts the members of the group, once it has shared the partitions
// out among them; 0 before.
func (t *Topic) Members(ctx context.Context) (int, error) {
	if t.shared {
		return t.shareMembers(ctx)
	}
	groups, err := t.admin.DescribeGroups(ctx, t.group)
	if err != nil {
		return 0, fmt.Errorf("looking at the group %s: %w", t.group, err)
	}
	g, ok := groups[t.group]
	if !ok || g.State != "Stable" {
		return 0, nil
	}
	return len(g.Members), nil
}

// Delete removes the topic and the group, with its settings.
func (t *Topic) Delete(ctx context.Context) error {
	_, errTopic := t.admin.DeleteTopic(ctx, t.name)
	_, errGroup := t.admin.DeleteGroup(ctx, t.group)
	if t.shared {
		_ = t.alterGroup(ctx, map[string]string{offsetReset: "", lockDuration: ""})
		_ = t.alterGroup(ctx, map[string]string{deliveryLimit: ""}) // which a broker before Kafka 4.3 does not know
	}
	return errors.Join(errTopic, errGroup)
}

// Close ends the connection.
func (t *Topic) Close() { t.client.Close() }

// NewProducer opens a producer that has at most window records under way.
// keyed lets Kafka's default partitioner choose by the record's key; otherwise
// the record names its partition. The caller must call Close.
func NewProducer(o Options, window int, keyed bool) (*kgo.Client, error) {
	partitioner := kgo.ManualPartitioner()
	if keyed {
		partitioner = kgo.StickyKeyPartitioner(nil)
	}
	c, err := kgo.NewClient(append(o.base(), kgo.MaxBufferedRecords(window), kgo.ProducerLinger(0), kgo.RecordPartitioner(partitioner))...)
	if err != nil {
		return nil, fmt.Errorf("opening a client of Kafka at %s: %w", o.Addr, err)
	}
	return c, nil
}

// NewMember opens a member of the group that reads the topic from its
// beginning. Records that are marked are committed soon, and when the member
// leaves. Close is due.
func NewMember(o Options, topic, group string) (*kgo.Client, error) {
	commit := func(ctx context.Context, c *kgo.Client, _ map[string][]int32) {
		_ = c.CommitMarkedOffsets(ctx) // what is not committed is delivered again
	}
	c, err := kgo.NewClient(append(o.base(),
		kgo.ConsumeTopics(topic), kgo.ConsumerGroup(group), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.AutoCommitMarks(), kgo.AutoCommitInterval(commitEvery), kgo.OnPartitionsRevoked(commit),
		kgo.SessionTimeout(sessionTimeout), kgo.HeartbeatInterval(heartbeat),
		kgo.FetchMaxWait(fetchWait))...)
	if err != nil {
		return nil, fmt.Errorf("opening a client of Kafka at %s: %w", o.Addr, err)
	}
	return c, nil
}
