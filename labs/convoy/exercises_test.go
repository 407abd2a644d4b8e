package convoy

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"resilab/labs/lab"
)

// undisturbed runs an exercise whose outcome is a matter of time again where it
// failed: what is wrong in the lab is wrong every time. A machine whose timers
// were too late each time has nothing to say about time, and the test says so.
func undisturbed(t *testing.T, exercise func() error) {
	t.Helper()
	const tries, tooLate = 4, 5 * time.Millisecond
	var err error
	disturbed := 0
	for range tries {
		lateness := probe()
		err = exercise()
		late := lateness()
		if err == nil {
			return
		}
		t.Logf("%v; timers were %s late", err, late)
		if late > tooLate {
			disturbed++
		}
	}
	if disturbed == tries {
		t.Logf("this machine is too busy to measure time: %v", err)
		return
	}
	t.Error(err)
}

// probe measures how late timers are until the function it returns is called, which
// returns the 90th percentile.
func probe() func() time.Duration {
	stop := make(chan struct{})
	result := make(chan time.Duration)
	go func() {
		var late []time.Duration
		for {
			const nap = 5 * time.Millisecond
			began := time.Now()
			select {
			case <-time.After(nap):
				late = append(late, time.Since(began)-nap)
			case <-stop:
				slices.Sort(late)
				result <- late[len(late)*9/10]
				return
			}
		}
	}()
	return func() time.Duration {
		close(stop)
		return <-result
	}
}

// TestExercises lives through the course's convoy exercises, in short: the runs
// of one exercise side by side.
func TestExercises(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]func(t *testing.T, w world){
		"C1 competing consumers": competingConsumers,
		"C2 global lock":         globalLock,
		"C3 slow user":           slowUser,
		"C4 hot user":            hotUser,
		"C5 few keys":            fewKeys,
		"C6 add a queue":         addQueue,
		"C7 remove a queue":      removeQueue,
		"C8 crash":               crash,
		"C9 poison":              poison,
		"C10 sequence numbers":   sequenceNumbers,
	} {
		t.Run(name, func(t *testing.T) { worlds(t, test) })
	}
}

// TestOtherBrokersExercises: what needs no exchange and takes no lane away can be lived
// through with Kafka and NATS as well.
func TestOtherBrokersExercises(t *testing.T) {
	for broker, w := range map[string]world{"Kafka": kafkaWorld, "NATS": natsWorld} {
		for name, test := range map[string]func(t *testing.T, w world){
			"C1 competing consumers": competingConsumers,
			"C2 global lock":         globalLock,
			"C3 slow user":           slowUser,
			"C4 hot user":            hotUser,
			"C5 few keys":            fewKeys,
			"C8 crash":               crash,
			"C9 poison":              poison,
			"C10 sequence numbers":   sequenceNumbers,
		} {
			t.Run(broker+" "+name, func(t *testing.T) {
				t.Parallel()
				test(t, w)
			})
		}
	}
}

func competingConsumers(t *testing.T, w world) {
	base := turned{"mode": "competing", "users": "10", "rate": "300", "work": "4ms", "burst": "20"}
	m := w.measure(t, "400", with(base, "lanes", "1"), with(base, "lanes", "4"))
	if m[0]["violations"] != 0 || m[1]["violation_rate"] <= 0.05 {
		t.Errorf("1 consumer %v violations, 4 consumers a rate of %v", m[0]["violations"], m[1]["violation_rate"])
	}
}

func globalLock(t *testing.T, w world) {
	base := turned{"users": "40", "lanes": "4", "rate": "150", "work": "40ms", "work-spread": "constant"}
	undisturbed(t, func() error {
		m := w.watch(t, 2*time.Second, with(base, "mode", "single"), with(base, "mode", "convoy"))
		if m[0]["violations"]+m[1]["violations"] != 0 || m[1]["throughput"] < 3*m[0]["throughput"] {
			return fmt.Errorf("one for all %v, four lanes %v", m[0]["throughput"], m[1]["throughput"])
		}
		return nil
	})
}

