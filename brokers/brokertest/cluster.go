package brokertest

import (
	"crypto/rand"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
)

// RabbitCluster is several RabbitMQ nodes that have joined.
type RabbitCluster struct {
	Nodes []*RabbitNode
}

// RabbitMQCluster starts so many nodes for one test, which end with it. A minority of
// nodes that does not see the others pauses (pause_minority). It costs as many times
// the processor time of one node, so the tests of a package should share one.
func RabbitMQCluster(tb testing.TB, size int) *RabbitCluster {
	tb.Helper()
	c, stop, err := startCluster(needRabbitMQ(tb), size)
	tb.Cleanup(stop)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// startCluster starts the first node, and then the others at the same time, which
// join it. The caller must call stop, also after an error.
func startCluster(bin string, size int) (c *RabbitCluster, stop func(), err error) {
	c = &RabbitCluster{}
	var cleanups []func()
	stop = func() {
		for _, n := range c.Nodes {
			_ = n.Kill() // each was started here
		}
		for _, cleanup := range cleanups {
			cleanup()
		}
	}
	opt := rabbitOptions{cookie: rand.Text(), cluster: c, config: "cluster_partition_handling = pause_minority\n"}
	for range size {
		dir, ports, release, err := home(rabbitPorts)
		if err != nil {
			return nil, stop, err
		}
		cleanups = append(cleanups, release)
		if opt.mapper == nil {
			opt.mapper = &portMapper{port: ports.First() + epmdOffset}
			cleanups = append(cleanups, opt.mapper.stop)
		}
		n, err := newRabbit(bin, dir, ports.First(), opt)
		if err != nil {
			return nil, stop, err
		}
		c.Nodes = append(c.Nodes, n)
		if len(c.Nodes) == 1 {
			// The others join it when they start for the first time.
			opt.config += "cluster_formation.peer_discovery_backend = classic_config\n" +
				"cluster_formation.classic_config.nodes.1 = " + n.name() + "\n"
		}
	}
	if err := c.Nodes[0].Start(); err != nil {
		return nil, stop, err
	}
	errs := make([]error, size)
	var others sync.WaitGroup
	for i, n := range c.Nodes[1:] {
		others.Go(func() { errs[i] = n.Start() })
	}
	others.Wait()
	return c, stop, errors.Join(errs...)
}

// URL returns the AMQP URL of all nodes, in their order.
func (c *RabbitCluster) URL() string {
	addrs := make([]string, len(c.Nodes))
	for i, n := range c.Nodes {
		addrs[i] = n.Addr()
	}
	return "amqp://guest:guest@" + strings.Join(addrs, ",") + "/"
}

// Leaders returns the node on which each queue is led. A classic queue is led by the
// only node that has it. A node must run; the call takes a few seconds.
func (c *RabbitCluster) Leaders() (map[string]*RabbitNode, error) {
	i := slices.IndexFunc(c.Nodes, func(n *RabbitNode) bool { return n.server != nil })
	if i < 0 {
		return nil, errors.New("looking for leaders: no node runs")
	}
	out, err := c.Nodes[i].Ctl("list_queues", "--quiet", "--no-table-headers", "name", "pid")
	if err != nil {
		return nil, err
	}
	leaders := map[string]*RabbitNode{}
	for line := range strings.Lines(out) {
		queue, pid, _ := strings.Cut(strings.TrimSpace(line), "\t")
		for _, n := range c.Nodes {
			if strings.Contains(pid, n.name()) { // the process is <node.…>
				leaders[queue] = n
			}
		}
	}
	return leaders, nil
}
