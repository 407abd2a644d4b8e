package cacheaside

import (
	"slices"
	"testing"
	"time"

	"resilab/brokers/redis"
	"resilab/labs/cacheaside/measure"
	"resilab/labs/lab"
)

// A change of speed keeps what was measured, and the copies live as long in the
// lab's time as they did.
func TestASpeedKeepsTheMeasurement(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		l := startLab(t, url, map[string]string{"rate": "0", "warm": "true", "ttl": "1m", "products": "30", "invalidate": "versioned"})
		if _, err := l.read(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		c := l.engine.servers.cache()
		keys := []string{l.run().service.Key(1), l.run().service.Key(30)}
		left := make([]time.Duration, 2)
		for _, speed := range []float64{2, 0.5, 1} {
			before := l.Snapshot()
			l.engine.Clock.SetSpeed(speed)
			eventually(t, "the TTLs in Redis are adjusted", func() bool {
				if err := c.PTTLs(t.Context(), keys, left); err != nil {
					t.Fatal(err)
				}
				want := l.run().products.Of(1).Left(l.engine.Clock.Now())
				return !slices.ContainsFunc(left, func(d time.Duration) bool { return (l.engine.Clock.Lab(d) - want).Abs() > time.Second })
			})
			after := l.Snapshot()
			for after.Detail.(*Detail).Products[0].Life == measure.Unknown { // Redis did not answer in time
				time.Sleep(10 * time.Millisecond)
				after = l.Snapshot()
			}
			if after.Elapsed < before.Elapsed || after.Metrics["reads"] != before.Metrics["reads"] || after.Metrics["hits"] != 1 {
				t.Errorf("at speed %g: %v after %v, %v", speed, after.Elapsed, before.Elapsed, after.Metrics)
			}
			// The TTL is adjusted a moment after the speed, so that it may grow by a little.
			atMost := before.Detail.(*Detail).Products[0].Left + time.Second
			if p := after.Detail.(*Detail).Products[0]; p.Life != measure.Alive || p.Full.Round(time.Second) != time.Minute || p.Left > atMost {
				t.Errorf("at speed %g the copy is %+v", speed, p)
			}
		}
	})
}

// Entries that are not the product's are misses, are counted, and are replaced.
func TestForeignEntries(t *testing.T) {
	for _, strategy := range []string{"none", "single-flight", "lock", "lease", "early", "revalidate"} {
		t.Run(strategy, func(t *testing.T) {
			t.Parallel()
			l := startLab(t, embedded(t), map[string]string{"rate": "0", "db-latency": "1ms", "strategy": strategy})
			key, client := l.run().service.Key(1), l.engine.servers.client
			list := redis.NewScript(`redis.call("DEL", KEYS[1]) return redis.call("RPUSH", KEYS[1], "x")`)
			for i, value := range []string{"null", "{}", "garbage", `{"id":2,"name":"Mouse","price":25,"version":1,"loaded_ms":5,"expires_ms":9}`, "a list"} {
				var err error
				if value == "a list" {
					_, err = client.Run(t.Context(), list, []string{key})
				} else {
					err = client.Set(t.Context(), key, []byte(value), time.Minute)
				}
				if err != nil {
					t.Fatal(err)
				}
				for _, want := range []measure.Source{measure.FromDatabase, measure.FromCache} {
					if a, err := l.read(t.Context(), 1); err != nil || a.ID != 1 || a.Name != "Laptop" || a.Source != want {
						t.Errorf("%s: %+v, %v; want it from the %s", value, a, err, want)
					}
				}
				if n := l.Snapshot().Metrics["foreign_entries"]; n < float64(i+1) {
					t.Errorf("%s: %g foreign entries are counted", value, n)
				}
			}
		})
	}
}

// Writes that fail, and copies that could not be deleted, are counted and logged.
func TestFailedWritesAreCounted(t *testing.T) {
	for _, invalidate := range []string{"delete-before", "delete-after", "write-through", "versioned"} {
		t.Run(invalidate, func(t *testing.T) {
			t.Parallel()
			l := startLab(t, embedded(t), map[string]string{"rate": "0", "write-latency": "0s", "invalidate": invalidate, "redis-fault": "down"})
			if _, err := l.run().write(t.Context(), 1, 5); err == nil {
				t.Error("the write is said to have succeeded")
			}
			s := l.Snapshot()
			logged := slices.ContainsFunc(s.Events, func(e lab.Event) bool { return e.Key == "cacheaside.event.invalidation-lost-cause" })
			if s.Metrics["write_failures"] != 1 || s.Metrics["lost_invalidations"] != 1 || !logged {
				t.Errorf("counted as %v, logged %v", s.Metrics, logged)
			}
		})
	}
}
