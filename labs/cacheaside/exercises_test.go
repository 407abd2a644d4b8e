package cacheaside

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"resilab/brokers/brokertest"
	"resilab/labs/labtest"
)

// exercise is one of the course's questions: what run A and run B differ in,
// and what must come out of it. Rates are low and times short, so that all of
// them are lived through side by side, under the race detector, too; the course's
// own figures come from longer runs with more reads.
type exercise struct {
	name  string
	both  string // flags of both runs, as "knob value knob value …"
	a, b  string
	last  time.Duration // of each run
	shows []string      // metrics worth printing
	holds func(a, b map[string]float64) bool
	less  string // the metric that B lowers, however busy the machine is
	real  bool   // only a real Redis can show it
}

var exercises = []exercise{
	{name: "K1 TTL and popularity", both: "products 300 cache-size 30 warm true rate 250 ttl 60s db-latency 1ms",
		a: "skew 0", b: "skew 1", last: 4 * time.Second, shows: []string{"hit_ratio"},
		less:  "misses",
		holds: func(a, b map[string]float64) bool { return a["hit_ratio"] < 0.2 && b["hit_ratio"] >= 0.4 }},
	{name: "K2 avalanche", both: "products 200 warm true ttl 3s rate 400 db-latency 1ms",
		a: "ttl-jitter 0", b: "ttl-jitter 0.6", last: 5 * time.Second, shows: []string{"peak_loads", "hit_ratio"},
		less: "peak_loads",
		holds: func(a, b map[string]float64) bool {
			return a["peak_loads"] > 100 && b["peak_loads"] <= 0.6*a["peak_loads"] && b["hit_ratio"] >= a["hit_ratio"]-0.1
		}},
	{name: "K3 stampede", both: "products 1 rate 100 ttl 700ms db-latency 200ms",
		a: "", b: "strategy single-flight", last: 4 * time.Second, shows: []string{"loads_per_expiry"},
		less:  "loads_per_expiry",
		holds: func(a, b map[string]float64) bool { return a["loads_per_expiry"] > 10 && b["loads_per_expiry"] <= 1 }},
	{name: "K3 three instances", both: "products 1 rate 100 ttl 700ms db-latency 200ms instances 3",
		a: "strategy single-flight", b: "strategy lease", last: 4 * time.Second, shows: []string{"loads_per_expiry"},
		less: "loads_per_expiry",
		holds: func(a, b map[string]float64) bool {
			return a["loads_per_expiry"] > 2 && a["loads_per_expiry"] <= 3 && b["loads_per_expiry"] <= 1
		}},
	{name: "K4 early refresh", both: "products 1 warm true rate 50 ttl 2s db-latency 200ms",
		a: "", b: "strategy early", last: 7 * time.Second, shows: []string{"loads_per_expiry", "hard_misses", "expiries"},
		less: "hard_misses",
		holds: func(a, b map[string]float64) bool {
			return b["loads_per_expiry"] < 0.6*a["loads_per_expiry"] && b["hard_misses"] <= 0.5
		}},
	{name: "K5 no invalidation", both: "ttl 10s rate 100 write-rate 3 db-latency 5ms",
		a: "invalidate none", b: "invalidate delete-after", last: 5 * time.Second, shows: []string{"stale_rate", "stale_age_ms"},
		less: "stale_rate",
		holds: func(a, b map[string]float64) bool {
			return a["stale_rate"] > 0.5 && b["stale_rate"] < 0.05 && a["stale_age_ms"] < 10_500
		}},
	{name: "K6 order of steps", both: "ttl 10s rate 100 write-rate 2 db-latency 10ms write-latency 100ms",
		a: "invalidate delete-before", b: "invalidate delete-after", last: 5 * time.Second, shows: []string{"stale_rate"},
		less:  "stale_rate",
		holds: func(a, b map[string]float64) bool { return a["stale_rate"] > 0.3 && b["stale_rate"] < 0.03 }},
	{name: "K7 the race that remains", both: "ttl 1s rate 100 write-rate 3 db-latency 10ms write-latency 10ms fill-delay 300ms",
		a: "invalidate delete-after", b: "invalidate versioned", last: 5 * time.Second, shows: []string{"stale_rate", "fenced"},
		less:  "stale_rate",
		holds: func(a, b map[string]float64) bool { return a["stale_rate"] > 0.1 && b["stale_rate"] < 0.03 }},
	{name: "K8 penetration", both: "rate 20 bot-rate 100 db-latency 5ms",
		a: "", b: "negative-ttl 3s", last: 6 * time.Second, shows: []string{"db_qps_unknown", "hidden_ms"},
		less: "db_qps_unknown",
		holds: func(a, b map[string]float64) bool {
			return b["db_qps_unknown"] <= 0.35*a["db_qps_unknown"] && b["hidden_ms"] <= 3000
		}},
	{name: "K9 Redis down", both: "products 50 skew 1 rate 200 db-latency 50ms db-conns 5 redis-fault down fail-mode open timeout 500ms",
		a: "", b: "breaker true db-limit 5 stale-copy true", last: 5 * time.Second,
		shows: []string{"success", "db_in_flight", "shed", "stale_copies", "p99_ms"},
		less:  "db_in_flight",
		holds: func(a, b map[string]float64) bool {
			return a["success"] < 0.7 && b["success"] >= 0.8 && b["db_in_flight"] <= 5
		}},
	{name: "K10 memory limit", both: "products 300 skew 1.2 rate 250 ttl 60s db-latency 1ms cache-size 30",
		a: "eviction allkeys-random", b: "eviction allkeys-lfu", last: 6 * time.Second, shows: []string{"hit_ratio", "evictions", "memory_mb"},
		less: "misses", real: true,
		holds: func(a, b map[string]float64) bool {
			return a["evictions"] > 100 && b["evictions"] > 100 && b["hit_ratio"] > a["hit_ratio"]+0.02
		}},
	{name: "K11 stale-while-revalidate", both: "products 1 warm true rate 60 ttl 1s db-latency 200ms soft-ttl 300ms",
		a: "", b: "strategy revalidate", last: 5 * time.Second, shows: []string{"p99_ms", "max_age_ms", "hard_misses"},
		less:  "hard_misses",
		holds: func(a, b map[string]float64) bool { return b["p99_ms"] <= 0.5*a["p99_ms"] && b["max_age_ms"] <= 1000 }},
	{name: "K12 when does a key die?", both: "products 1000 warm true ttl 1s skew 1 db-latency 1ms notify true",
		a: "rate 0", b: "rate 200", last: 3 * time.Second, shows: []string{"expired_events", "late_untouched_ms", "late_read_ms"}, real: true,
		holds: func(a, b map[string]float64) bool { return a["late_untouched_ms"] > 0 && b["late_read_ms"] > 0 }},
}

