package brokertest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

// slots is how many hash slots the nodes of a Cluster share.
const slots = 16384

// RedisCluster starts a Cluster of so many masters for one test, which ends with
// it, and returns when every node can be written to. The arguments are added to
// those of each node.
func RedisCluster(tb testing.TB, masters int, args ...string) []*RedisNode {
	tb.Helper()
	nodes := make([]*RedisNode, masters)
	for i := range nodes {
		nodes[i] = Redis(tb, append([]string{"--cluster-enabled", "yes"}, args...)...)
		first, after := i*slots/masters, (i+1)*slots/masters
		do(tb, nodes[i], "CLUSTER", "ADDSLOTSRANGE", first, after-1)
		if i > 0 {
			meet(tb, nodes[0], nodes[i])
		}
	}
	for _, n := range nodes {
		await(tb, n, "cluster_state:ok", "CLUSTER", "INFO")
	}
	return nodes
}

// Follow makes a node the replica of a master, and returns when it has the master's
// keys.
func (n *RedisNode) Follow(tb testing.TB, master *RedisNode) {
	tb.Helper()
	host, port, _ := strings.Cut(master.Addr(), ":")
	do(tb, n, "REPLICAOF", host, port)
	await(tb, n, "master_link_status:up", "INFO", "replication")
}

// FollowInCluster is Follow in the master's Cluster, which the node joins.
func (n *RedisNode) FollowInCluster(tb testing.TB, master *RedisNode) {
	tb.Helper()
	meet(tb, master, n)
	do(tb, n, "CLUSTER", "REPLICATE", do(tb, master, "CLUSTER", "MYID"))
	await(tb, n, "master_link_status:up", "INFO", "replication")
}

// Limits of nodes that join.
const (
	joinLimit = 2 * time.Minute
	// meetAgain is longer than a node remembers another that it has not heard of: a
	// second, or cluster-node-timeout.
	meetAgain = 2 * time.Second
	joinPoll  = 20 * time.Millisecond
)

// meet returns when two nodes of a Cluster know each other.
func meet(tb testing.TB, a, b *RedisNode) {
	tb.Helper()
	host, port, _ := strings.Cut(b.Addr(), ":")
	ids := [2]string{do(tb, a, "CLUSTER", "MYID"), do(tb, b, "CLUSTER", "MYID")}
	knows := func(n *RedisNode, id string) bool {
		known, err := ask(tb.Context(), n, "CLUSTER", "NODES")
		return err == nil && strings.Contains(known, id)
	}
	end := time.Now().Add(joinLimit)
	for next := time.Now(); !knows(a, ids[1]) || !knows(b, ids[0]); time.Sleep(joinPoll) {
		switch now := time.Now(); {
		case now.After(end):
			tb.Fatalf("%s and %s have not met in %s", a.Addr(), b.Addr(), joinLimit)
		case !now.Before(next): // a busy machine may have taken too long
			do(tb, a, "CLUSTER", "MEET", host, port)
			next = now.Add(meetAgain)
		}
	}
}

// RedisSentinel starts a Sentinel for one test that watches a master under a name,
// and promotes a replica when the master has not answered for half a second.
func RedisSentinel(tb testing.TB, name string, master *RedisNode) *RedisNode {
	tb.Helper()
	bin := needRedis(tb)
	dir, ports, release, err := home(1)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(release)
	host, port, _ := strings.Cut(master.Addr(), ":")
	file := filepath.Join(dir, "sentinel.conf") // which the Sentinel changes
	conf := fmt.Sprintf("sentinel monitor %[1]s %[2]s %[3]s 1\nsentinel down-after-milliseconds %[1]s 500\nsentinel failover-timeout %[1]s 5000\n", name, host, port)
	if err := os.WriteFile(file, []byte(conf), 0o600); err != nil {
		tb.Fatal(err)
	}
	n := newRedis(bin, dir, ports.First(), nil)
	n.args = []string{file, "--sentinel", "--port", fmt.Sprint(ports.First()), "--bind", "127.0.0.1", "--dir", dir}
	if err := n.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = n.Kill() })
	return n
}

// do sends a node one command.
func do(tb testing.TB, n *RedisNode, args ...any) string {
	tb.Helper()
	answer, err := ask(tb.Context(), n, args...)
	if err != nil {
		tb.Fatalf("%v on %s: %v", args, n.Addr(), err)
	}
	return answer
}

// await returns when the answer to a command contains a text.
func await(tb testing.TB, n *RedisNode, text string, args ...any) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), joinLimit)
	defer cancel()
	for {
		answer, err := ask(ctx, n, args...)
		if err == nil && strings.Contains(answer, text) {
			return
		}
		select {
		case <-time.After(joinPoll):
		case <-ctx.Done():
			tb.Fatalf("%v on %s never had %q: %s (%v)", args, n.Addr(), text, answer, err)
		}
	}
}

func ask(ctx context.Context, n *RedisNode, args ...any) (string, error) {
	c := goredis.NewClient(&goredis.Options{Addr: n.Addr()})
	defer c.Close()
	answer, err := c.Do(ctx, args...).Result()
	return fmt.Sprint(answer), err
}
