package redis_test

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"resilab/brokers/brokertest"
)

// A Cluster whose node fails is usable again seconds later, not a minute, and
// errors name the node that failed.
func TestAFailoverOfACluster(t *testing.T) {
	nodes := make([]*brokertest.RedisNode, 4) // three masters, and a replica of the first
	plain := make([]*goredis.Client, len(nodes))
	for i := range nodes {
		nodes[i] = brokertest.Redis(t, "--cluster-enabled", "yes", "--cluster-node-timeout", "500", "--cluster-config-file", fmt.Sprintf("nodes-%d", i))
		plain[i] = goredis.NewClient(&goredis.Options{Addr: nodes[i].Addr()})
		t.Cleanup(func() { plain[i].Close() })
	}
	ctx := t.Context()
	for i := range 3 {
		must(t, plain[i].ClusterAddSlotsRange(ctx, i*5461, (i+1)*5461-1).Err())
	}
	must(t, plain[2].ClusterAddSlots(ctx, 16383).Err())
	host, port, err := net.SplitHostPort(nodes[0].Addr())
	must(t, err)
	for _, c := range plain[1:] {
		must(t, c.ClusterMeet(ctx, host, port).Err())
	}
	first, err := plain[0].Do(ctx, "CLUSTER", "MYID").Text()
	must(t, err)
	eventually(t, "the replica follows", func() bool { return plain[3].ClusterReplicate(ctx, first).Err() == nil })
	c := open(t, nodes[1].URL()+"?addr="+nodes[2].Addr())
	key := keyOf(t, plain[0], 0, 5460)
	eventually(t, "the cluster is up", func() bool {
		ctx, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		info, err := plain[3].Info(ctx, "replication").Result()
		return err == nil && strings.Contains(info, "master_link_status:up") && c.Set(ctx, key, []byte("v"), time.Minute) == nil
	})
	must(t, nodes[0].Kill())
	killed := time.Now()
	named := false
	eventually(t, "the key can be written again", func() bool {
		ctx, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		err := c.Set(ctx, key, []byte("v"), time.Minute)
		named = named || err != nil && strings.Contains(err.Error(), nodes[0].Addr())
		return err == nil
	})
	t.Logf("written again %s after the kill", time.Since(killed).Round(time.Millisecond))
	if !named {
		t.Errorf("no error named %s", nodes[0].Addr())
	}
}

// keyOf returns a key in a range of slots.
func keyOf(t *testing.T, c *goredis.Client, from, to int64) string {
	t.Helper()
	for i := 0; ; i++ {
		key := fmt.Sprint("k", i)
		slot, err := c.ClusterKeySlot(t.Context(), key).Result()
		must(t, err)
		if slot >= from && slot <= to {
			return key
		}
	}
}
