package redis_test

import (
	"context"
	"net"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"resilab/brokers/brokertest"
	"resilab/brokers/redis"
)

// A Cluster of one node behaves towards a client as one of many does: keys
// have slots, and several keys of one script must share theirs.
func TestACluster(t *testing.T) {
	node := brokertest.Redis(t, "--cluster-enabled", "yes")
	_, port, err := net.SplitHostPort(node.Addr())
	must(t, err)
	plain := goredis.NewClient(&goredis.Options{Addr: node.Addr()})
	must(t, plain.ClusterAddSlotsRange(t.Context(), 0, 16383).Err())
	must(t, plain.Close())

	c := open(t, node.URL()+"?addr=127.0.0.1:"+port)
	ctx := t.Context()
	eventually(t, "the cluster is up", func() bool {
		ctx, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		return c.Set(ctx, "r:1", []byte("v"), time.Minute) == nil
	})
	must(t, c.SetMany(ctx, []redis.Entry{{Key: "r:2", Value: []byte("v"), TTL: time.Minute}, {Key: "r:3", Value: []byte("v"), TTL: time.Minute}}))
	left := make([]time.Duration, 3)
	must(t, c.PTTLs(ctx, []string{"r:1", "r:2", "r:4"}, left))
	if left[0] <= 0 || left[1] <= 0 || left[2] != redis.Gone {
		t.Errorf("left: %v", left)
	}
	must(t, c.Events().Enable(ctx, "me"))
	listening, leave := context.WithCancel(ctx)
	heard, gone := make(chan string, 100), make(chan error)
	go func() {
		gone <- c.Events().Watch(listening, "r:", func(key string, _ time.Time) { heard <- key })
	}()
	eventually(t, "it announces", func() bool {
		must(t, c.Set(ctx, "r:5", []byte("v"), 5*time.Millisecond))
		time.Sleep(20 * time.Millisecond)
		return len(heard) > 0
	})
	leave()
	must(t, <-gone)
	must(t, c.Events().Disable(ctx, "me"))
	script := redis.NewScript(`return redis.call("EXISTS", KEYS[1], KEYS[2])`)
	if n, err := c.Run(ctx, script, []string{"r:1", "r:fence:{r:1}"}); err != nil || n != 1 {
		t.Errorf("a script over a key and its fence: %d, %v", n, err)
	}
	if n, err := c.DeletePrefix(ctx, "r:"); err != nil || n != 3 {
		t.Errorf("deleted %d, %v", n, err)
	}
}