func slowUser(t *testing.T, w world) {
	base := turned{"users": "20", "lanes": "4", "rate": "60", "work": "8ms"}
	undisturbed(t, func() error {
		m := w.watch(t, 2*time.Second, base, with(base, "slow-user", "50"))
		if m[1]["p95_lane"] < 5*m[0]["p95_lane"] || m[1]["p95_others"] > 2*m[0]["p95_others"]+100 {
			return fmt.Errorf("in the lane %v → %v ms, others %v → %v ms", m[0]["p95_lane"], m[1]["p95_lane"], m[0]["p95_others"], m[1]["p95_others"])
		}
		return nil
	})
}

func hotUser(t *testing.T, w world) {
	base := turned{"users": "40", "rate": "80", "work": "40ms", "work-spread": "constant", "popularity": "hot"}
	undisturbed(t, func() error {
		for i, m := range w.watch(t, 3*time.Second, with(base, "lanes", "4"), with(base, "lanes", "8")) {
			if m["p95_hot"] < 5*m["p95_others"] {
				return fmt.Errorf("%d lanes: hot %v, others %v ms", []int{4, 8}[i], m["p95_hot"], m["p95_others"])
			}
		}
		return nil
	})
}

func fewKeys(t *testing.T, w world) {
	base := turned{"lanes": "4", "rate": "2000", "work": "0"}
	m := w.measure(t, "600", with(base, "users", "10"), with(base, "users", "200"))
	if m[1]["max_over_mean"] > 1.35 || m[0]["max_over_mean"] < m[1]["max_over_mean"] {
		t.Errorf("10 users %v, 200 users %v", m[0]["max_over_mean"], m[1]["max_over_mean"])
	}
}

// change lets labs work side by side, does something to the lanes of each under
// full load, and returns what came of it.
func (w world) change(t *testing.T, base turned, runs ...turned) []map[string]float64 {
	t.Helper()
	labs := make([]lab.Lab, len(runs))
	for i, knobs := range runs {
		all := with(base)
		maps.Copy(all, knobs)
		delete(all, "action")
		labs[i] = w.begin(t, all)
	}
	handled := func(n float64) func(*lab.Snapshot) bool {
		return func(s *lab.Snapshot) bool { return s.Metrics["handled"] > n }
	}
	for i, l := range labs {
		await(t, l, "all users have ordered", handled(400))
		if err := l.Do(t.Context(), runs[i]["action"]); err != nil {
			t.Fatal(err)
		}
	}
	results := make([]map[string]float64, len(runs))
	for i, l := range labs {
		enough := handled(l.Snapshot().Metrics["published"] + 300)
		await(t, l, "all users have ordered again", func(s *lab.Snapshot) bool {
			_, known := s.Metrics["moved"]
			return known && enough(s)
		})
		l.Pause()
		results[i] = await(t, l, "all is handled", func(s *lab.Snapshot) bool { return s.InFlight == 0 }).Metrics
	}
	return results
}

func addQueue(t *testing.T, w world) {
	base := turned{"users": "200", "lanes": "4", "rate": "200", "work": "0"}
	m := w.change(t, base, turned{"mode": modeConvoy, "action": addLane}, turned{"mode": modeModulus, "action": addLane})
	ring, modulus := m[0]["moved"], m[1]["moved"]
	if ring < 0.11 || ring > 0.28 || modulus < 0.7 || modulus > 0.88 {
		t.Errorf("moved: ring %v, modulus %v", ring, modulus)
	}
}