// sideBySide is how many exercises go at a time; each is two runs. They hardly
// use the machine, but more would disturb each other's latencies.
const sideBySide = 7

const (
	tries     = 3 // of an exercise where the machine is too busy to judge it
	most      = 9 // tries until one is judged or at least points the right way
	witnesses = 2 // tries in which the machine kept time that a failure takes
)

// TestExercises lives through every exercise, on the embedded Redis and on a
// real one. What it logs are the figures that a student would see.
//
// Most figures are times, or follow from times, and a machine that has more to
// do than it can spoils them. So each try is watched (see labtest.KeptTime): an
// exercise fails if it disappoints in two tries in which the machine kept time.
// Where there are no such tries, B must still clearly point the right way in one of
// nine in which anything was answered: what a strategy is for does not depend on the
// machine.
func TestExercises(t *testing.T) {
	inTurn(t, func(t *testing.T, url string) {
		var running sync.WaitGroup
		free := make(chan struct{}, sideBySide)
		outcomes := make([]string, len(exercises))
		for i, x := range exercises {
			own := url
			if x.real {
				if !strings.HasSuffix(t.Name(), "/real") {
					continue
				}
				own = brokertest.Redis(t).URL() // it changes a setting of the whole server
			}
			free <- struct{}{}
			running.Go(func() {
				outcomes[i] = x.live(t, own, i)
				<-free
			})
		}
		running.Wait()
		for i, x := range exercises {
			if outcomes[i] != "" {
				t.Errorf("%s does not show: %s", x.name, outcomes[i])
			}
		}
	})
}

// live runs A and B until they show what they should, and returns what they
// showed instead.
func (x exercise) live(t *testing.T, url string, number int) (disappointed string) {
	undisturbed, pointed := 0, false
	for try := 1; ; try++ {
		var sides [2]map[string]float64
		kept := labtest.KeptTime(func() {
			var both sync.WaitGroup
			for i, flags := range []string{x.a, x.b} {
				both.Go(func() { sides[i] = runFor(t, url, fmt.Sprintf("resilab-x%d-%d", number, i), x.both+" "+flags, x.last) })
			}
			both.Wait()
		})
		a, b := sides[0], sides[1]
		if kept {
			undisturbed++
		}
		pointed = pointed || x.points(a, b) || !kept && !(answered(a) && answered(b))
		switch {
		case t.Failed():
			return ""
		case x.holds(a, b):
			t.Logf("%-28s%s", x.name, x.figures(a, b))
			return ""
		case undisturbed == witnesses || try == most:
			return fmt.Sprintf("\nthe machine kept time: %v\nA %s\nB %s", kept, listed(a), listed(b))
		case pointed && try >= tries:
			t.Logf("%-28s%s  (the machine is too busy for more)", x.name, x.figures(a, b))
			return ""
		}
	}
}

// points reports whether B differs from A in the direction that it is there for,
// and by more than chance makes of two equal runs.
func (x exercise) points(a, b map[string]float64) bool { return b[x.less] < 0.7*a[x.less] }

// answered reports whether a run was more than time-outs.
func answered(m map[string]float64) bool {
	return m["reads"]-m["failures"] >= 50 && m["failures"] < m["reads"]/2
}

func (x exercise) figures(a, b map[string]float64) string {
	var s strings.Builder
	for _, id := range x.shows {
		fmt.Fprintf(&s, "  %s %.4g | %.4g", id, a[id], b[id])
	}
	return s.String()
}

func runFor(t *testing.T, url, namespace, flags string, last time.Duration) map[string]float64 {
	t.Helper()
	words := strings.Fields(flags)
	set := map[string]string{}
	for i := 0; i+1 < len(words); i += 2 {
		set[words[i]] = words[i+1]
	}
	l := startLabIn(t, url, namespace, set)
	for l.Snapshot().Elapsed < last {
		time.Sleep(50 * time.Millisecond)
	}
	m := l.Snapshot().Metrics
	if err := l.Stop(t.Context()); errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded) {
		t.Logf("the machine is too busy to clean up: %v", err)
	} else if err != nil {
		t.Error(err)
	}
	return m
}

func listed(m map[string]float64) string {
	var b strings.Builder
	for _, id := range slices.Sorted(maps.Keys(m)) {
		fmt.Fprintf(&b, "%s=%.4g ", id, m[id])
	}
	return b.String()
}
