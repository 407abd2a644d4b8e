package cacheaside

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"resilab/brokers/brokertest"
	"resilab/brokers/redis"
	"resilab/labs/cacheaside/catalog"
	"resilab/labs/cacheaside/fault"
	"resilab/labs/cacheaside/measure"
	"resilab/labs/cacheaside/service"
	"resilab/labs/lab"
	"resilab/labs/labtest"
)

// Every fault of the wire: the answers are the policy's, nothing takes longer
// than the time-out, and without the fault the hits come back.
func TestFaultsOfTheWire(t *testing.T) {
	for _, what := range []string{fault.Down, fault.Slow, fault.Cut} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			flags := map[string]string{"rate": "100", "db-latency": "1ms", "fail-mode": "open", "timeout": "900ms"}
			l := startLab(t, embedded(t), flags)
			awaitMetric(t, l, "hits", 20)
			flags["redis-fault"] = what
			if err := l.Apply(t.Context(), settings(t, flags)); err != nil {
				t.Fatal(err)
			}
			m := awaitMetric(t, l, "reads", 60)
			if what == fault.Slow && m["hit_ms"] < 80 || what != fault.Slow && m["redis_errors"] == 0 {
				t.Errorf("the fault does not show: %v", m)
			}
			if m["success"] < 0.99 {
				t.Errorf("only %v succeeded though the database is there", m["success"])
			}
			if m["p99_ms"] > 1500 {
				t.Errorf("an answer took %v ms", m["p99_ms"])
			}
			flags["redis-fault"] = fault.None
			if err := l.Apply(t.Context(), settings(t, flags)); err != nil {
				t.Fatal(err)
			}
			awaitMetric(t, l, "hits", 20)
		})
	}
}

func TestActions(t *testing.T) {
	l := startLab(t, embedded(t), map[string]string{"rate": "200", "db-latency": "1ms", "write-latency": "1ms", "ttl": "60s", "fail-mode": "open"})
	awaitMetric(t, l, "hits", 10)
	do := func(action string) {
		t.Helper()
		if err := l.Do(t.Context(), action); err != nil {
			t.Errorf("%s: %v", action, err)
		}
	}
	misses := l.Snapshot().Metrics["misses"]
	do("expire")
	awaitMetric(t, l, "misses", misses+1)
	do("price")
	eventually(t, "the price is up", func() bool { return l.Snapshot().Detail.(*Detail).Products[0].Price == 1210 })
	awaitMetric(t, l, "stale_reads", 1)
	do("flush")
	awaitMetric(t, l, "misses", misses+3)
	do("redis-down")
	eventually(t, "Redis is away", func() bool { return len(l.Snapshot().Troubles) == 1 })
	do("db-down")
	eventually(t, "both are away", func() bool { return len(l.Snapshot().Troubles) == 2 })
	failures := l.Snapshot().Metrics["failures"]
	awaitMetric(t, l, "failures", failures+10)
	do("db-up")
	do("redis-up")
	hits := l.Snapshot().Metrics["hits"]
	awaitMetric(t, l, "hits", hits+10)
	if err := l.Do(t.Context(), "nonsense"); err == nil {
		t.Error("an unknown action was performed")
	}
}

// With the student's consent the server announces what expires; its old
// setting is back when the lab has stopped.
func TestTheServerAnnouncesExpiries(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		l := startLab(t, url, map[string]string{"rate": "0", "products": "20", "warm": "true", "ttl": "300ms", "notify": "true"})
		announced := func() bool {
			return slices.ContainsFunc(l.Snapshot().Detail.(*Detail).Products, func(p measure.ProductView) bool {
				return p.Life == measure.Expired && p.Announced
			})
		}
		warmed := time.Now()
		eventually(t, "the picture says who told", func() bool {
			if time.Since(warmed) > 2*time.Second { // it was not listening yet
				warmed = time.Now()
				if err := l.Apply(t.Context(), l.run().Settings); err != nil {
					t.Fatal(err)
				}
			}
			return announced()
		})
		if err := l.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		c, err := redis.Open(url, redis.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if set, err := c.Events().Setting(t.Context()); err != nil || set != "" {
			t.Errorf("the server is left with %q, %v", set, err)
		}
	})
}