func removeQueue(t *testing.T, w world) {
	base := turned{"users": "200", "lanes": "4", "rate": "200", "work": "1ms"}
	m := w.change(t, base, turned{"action": removeFirst}, turned{"action": removeLast}, turned{"action": removeFirst, "drain": "true"})
	first, last, drained := m[0], m[1], m[2]
	if first["moved"] < 0.8 || last["moved"] > 0.4 || drained["violations"] != 0 || drained["moved"] < 0.8 {
		t.Errorf("moved: first %v, last %v; drained %v", first["moved"], last["moved"], drained)
	}
	if first["lost"]+last["lost"]+drained["lost"] != 0 {
		t.Error("a removed lane lost orders")
	}
}

func crash(t *testing.T, w world) {
	base := turned{"users": "10", "lanes": "2", "rate": "100", "work": "4ms", "incident": actionKill, "incident-at": "300ms"}
	twice := func(s *lab.Snapshot) bool { return s.Metrics["redelivered"] > 0 && s.Metrics["duplicates"] > 0 }
	without, inbox := w.begin(t, base), w.begin(t, with(base, "inbox", "true"))
	if m := finish(t, without, "an order is handled twice", twice); m["effects"] <= m["unique_messages"] {
		t.Errorf("without an inbox: %v", m)
	}
	if m := finish(t, inbox, "an order is handled twice", twice); m["effects"] != m["unique_messages"] || m["lost"] != 0 {
		t.Errorf("with an inbox: %v", m)
	}
}

func poison(t *testing.T, w world) {
	base := turned{"users": "10", "lanes": "2", "rate": "100", "work": "2ms", "prefetch": "1", "incident": actionPoison, "incident-at": "300ms"}
	without, limited := w.begin(t, base), w.begin(t, with(base, "delivery-limit", "5"))
	m := await(t, without, "it is requeued", func(s *lab.Snapshot) bool { return s.Metrics["redelivered"] >= 20 }).Metrics
	if m["lane_resumed"] != 0 || m["dead_lettered"] != 0 {
		t.Errorf("requeued for ever: %v", m)
	}
	m = finish(t, limited, "its lane goes on and its user's next order shows the gap", func(s *lab.Snapshot) bool {
		return s.Metrics["lane_resumed"] == 1 && s.Metrics["gaps"] > 0
	})
	if m["dead_lettered"] != 1 || m["gaps"] != 1 || m["lost"] != 0 {
		t.Errorf("with a limit: %v", m)
	}
}

// finish waits until a lab has shown something, lets it come to rest and returns what
// it has measured.
func finish(t *testing.T, l lab.Lab, what string, ok func(*lab.Snapshot) bool) map[string]float64 {
	t.Helper()
	await(t, l, what, ok)
	l.Pause()
	return await(t, l, "all is handled", func(s *lab.Snapshot) bool { return s.InFlight == 0 }).Metrics
}

func sequenceNumbers(t *testing.T, w world) {
	base := turned{"mode": "competing", "users": "10", "lanes": "4", "rate": "600", "work": "5ms", "scenario": "bank"}
	m := w.measure(t, "500", base, with(base, "hold-back", "100"))
	without, buffer := m[0], m[1]
	if without["applied_violations"] == 0 || without["rejected"] == 0 || without["wrong_accounts"] == 0 {
		t.Errorf("without a buffer: %v", without)
	}
	if buffer["applied_violations"] != 0 || buffer["buffer_max"] == 0 || buffer["buffer_max"] > 100 || buffer["rejected"] != 0 || buffer["wrong_accounts"] != 0 {
		t.Errorf("with a buffer: %v", buffer)
	}
}

// sameMeasure compares what was measured at two speeds.
func sameMeasure(before, after *lab.Snapshot) error {
	a, b := before.Metrics, after.Metrics
	if after.Elapsed < 6*time.Second || b["throughput"] < 17 || b["throughput"] > 21 || a["p50_ms"] < 60 || b["p50_ms"] < 60 || b["p50_ms"] > 150 {
		return fmt.Errorf("throughput %v → %v, p50 %v → %v ms, elapsed %s", a["throughput"], b["throughput"], a["p50_ms"], b["p50_ms"], after.Elapsed)
	}
	return nil
}
