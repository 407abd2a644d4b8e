package redis_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"resilab/brokers/brokertest"
)

// A Cluster whose node fails is usable again seconds later, not a minute, and
// errors name the node that failed.
func TestAFailoverOfACluster(t *testing.T) {
	node := []string{"--cluster-node-timeout", "500"}
	nodes := brokertest.RedisCluster(t, 3, node...)
	replica := brokertest.Redis(t, append(node, "--cluster-enabled", "yes")...)
	replica.FollowInCluster(t, nodes[0])
	c, ctx := open(t, nodes[1].URL()+"?addr="+nodes[2].Addr()), t.Context()
	key := keyOf(t, nodes[0], 0, 5460)
	eventually(t, "the cluster is up", func() bool {
		ctx, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		return c.Set(ctx, key, []byte("v"), time.Minute) == nil
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

// Sentinels promote a replica when the master dies, and the client follows.
func TestAFailoverOfSentinels(t *testing.T) {
	master, replica := brokertest.Redis(t), brokertest.Redis(t)
	replica.Follow(t, master)
	sentinel := brokertest.RedisSentinel(t, "shop", master)
	eventually(t, "the Sentinel knows the replica", func() bool {
		plain := goredis.NewSentinelClient(&goredis.Options{Addr: sentinel.Addr()})
		defer plain.Close()
		known, err := plain.Replicas(t.Context(), "shop").Result()
		return err == nil && len(known) == 1
	})
	c, ctx := open(t, sentinel.URL()+"?master_name=shop"), t.Context()
	must(t, c.Set(ctx, "before", []byte("v"), time.Minute))
	must(t, master.Kill())
	killed := time.Now()
	eventually(t, "the replica is written to", func() bool {
		ctx, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		return c.Set(ctx, "after", []byte("v"), time.Minute) == nil
	})
	t.Logf("written again %s after the kill", time.Since(killed).Round(time.Millisecond))
	plain := goredis.NewClient(&goredis.Options{Addr: replica.Addr()})
	defer plain.Close()
	if n, err := plain.Exists(ctx, "after").Result(); err != nil || n != 1 {
		t.Errorf("the replica has %d keys of one, %v", n, err)
	}
}

// keyOf returns a key in a range of slots.
func keyOf(t *testing.T, n *brokertest.RedisNode, from, to int64) string {
	t.Helper()
	c := goredis.NewClient(&goredis.Options{Addr: n.Addr()})
	defer c.Close()
	for i := 0; ; i++ {
		key := fmt.Sprint("k", i)
		slot, err := c.ClusterKeySlot(t.Context(), key).Result()
		must(t, err)
		if slot >= from && slot <= to {
			return key
		}
	}
}