// A restarted server no longer has the setting that makes it announce.
func TestAnnouncementsOutliveTheServer(t *testing.T) {
	node := brokertest.Redis(t)
	l := startLab(t, node.URL(), map[string]string{"rate": "100", "ttl": "100ms", "db-latency": "0s", "notify": "true", "fail-mode": "open"})
	awaitMetric(t, l, "expired_events", 2)
	if err := node.Kill(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the lab says so", func() bool { return len(l.Snapshot().Troubles) == 1 })
	if err := node.Start(); err != nil {
		t.Fatal(err)
	}
	before := l.Snapshot().Metrics["expired_events"]
	awaitMetric(t, l, "expired_events", before+2)
	if err := l.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}

// A lab that is left while its own wire is down owes Redis as much as any.
func TestLeavingDuringAFaultLeavesNothingBehind(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		for _, what := range []string{fault.Down, fault.Slow, fault.Cut} {
			l := startLab(t, url, map[string]string{"rate": "0", "warm": "true", "notify": "true", "redis-fault": what})
			if err := l.Stop(t.Context()); err != nil {
				t.Errorf("%s: %v", what, err)
			}
			c, err := redis.Open(url, redis.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if set, err := c.Events().Setting(t.Context()); err != nil || set != "" {
				t.Errorf("%s: the server is left with %q, %v", what, set, err)
			}
			if n, err := c.DeletePrefix(t.Context(), testNamespace); err != nil || n != 0 {
				t.Errorf("%s: %d keys are left, %v", what, n, err)
			}
		}
	})
}

func TestForeignValueIsReplaced(t *testing.T) {
	url := embedded(t)
	l := startLab(t, url, map[string]string{"rate": "0", "db-latency": "1ms", "http-addr": "127.0.0.1:0"})
	if err := l.engine.servers.client.Set(t.Context(), l.run().service.Key(1), []byte("garbage"), time.Minute); err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"MISS", "HIT"} {
		if status, body, h := get(t, l, "/product/1"); status != 200 || h.Get("X-Cache") != want {
			t.Errorf("request %d: %d %s %s", i+1, status, body, h.Get("X-Cache"))
		}
	}
}

func TestACatalogueInAFileKeepsItsPrices(t *testing.T) {
	flags := map[string]string{"rate": "0", "db-latency": "1ms", "db-file": filepath.Join(t.TempDir(), "shop.db")}
	url := embedded(t)
	first := startLab(t, url, flags)
	if err := first.Do(t.Context(), "price"); err != nil {
		t.Fatal(err)
	}
	if err := first.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	second := startLab(t, url, flags)
	if p := second.Snapshot().Detail.(*Detail).Products[0]; p.Price != 1210 {
		t.Errorf("the price is %v", p.Price)
	}
}

func TestEvictionNeedsRoom(t *testing.T) {
	s := Spec().Defaults()
	k, _ := Spec().Knob("eviction")
	v, err := k.Parse(evictionLRU)
	if err != nil {
		t.Fatal(err)
	}
	if err := Spec().Check(s.With("eviction", v)); err == nil {
		t.Error("a policy without a bound was taken")
	}
}

func TestStrategiesAnswerUnderEveryFault(t *testing.T) {
	for _, strategy := range []string{service.StrategyNone, service.StrategySingleFlight, service.StrategyLock, service.StrategyLease, service.StrategyEarly, service.StrategyRevalidate} {
		t.Run(strategy, func(t *testing.T) {
			t.Parallel()
			// Copies live, and readers wait, much longer than a command takes on a
			// busy machine: else those that wait for a copy rightly time out.
			l := startLab(t, embedded(t), map[string]string{"rate": "50", "db-latency": "2ms", "ttl": "1s", "soft-ttl": "100ms",
				"timeout": "10s", "strategy": strategy, "instances": "3", "fail-mode": "open", "write-rate": "20", "invalidate": "versioned"})
			m := awaitMetric(t, l, "reads", 100)
			if m["success"] < 1 || m["hits"] == 0 || m["misses"] == 0 {
				t.Errorf("with everything well: %v", m)
			}
			l.engine.servers.dialer.Set(fault.Down)
			reads := l.Snapshot().Metrics["reads"]
			m = awaitMetric(t, l, "reads", reads+50)
			if m["failures"] > 5 {
				t.Errorf("%v of 50 reads failed without Redis", m["failures"])
			}
			l.engine.servers.dialer.Set(fault.None)
			l.engine.outage.Set(true, time.Now())
			failures := l.Snapshot().Metrics["failures"]
			awaitMetric(t, l, "failures", failures+5)
			l.engine.outage.Set(false, time.Now())
			hits := l.Snapshot().Metrics["hits"]
			awaitMetric(t, l, "hits", hits+20)
		})
	}
}

