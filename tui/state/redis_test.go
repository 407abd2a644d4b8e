package state_test

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"go.uber.org/goleak"

	"resilab/brokers/brokertest"
	"resilab/brokers/redis"
	"resilab/labs/course"
	"resilab/tui/state"
	"resilab/tui/state/statetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

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

// The suite runs on the embedded Redis and on the real one, each test in a
// separate database.
func TestRedis(t *testing.T) {
	for name, server := range map[string]func(t *testing.T) string{
		"embedded": func(t *testing.T) string {
			s, err := redis.StartEmbedded("127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = s.Close() })
			return s.Addr()
		},
		"real": func(t *testing.T) string { return brokertest.Redis(t).Addr() },
	} {
		t.Run(name, func(t *testing.T) {
			addr := server(t)
			databases := map[string]int{}
			open := func(t *testing.T, name string) *state.Redis {
				db, known := databases[name]
				if !known {
					db = len(databases)
					databases[name] = db
				}
				return openRedis(t, fmt.Sprintf("redis://%s/%d", addr, db))
			}
			statetest.Run(t, func(t *testing.T, name string) state.Store { return open(t, name) })
			statetest.RunBus(t, func(t *testing.T, name string) state.Bus { return open(t, name) })
		})
	}
}

// Redis goes away in mid-class: what is finished meanwhile is written when it is
// back, and another server reads it.
func TestWhatIsFinishedWhileRedisIsAwayIsWritten(t *testing.T) {
	node := brokertest.Redis(t, "--appendonly", "yes")
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
