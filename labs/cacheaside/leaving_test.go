package cacheaside

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"resilab/brokers/redis"
	"resilab/labs/lab"
	"resilab/labs/labtest"
)

// A class leaves a Redis that all share at once: every lab removes all its keys.
func TestAClassLeavesNothingBehind(t *testing.T) {
	const visitors = 20
	url := embedded(t)
	var all []*testLab
	for i := range visitors {
		all = append(all, startLabIn(t, url, fmt.Sprintf("resilab-class-%d", i), map[string]string{
			"products": "1000", "warm": "true", "ttl": "1m", "rate": "2", "write-rate": "1", "db-latency": "0s", "invalidate": "versioned", "strategy": "lease"}))
	}
	for _, l := range all {
		awaitMetric(t, l, "writes", 1)
	}
	c, err := redis.Open(url, redis.Options{Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	began := time.Now()
	var leaving sync.WaitGroup
	for _, l := range all {
		leaving.Go(func() {
			if err := l.Stop(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	leaving.Wait()
	t.Logf("%d visitors left in %v", visitors, time.Since(began))
	if n, err := c.DeletePrefix(t.Context(), ""); err != nil || n != 0 {
		t.Errorf("%d keys are left, %v", n, err)
	}
}

// stalling passes connections on to a server, and nothing of them while it stalls.
type stalling struct {
	net.Listener
	target  string
	stalls  atomic.Bool
	ignored atomic.Int64 // connections that were accepted while it stalled
}

func newStalling(t *testing.T, url string) *stalling {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &stalling{Listener: l, target: strings.TrimSuffix(strings.TrimPrefix(url, "redis://"), "/0")}
	var work sync.WaitGroup
	work.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", s.target)
			if err != nil {
				client.Close()
				continue
			}
			if s.stalls.Load() {
				s.ignored.Add(1)
			}
			work.Go(func() { s.pass(client, server) })
			work.Go(func() { s.pass(server, client) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		work.Wait()
	})
	return s
}

// pass copies until a side closes. What arrives during a stall is lost.
func (s *stalling) pass(from, to net.Conn) {
	defer from.Close()
	defer to.Close()
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		if !s.stalls.Load() {
			_, _ = to.Write(buffer[:n])
		}
	}
}

// A Redis that does not answer in time when a visitor leaves is asked again.
func TestLeavingIsPatient(t *testing.T) {
	url := embedded(t)
	s := newStalling(t, url)
	runner, _ := newLab(lab.Env{Open: labtest.Brokers(map[string]string{lab.Redis: "redis://" + s.Addr().String() + "/0"}), Namespace: testNamespace, Guest: true})
	if err := runner.Start(t.Context(), settings(t, map[string]string{"products": "100", "warm": "true", "ttl": "1m", "rate": "0"}), 1); err != nil {
		t.Fatal(err)
	}
	s.stalls.Store(true)
	left := make(chan error, 1)
	go func() { left <- runner.Stop(context.Background()) }()
	eventually(t, "the removal was tried again", func() bool { return s.ignored.Load() >= 2 || len(left) > 0 })
	s.stalls.Store(false)
	if err := <-left; err != nil {
		t.Error(err)
	}
	c, err := redis.Open(url, redis.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if n, err := c.DeletePrefix(t.Context(), ""); err != nil || n != 0 {
		t.Errorf("%d keys are left, %v", n, err)
	}
}
