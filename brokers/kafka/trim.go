package kafka

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	// trimEvery is how often records that were handled are deleted.
	trimEvery = 2 * time.Second
	// segmentBytes is how much of a partition is freed at once.
	segmentBytes = 256 << 10
)

// smallSegments makes the embedded Kafka free memory in small parts.
func smallSegments() kfake.Opt {
	return kfake.BrokerConfigs(map[string]string{"log.segment.bytes": strconv.Itoa(segmentBytes)})
}

// trimmer deletes the records that every group of a topic has committed. The
// embedded Kafka keeps all records in memory, and a lab reads each one once.
type trimmer struct {
	client *kgo.Client
	stop   context.CancelFunc
	done   chan struct{}
}

func startTrimmer(addr string) (*trimmer, error) {
	client, err := kgo.NewClient(kgo.SeedBrokers(strings.Split(addr, ",")...), kgo.DialTimeout(pingTimeout))
	if err != nil {
		return nil, fmt.Errorf("trimming the embedded Kafka: %w", err)
	}
	ctx, stop := context.WithCancel(context.Background()) // close ends it
	t := &trimmer{client: client, stop: stop, done: make(chan struct{})}
	go t.run(ctx)
	return t, nil
}

func (t *trimmer) close() {
	t.stop()
	<-t.done
	t.client.Close()
}

func (t *trimmer) run(ctx context.Context) {
	defer close(t.done)
	tick := time.NewTicker(trimEvery)
	defer tick.Stop()
	admin := kadm.NewClient(t.client)
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			_ = trim(ctx, admin) // what cannot be deleted now is deleted later
		}
	}
}

// trim deletes what all groups that read a partition have handled.
func trim(ctx context.Context, admin *kadm.Client) error {
	handled := kadm.Offsets{}
	if err := committed(ctx, admin, handled); err != nil {
		return err
	}
	if err := acknowledged(ctx, admin, handled); err != nil {
		return err
	}
	if len(handled) == 0 {
		return nil
	}
	_, err := admin.DeleteRecords(ctx, handled)
	return err
}

// committed adds the offsets that consumer groups have committed.
func committed(ctx context.Context, admin *kadm.Client, handled kadm.Offsets) error {
	groups, err := admin.ListGroups(ctx)
	if err != nil {
		return err
	}
	var names []string
	for _, g := range groups {
		if g.ProtocolType != "share" {
			names = append(names, g.Group)
		}
	}
	if len(names) == 0 {
		return nil
	}
	for _, offsets := range admin.FetchManyOffsets(ctx, names...) {
		if offsets.Err != nil {
			return offsets.Err
		}
		for _, o := range offsets.Fetched.Offsets().Sorted() {
			atMost(handled, o.Topic, o.Partition, o.At)
		}
	}
	return nil
}

// acknowledged adds the offsets below which share groups have nothing to deliver.
func acknowledged(ctx context.Context, admin *kadm.Client, handled kadm.Offsets) error {
	groups, err := admin.DescribeShareGroupOffsets(ctx)
	if err != nil {
		return err
	}
	for _, g := range groups {
		g.Offsets.Each(func(o kadm.ShareOffset) {
			if o.StartOffset >= 0 {
				atMost(handled, o.Topic, o.Partition, o.StartOffset)
			}
		})
	}
	return nil
}

// atMost lowers the offset of a partition.
func atMost(handled kadm.Offsets, topic string, partition int32, at int64) {
	if known, ok := handled.Lookup(topic, partition); ok && known.At <= at {
		return
	}
	handled.Delete(topic, partition) // adding would keep the higher one
	handled.AddOffset(topic, partition, at, -1)
}
