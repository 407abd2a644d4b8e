package convoy

import (
	"fmt"
	"maps"
	"testing"
	"time"
)

type turned = map[string]string

func with(base turned, more ...string) turned {
	k := maps.Clone(base)
	for i := 0; i < len(more); i += 2 {
		k[more[i]] = more[i+1]
	}
	return k
}

// watch lets a lab run for a while and then lets it come to rest, as far as it does.
func watch(t *testing.T, url string, d time.Duration, k turned) map[string]float64 {
	t.Helper()
	l := begin(t, url, k)
	time.Sleep(d)
	l.Pause()
	for range 150 {
		if l.Snapshot().InFlight == 0 {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	m := l.Snapshot().Metrics
	t.Logf("%v", m)
	return m
}

// inThreeTries runs an exercise whose outcome is a matter of time again where
// the machine was too busy; what is wrong in the lab is wrong three times.
func inThreeTries(t *testing.T, exercise func() error) {
	t.Helper()
	var err error
	for range 3 {
		if err = exercise(); err == nil {
			return
		}
		t.Log(err)
	}
	t.Error(err)
}

// TestExercises lives through the course's convoy exercises, in short.
func TestExercises(t *testing.T) {
	for name, test := range map[string]func(t *testing.T, url string){
		"C1 competing consumers": func(t *testing.T, url string) {
			base := turned{"mode": "competing", "users": "10", "rate": "300", "work": "5ms", "burst": "20", "orders": "600"}
			a := measure(t, url, "600", with(base, "lanes", "1"))
			b := measure(t, url, "600", with(base, "lanes", "4"))
			if a["violations"] != 0 || b["violation_rate"] <= 0.05 {
				t.Errorf("1 consumer %v violations, 4 consumers a rate of %v", a["violations"], b["violation_rate"])
			}
		},
		"C2 global lock": func(t *testing.T, url string) {
			base := turned{"users": "40", "lanes": "4", "rate": "1000", "work": "10ms", "work-spread": "constant"}
			inThreeTries(t, func() error {
				a := watch(t, url, 2*time.Second, with(base, "mode", "single"))
				b := watch(t, url, 2*time.Second, with(base, "mode", "convoy"))
				if a["violations"]+b["violations"] != 0 || b["throughput"] < 3*a["throughput"] {
					return fmt.Errorf("one for all %v, four lanes %v", a, b)
				}
				return nil
			})
		},
		"C3 slow user": func(t *testing.T, url string) {
			base := turned{"users": "20", "lanes": "4", "rate": "200", "work": "4ms"}
			inThreeTries(t, func() error {
				a := watch(t, url, 2*time.Second, base)
				b := watch(t, url, 2*time.Second, with(base, "slow-user", "40"))
				if b["p95_lane"] < 5*a["p95_lane"] || b["p95_others"] > 2*a["p95_others"]+5 {
					return fmt.Errorf("%v, slow %v", a, b)
				}
				return nil
			})
		},
		"C4 hot user": func(t *testing.T, url string) {
			for _, lanes := range []string{"4", "8"} {
				inThreeTries(t, func() error {
					m := watch(t, url, 3*time.Second, turned{"users": "40", "lanes": lanes, "rate": "300", "work": "9ms", "popularity": "hot"})
					if m["p95_hot"] < 10*m["p95_others"] {
						return fmt.Errorf("%s lanes: hot %v, others %v", lanes, m["p95_hot"], m["p95_others"])
					}
					return nil
				})
			}
		},
		"C5 few keys": func(t *testing.T, url string) {
			base := turned{"lanes": "4", "rate": "2000", "work": "0"}
			a := measure(t, url, "2000", with(base, "users", "10"))
			b := measure(t, url, "2000", with(base, "users", "200"))
			if b["max_over_mean"] > 1.35 || a["max_over_mean"] < b["max_over_mean"] {
				t.Errorf("10 users %v, 200 users %v", a["max_over_mean"], b["max_over_mean"])
			}
		},
		"C6 add a queue": func(t *testing.T, url string) {
			base := turned{"users": "200", "lanes": "4", "rate": "2000", "work": "0", "incident": "add-lane", "incident-at": "500ms"}
			a := watch(t, url, 1500*time.Millisecond, with(base, "mode", "convoy"))
			b := watch(t, url, 1500*time.Millisecond, with(base, "mode", "modulus"))
			if a["moved"] < 0.11 || a["moved"] > 0.28 || b["moved"] < 0.7 || b["moved"] > 0.88 {
				t.Errorf("moved: ring %v, modulus %v", a["moved"], b["moved"])
			}
		},
		"C7 remove a queue": func(t *testing.T, url string) {
			base := turned{"users": "200", "lanes": "4", "rate": "2000", "work": "1ms", "incident-at": "500ms"}
			first := watch(t, url, 1500*time.Millisecond, with(base, "incident", "remove-first"))
			last := watch(t, url, 1500*time.Millisecond, with(base, "incident", "remove-last"))
			drained := watch(t, url, 2500*time.Millisecond, with(base, "incident", "remove-first", "drain", "true"))
			if first["moved"] < 0.8 || last["moved"] > 0.4 || drained["violations"] != 0 || drained["moved"] < 0.8 {
				t.Errorf("moved: first %v, last %v; drained %v", first["moved"], last["moved"], drained)
			}
			if first["lost"]+last["lost"]+drained["lost"] != 0 {
				t.Error("a removed lane lost orders")
			}
		},
		"C8 crash": func(t *testing.T, url string) {
			base := turned{"users": "10", "lanes": "2", "rate": "200", "work": "4ms", "incident": "kill", "incident-at": "500ms"}
			a := watch(t, url, 2500*time.Millisecond, base)
			b := watch(t, url, 2500*time.Millisecond, with(base, "inbox", "true"))
			if a["redelivered"] == 0 || a["duplicates"] == 0 || a["effects"] <= a["unique_messages"] {
				t.Errorf("without an inbox: %v", a)
			}
			if b["redelivered"] == 0 || b["duplicates"] == 0 || b["effects"] != b["unique_messages"] || b["lost"] != 0 {
				t.Errorf("with an inbox: %v", b)
			}
		},
		"C9 poison": func(t *testing.T, url string) {
			base := turned{"users": "10", "lanes": "2", "rate": "100", "work": "2ms", "prefetch": "1", "incident": "poison", "incident-at": "300ms"}
			a := watch(t, url, 1500*time.Millisecond, base)
			b := watch(t, url, 1500*time.Millisecond, with(base, "delivery-limit", "5"))
			if a["lane_resumed"] != 0 || a["redelivered"] < 20 || a["dead_lettered"] != 0 {
				t.Errorf("requeued for ever: %v", a)
			}
			if b["lane_resumed"] != 1 || b["dead_lettered"] != 1 || b["gaps"] != 1 || b["lost"] != 0 {
				t.Errorf("with a limit: %v", b)
			}
		},
		"C10 sequence numbers": func(t *testing.T, url string) {
			base := turned{"mode": "competing", "users": "10", "lanes": "4", "rate": "1000", "work": "5ms", "scenario": "bank"}
			a := measure(t, url, "1000", base)
			b := measure(t, url, "1000", with(base, "hold-back", "100"))
			if a["applied_violations"] == 0 || a["rejected"] == 0 || a["wrong_accounts"] == 0 {
				t.Errorf("without a buffer: %v", a)
			}
			if b["applied_violations"] != 0 || b["buffer_max"] == 0 || b["buffer_max"] > 100 || b["rejected"] != 0 || b["wrong_accounts"] != 0 {
				t.Errorf("with a buffer: %v", b)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			worlds(t, test)
		})
	}
}
