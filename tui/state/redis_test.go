package state_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"resilab/brokers/brokertest"
	"resilab/brokers/redis"
	"resilab/labs/course"
	"resilab/tui/state"
	"resilab/tui/state/statetest"
)

func TestMain(m *testing.M) { brokertest.VerifyTestMain(m) }

// openRedis opens the state in a Redis; it is closed at the test's end.
func openRedis(t *testing.T, url string) *state.Redis {
	t.Helper()
	s, err := state.OpenRedis(t.Context(), url, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := s.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return s
}

// The suite runs on the embedded Redis and on real ones: a server, a Cluster, and
// one that is found by Sentinels.
func TestRedis(t *testing.T) {
	for name, start := range map[string]func(t *testing.T) (url string, masters []string){
		"embedded": func(t *testing.T) (string, []string) {
			s, err := redis.StartEmbedded("127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = s.Close() })
			return "redis://" + s.Addr(), []string{s.Addr()}
		},
		"real": func(t *testing.T) (string, []string) {
			n := brokertest.Redis(t)
			return n.URL(), []string{n.Addr()}
		},
		"cluster": func(t *testing.T) (string, []string) {
			nodes := brokertest.RedisCluster(t, 3)
			return nodes[0].URL() + "?addr=" + nodes[1].Addr(), []string{nodes[0].Addr(), nodes[1].Addr(), nodes[2].Addr()}
		},
		"sentinels": func(t *testing.T) (string, []string) {
			master := brokertest.Redis(t)
			return brokertest.RedisSentinel(t, "class", master).URL() + "?master_name=class", []string{master.Addr()}
		},
	} {
		t.Run(name, func(t *testing.T) {
			url, masters := start(t)
			latest := ""
			open := func(t *testing.T, name string) *state.Redis {
				if name != latest { // a Cluster has a single database
					empty(t, masters)
					latest = name
				}
				return openRedis(t, url)
			}
			statetest.Run(t, func(t *testing.T, name string) state.Store { return open(t, name) })
			statetest.RunBus(t, func(t *testing.T, name string) state.Bus { return open(t, name) })
		})
	}
}

// empty removes all keys.
func empty(t *testing.T, addrs []string) {
	t.Helper()
	for _, addr := range addrs {
		c := goredis.NewClient(&goredis.Options{Addr: addr})
		if err := errors.Join(c.FlushAll(t.Context()).Err(), c.Close()); err != nil {
			t.Fatal(err)
		}
	}
}

// Redis goes away in mid-class: what is finished meanwhile is written when it is
// back, and another server reads it.
func TestWhatIsFinishedWhileRedisIsAwayIsWritten(t *testing.T) {
	// With "everysec" Redis may answer up to 2 s before it writes its file, during an
	// fsync (redis.conf, appendfsync): a kill then loses R1.
	node := brokertest.Redis(t, "--appendonly", "yes", "--appendfsync", "always")
	s := openRedis(t, node.URL())
	now := time.Date(2026, 5, 1, 9, 0, 0, 0, time.UTC)
	p := state.Person{ID: "name-1", Name: "Ana"}
	progress, err := state.Recorder(t.Context(), s, p, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	save := func(card string) {
		t.Helper()
		if err := progress.Save(card, course.Record{Prediction: "1", PredictedAt: &now, PassedAt: &now}); err != nil {
			t.Fatal(err)
		}
	}
	save("R1")
	if err := node.Kill(); err != nil {
		t.Fatal(err)
	}
	save("R2")
	save("R3")
	if n := s.Waiting(); n != 3 { // the person and two records
		t.Errorf("%d wait", n)
	}
	if _, err := s.People(t.Context()); err == nil {
		t.Error("the class is read although Redis is away")
	}
	if rec := progress.Record("R2"); rec.Stage() != course.Passed {
		t.Errorf("the student's own record is %+v", rec)
	}
	if err := node.Start(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(20 * time.Second); s.Waiting() > 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d still wait", s.Waiting())
		}
	}
	other := openRedis(t, node.URL())
	read, err := other.Progress(t.Context(), p.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, card := range []string{"R1", "R2", "R3"} {
		if read.Record(card).Stage() != course.Passed {
			t.Errorf("%s is lost: %+v", card, read.Record(card))
		}
	}
}

// A server that stops while Redis is away says what is lost.
func TestWhatIsLostIsSaid(t *testing.T) {
	server, err := redis.StartEmbedded("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s, err := state.OpenRedis(t.Context(), "redis://"+server.Addr(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	_ = server.Close()
	if err := s.Keep(t.Context(), state.Person{ID: "name-1", Name: "Ana"}); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if err := s.Close(ctx); err == nil {
		t.Error("nothing is said")
	}
}
