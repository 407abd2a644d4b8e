package kafka

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// What share groups (KIP-932) are set to.
const (
	// recordLock is how long a member may keep a record before the broker gives it to
	// another one: Kafka's default, which is set so that a broker's settings do not
	// change it.
	recordLock = 30 * time.Second
	// mostDeliveries is how often a record is delivered before the broker archives it:
	// the most that Kafka allows as it is delivered (KIP-1240).
	mostDeliveries = 10
	// usualDeliveries is Kafka's default.
	usualDeliveries = 5
	// lockSweep is how often the embedded Kafka looks for locks that have expired.
	lockSweep = time.Second
)

// Settings of a group, and those of a broker for groups that have none.
const (
	offsetReset     = "share.auto.offset.reset"
	lockDuration    = "share.record.lock.duration.ms"
	deliveryLimit   = "share.delivery.count.limit"
	brokersSettings = "group."
)

// shareSettings are the embedded Kafka's: it has those of a group for names only.
func shareSettings() map[string]string {
	return map[string]string{
		brokersSettings + lockDuration:        strconv.FormatInt(recordLock.Milliseconds(), 10),
		brokersSettings + deliveryLimit:       strconv.Itoa(mostDeliveries),
		"share.record.lock.sweep.interval.ms": strconv.FormatInt(lockSweep.Milliseconds(), 10),
	}
}

// Share makes the topic's group a share group, which reads from the beginning. It must
// be called before a member joins. It returns how often the broker delivers a record
// before it archives it.
func (t *Topic) Share(ctx context.Context) (deliveries int, err error) {
	t.shared = true
	err = t.alterGroup(ctx, map[string]string{offsetReset: "earliest", lockDuration: strconv.FormatInt(recordLock.Milliseconds(), 10)})
	if err != nil {
		return 0, fmt.Errorf("setting up a share group in Kafka at %s, which needs Kafka 4.1 with share.version=1, or 4.2: %w", t.addr, err)
	}
	_ = t.alterGroup(ctx, map[string]string{deliveryLimit: strconv.Itoa(mostDeliveries)}) // before Kafka 4.3 only a broker has it
	return t.deliveries(ctx)
}

// alterGroup sets settings of the group; "" removes one.
func (t *Topic) alterGroup(ctx context.Context, settings map[string]string) error {
	group := kmsg.NewIncrementalAlterConfigsRequestResource()
	group.ResourceType, group.ResourceName = kmsg.ConfigResourceTypeGroupConfig, t.group
	for name, value := range settings {
		c := kmsg.NewIncrementalAlterConfigsRequestResourceConfig()
		c.Name = name
		if value == "" {
			c.Op = kmsg.IncrementalAlterConfigOpDelete
		} else {
			c.Value = &value
		}
		group.Configs = append(group.Configs, c)
	}
	req := kmsg.NewPtrIncrementalAlterConfigsRequest()
	req.Resources = append(req.Resources, group)
	resp, err := req.RequestWith(ctx, t.client)
	if err != nil {
		return err
	}
	for _, r := range resp.Resources {
		err = errors.Join(err, kerr.ErrorForCode(r.ErrorCode))
	}
	return err
}

// deliveries returns the limit of the group's deliveries: its setting, else the
// broker's, else Kafka's default.
func (t *Topic) deliveries(ctx context.Context) (int, error) {
	brokers, err := t.admin.ListBrokers(ctx)
	if err != nil {
		return 0, fmt.Errorf("looking at the brokers of Kafka at %s: %w", t.addr, err)
	}
	sources := [][2]string{{t.group, deliveryLimit}}
	for _, id := range brokers.NodeIDs() {
		sources = append(sources, [2]string{strconv.Itoa(int(id)), brokersSettings + deliveryLimit})
	}
	kind := kmsg.ConfigResourceTypeGroupConfig
	for _, s := range sources {
		text, err := t.setting(ctx, kind, s[0], s[1])
		if err != nil {
			return 0, fmt.Errorf("reading %s of Kafka at %s: %w", s[1], t.addr, err)
		}
		if n, err := strconv.Atoi(text); err == nil {
			return n, nil
		}
		kind = kmsg.ConfigResourceTypeBroker
	}
	return usualDeliveries, nil
}

// setting reads a setting of a group or a broker; "" where there is none.
func (t *Topic) setting(ctx context.Context, kind kmsg.ConfigResourceType, resource, name string) (string, error) {
	wanted := kmsg.NewDescribeConfigsRequestResource()
	wanted.ResourceType, wanted.ResourceName, wanted.ConfigNames = kind, resource, []string{name}
	req := kmsg.NewPtrDescribeConfigsRequest()
	req.Resources = append(req.Resources, wanted)
	resp, err := req.RequestWith(ctx, t.client)
	if err != nil {
		return "", err
	}
	for _, r := range resp.Resources {
		for _, c := range r.Configs {
			if c.Name == name && c.Value != nil {
				return *c.Value, nil
			}
		}
	}
	return "", nil
}

// shareLag counts the records of a partition that no member of the share group has
// acknowledged. A broker before Kafka 4.2 does not count them (KIP-1226): there those
// that were acknowledged behind the first open one are counted too.
func (t *Topic) shareLag(ctx context.Context, partition int) (int, error) {
	ends, err := t.admin.ListEndOffsets(ctx, t.name)
	if err != nil {
		return 0, fmt.Errorf("looking at the topic %s: %w", t.name, err)
	}
	end, _ := ends.Lookup(t.name, int32(partition))
	groups, err := t.admin.DescribeShareGroupOffsets(ctx, t.group)
	if err == nil {
		err = groups[t.group].Err
	}
	if err != nil && !errors.Is(err, kerr.GroupIDNotFound) { // no member has joined it yet
		return 0, fmt.Errorf("looking at the share group %s: %w", t.group, err)
	}
	o, known := groups[t.group].Offsets.Lookup(t.name, int32(partition))
	switch {
	case !known: // nothing was delivered yet
		return int(end.Offset), nil
	case o.StartOffset >= 0 && o.Lag >= 0:
		return int(o.Lag), nil
	default:
		return int(end.Offset - max(0, o.StartOffset)), nil
	}
}

// shareMembers counts the members of the share group.
func (t *Topic) shareMembers(ctx context.Context) (int, error) {
	groups, err := t.admin.DescribeShareGroups(ctx, t.group)
	if err != nil {
		return 0, fmt.Errorf("looking at the share group %s: %w", t.group, err)
	}
	return len(groups[t.group].Members), nil
}

// NewShareMember opens a member of the share group of a topic that has at most so many
// records at a time. Records must be acknowledged before the next poll, which accepts
// them otherwise. Those that are not acknowledged when the member is closed are given
// to another one at once. The caller must call Close.
func NewShareMember(o Options, topic, group string, most int) (*kgo.Client, error) {
	c, err := kgo.NewClient(append(o.base(),
		kgo.ConsumeTopics(topic), kgo.ShareGroup(group), kgo.ShareMaxRecords(int32(most)), kgo.ShareMaxRecordsStrict(),
		kgo.ConnIdleTimeout(2*recordLock), // what ends with a connection is released: the lock is to end first
		kgo.FetchMaxWait(fetchWait))...)
	if err != nil {
		return nil, fmt.Errorf("opening a client of Kafka at %s: %w", o.Addr, err)
	}
	return c, nil
}