// A visitor over the network learns of an outage, but not where Redis is, and
// opens no port of the machine.
func TestAGuestSeesNoAddress(t *testing.T) {
	runner, engine := newLab(lab.Env{Open: labtest.Brokers(map[string]string{lab.Redis: "redis://127.0.0.1:1/0"}), Namespace: testNamespace, Guest: true})
	l := &testLab{runner, engine}
	if err := l.Start(t.Context(), settings(t, map[string]string{"rate": "50", "fail-mode": "open", "db-latency": "1ms", "http-addr": "127.0.0.1:0"}), 1); err != nil {
		t.Fatal(err)
	}
	defer l.Stop(context.Background())
	if l.engine.http != nil {
		t.Error("a visitor opened a port")
	}
	eventually(t, "it says so", func() bool {
		s := l.Snapshot()
		return len(s.Troubles) == 1 && slices.ContainsFunc(s.Events, func(e lab.Event) bool { return e.Mark == lab.MarkFault })
	})
	s := l.Snapshot()
	if at := s.Detail.(*Detail).Redis.Addr; at != "" {
		t.Errorf("the picture names %s", at)
	}
	if told := fmt.Sprint(s.Troubles, s.Events); strings.Contains(told, "127.0.0.1") {
		t.Errorf("it is told %s", told)
	}
}

// The port is open a moment before the first run begins.
func TestARequestBeforeTheFirstRunIsRefused(t *testing.T) {
	w := httptest.NewRecorder()
	served(&presentRun{}, getProduct)(w, httptest.NewRequest(http.MethodGet, "/product/1", nil))
	if w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), `"error"`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// Whatever the time-out, an answer from the database comes within it where
// Redis swallows every command: Redis is not waited for until it is too late.
func TestFailingOpenLeavesTimeForTheDatabase(t *testing.T) {
	for _, strategy := range []string{service.StrategyNone, service.StrategySingleFlight, service.StrategyLock, service.StrategyLease, service.StrategyEarly, service.StrategyRevalidate} {
		t.Run(strategy, func(t *testing.T) {
			t.Parallel()
			l := startLab(t, embedded(t), map[string]string{"rate": "50", "db-latency": "1ms", "fail-mode": "open",
				"timeout": "2s", "redis-fault": fault.Cut, "strategy": strategy})
			if m := awaitMetric(t, l, "reads", 50); m["success"] < 0.9 || m["p50_ms"] > 2000 {
				t.Errorf("%v succeeded, half of them in %v ms", m["success"], m["p50_ms"])
			}
		})
	}
}

// A reader that waits for another one's load gets ErrNotFound, too.
func TestWaitingReaderGetsNotFound(t *testing.T) {
	for _, strategy := range []string{service.StrategyLock, service.StrategyLease} {
		t.Run(strategy, func(t *testing.T) { testWaitingReaders(t, strategy) })
	}
}

func testWaitingReaders(t *testing.T, strategy string) {
	l := startLab(t, embedded(t), map[string]string{"rate": "0", "db-latency": "50ms", "negative-ttl": "5s", "strategy": strategy})
	var readers sync.WaitGroup
	for range 5 {
		readers.Go(func() {
			if got, err := l.read(t.Context(), 99); !errors.Is(err, catalog.ErrNotFound) {
				t.Errorf("an unknown product is %+v, %v", got, err)
			}
		})
	}
	readers.Wait()
	if queries := l.Snapshot().Metrics["db_queries"]; queries != 1 {
		t.Errorf("%v queries", queries)
	}
}
