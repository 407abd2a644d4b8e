package retry

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"resilab/labs/i18n"
	"resilab/labs/lab"
)

// fast are settings under which a test is quick, and that leave chance to the seed.
func fast(changes map[string]string) map[string]string {
	all := map[string]string{
		"base": "1ms", "cap": "20ms", "rate": "100", "latency": "1ms", "failure-rate": "0", "slow-rate": "0",
		"attempt-timeout": "0", // on a busy machine any limit may pass
		"clients":         "10", "fleet-outage": "0",
	}
	for id, v := range changes {
		all[id] = v
	}
	return all
}

func TestClassifierSparesTheDeclined(t *testing.T) {
	blind := measure(t, 100, 2, fast(map[string]string{"decline-rate": "0.2", "classify": "false"})).Metrics
	bail := measure(t, 100, 2, fast(map[string]string{"decline-rate": "0.2"})).Metrics
	if blind["attempts_per_op"] < 1.3 || bail["attempts_per_op"] != 1 {
		t.Errorf("attempts per operation: %.2f blind, %.2f with a classifier", blind["attempts_per_op"], bail["attempts_per_op"])
	}
	if blind["orders_paid"] != blind["operations"]-blind["failed"] {
		t.Errorf("declined cards were charged: %v", blind)
	}
}

func TestBudgetCapsTheLoad(t *testing.T) {
	free := measure(t, 120, 3, fast(map[string]string{"failure-rate": "1"})).Metrics
	capped := measure(t, 120, 3, fast(map[string]string{"failure-rate": "1", "budget": "bucket"})).Metrics
	if free["amplification"] != 4 || capped["amplification"] > 1.15 {
		t.Errorf("amplification %.2f without a budget, %.2f with one", free["amplification"], capped["amplification"])
	}
	if capped["budget_refused"] == 0 || capped["budget_left"] > 0.1 {
		t.Errorf("refused %v, left %v", capped["budget_refused"], capped["budget_left"])
	}
}

func TestTheSizeOfTheBucket(t *testing.T) {
	retries := func(tokens string) float64 {
		return measure(t, 120, 3, fast(map[string]string{"failure-rate": "1", "budget": "bucket", "budget-tokens": tokens})).Metrics["retries"]
	}
	if small, large := retries("5"), retries("50"); small != 5 || large != 50 {
		t.Errorf("where nothing succeeds, buckets of 5 and 50 paid for %v and %v retries", small, large)
	}
}

func TestBreakerOpensInAnOutageAndClosesAfterIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := settings(t, fast(map[string]string{"breaker": "gobreaker", "breaker-open": "500ms", "retries": "1"}))
		l := start(t, lab.Env{}, s, 1)
		until(t, l, "work", func(s *lab.Snapshot) bool { return s.Metrics["operations"] > 5 })
		l.gateway.Fail(time.Hour)
		m := until(t, l, "rejections", func(s *lab.Snapshot) bool { return s.Metrics["rejected"] >= 150 }).Metrics
		if m["outage_calls"] > m["rejected"]/2 {
			t.Errorf("%v calls in the outage, only %v were spared", m["outage_calls"], m["rejected"])
		}
		l.gateway.Fail(0)
		until(t, l, "a closed breaker", func(s *lab.Snapshot) bool { return s.Detail.(*Detail).Guards.Breaker == "closed" })
		before := l.Snapshot().Metrics["charges"]
		until(t, l, "new charges", func(s *lab.Snapshot) bool { return s.Metrics["charges"] > before })
	})
}

func TestCachedFallbackShowsNoError(t *testing.T) {
	m := measure(t, 100, 1, fast(map[string]string{
		"scenario": "recommendations", "failure-rate": "0.7", "fallback": "cached",
	})).Metrics
	if m["failed"] != 0 || m["cached"] == 0 || m["served"] != 1 || m["success"] > 0.9 {
		t.Errorf("failed %v, cached %v, served %v, success %v", m["failed"], m["cached"], m["served"], m["success"])
	}
}

func TestQueueIsDrainedWhenTheGatewayIsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := settings(t, fast(map[string]string{"fallback": "queue", "retries": "1", "idempotency": "true"}))
		l := start(t, lab.Env{}, s, 1)
		l.gateway.Fail(200 * time.Millisecond)
		until(t, l, "a queue", func(s *lab.Snapshot) bool { return s.Metrics["queued"] >= 10 })
		l.Pause()
		m := until(t, l, "rest", func(s *lab.Snapshot) bool { return s.InFlight == 0 }).Metrics
		if m["queued"] != m["delivered"] || m["queue_waiting"] != 0 || m["lost_orders"] != 0 {
			t.Errorf("queued %v, delivered %v, waiting %v, lost %v", m["queued"], m["delivered"], m["queue_waiting"], m["lost_orders"])
		}
		if m["orders_paid"] != m["operations"] || m["charges"] != m["operations"] {
			t.Errorf("%v operations, %v paid, %v charges", m["operations"], m["orders_paid"], m["charges"])
		}
	})
}

func TestQueueDropsWhatIsRefusedForGood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := settings(t, fast(map[string]string{"fallback": "queue", "retries": "0", "decline-rate": "1"}))
		l := start(t, lab.Env{}, s, 1)
		l.gateway.Fail(100 * time.Millisecond)
		until(t, l, "a queue", func(s *lab.Snapshot) bool { return s.Metrics["queued"] >= 5 })
		l.Pause()
		m := until(t, l, "rest", func(s *lab.Snapshot) bool { return s.InFlight == 0 }).Metrics
		if m["delivered"] != 0 || m["queue_waiting"] != 0 || m["lost_orders"] != m["failed"]+m["queued"] {
			t.Errorf("every queued order must be accounted for: %v", m)
		}
	})
}

func TestHedgeOvertakesSlowAnswers(t *testing.T) {
	slow := fast(map[string]string{"latency": "20ms", "slow-rate": "0.2", "rate": "100"})
	plain := measure(t, 60, 5, slow).Metrics
	slow["hedge"] = "60ms"
	hedged := measure(t, 60, 5, slow).Metrics
	if hedged["hedges"] == 0 || plain["hedges"] != 0 {
		t.Errorf("hedges: %v, without %v", hedged["hedges"], plain["hedges"])
	}
	if hedged["p95_ms"] >= plain["p95_ms"] || hedged["success"] != 1 {
		t.Errorf("p95 %v with hedging, %v without; success %v", hedged["p95_ms"], plain["p95_ms"], hedged["success"])
	}
	if hedged["attempts_per_op"] != 1 || hedged["amplification"] <= 1 {
		t.Errorf("a hedge is a call of the same attempt: %v", hedged)
	}
}

func TestRetryAfterIsHonoured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := start(t, lab.Env{}, settings(t, fast(map[string]string{"limit": "2", "rate": "20", "retries": "1"})), 1)
		snap := until(t, l, "a throttled operation", func(s *lab.Snapshot) bool { return s.Metrics["throttled"] > 3 })
		waits := 0
		for _, op := range snap.Detail.(*Detail).Ops {
			for _, span := range op.Spans {
				if span.Wait && op.Outcome == Pending {
					waits++
					if d := span.End - span.Start; d < time.Second {
						t.Errorf("waits %v although the server asked for 1 s", d)
					}
				}
			}
		}
		if waits == 0 {
			t.Error("no operation waits")
		}
	})
}

func TestInventoryConflictsAreRetried(t *testing.T) {
	m := measure(t, 30, 1, map[string]string{"scenario": "inventory", "rate": "10", "base": "20ms", "latency": "5ms"}).Metrics
	if m["conflicts"] == 0 || m["success"] <= m["success_no_retry"] {
		t.Errorf("conflicts %v, success %v, without retry %v", m["conflicts"], m["success"], m["success_no_retry"])
	}
}

// A key belongs to a request: when another client was faster, the next version of
// the stock is reserved under a new one.
func TestReservationsUnderKeys(t *testing.T) {
	m := measure(t, 30, 1, map[string]string{
		"scenario": "inventory", "rate": "10", "base": "20ms", "latency": "5ms", "idempotency": "true", "lost-rate": "0.2",
		"retries": "20", "attempt-timeout": "0",
	}).Metrics
	if m["conflicts"] == 0 || m["replayed"] == 0 || m["success"] != 1 {
		t.Errorf("conflicts %v, replayed %v, success %v", m["conflicts"], m["replayed"], m["success"])
	}
}

// The queue does not bypass the breaker.
func TestTheQueueWaitsForTheBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := settings(t, fast(map[string]string{"fallback": "queue", "retries": "0", "breaker": "gobreaker", "breaker-open": "5m"}))
		l := start(t, lab.Env{}, s, 1)
		l.gateway.Fail(time.Hour)
		deliveries := func() int {
			l.current().stats.mu.Lock()
			defer l.current().stats.mu.Unlock()
			return l.current().stats.queue.deliveries
		}
		begun := until(t, l, "an open breaker", func(s *lab.Snapshot) bool { return s.Metrics["rejected"] > 0 })
		before := deliveries() // one more may be under way
		until(t, l, "time for more", func(s *lab.Snapshot) bool { return s.Elapsed > begun.Elapsed+4*backlogPause })
		if n := deliveries() - before; n > 1 {
			t.Errorf("%d calls behind the breaker's back", n)
		}
	})
}

// Whatever the faults and the policy, with keys every order that was paid for
// was charged once, and every operation is accounted for.
func TestChargesEqualOrdersPaidWithKeys(t *testing.T) {
	spec := Spec()
	rapid.Check(t, func(rt *rapid.T) {
		s := spec.Defaults()
		for id, v := range fast(map[string]string{"idempotency": "true", "retries": "4", "rate": "0", "base": "200us", "cap": "2ms"}) {
			k, _ := spec.Knob(id)
			value, err := k.Parse(v)
			if err != nil {
				rt.Fatal(err)
			}
			s = s.With(id, value)
		}
		for _, id := range []string{"failure-rate", "lost-rate", "decline-rate"} {
			s = s.With(id, lab.FractionValue(rapid.Float64Range(0, 0.9).Draw(rt, id)))
		}
		s = s.With("attempt-timeout", lab.DurationValue(time.Duration(rapid.IntRange(1500, 8000).Draw(rt, "time-out µs"))*time.Microsecond))
		s = s.With("hedge", lab.DurationValue(time.Duration(rapid.IntRange(0, 2).Draw(rt, "hedge ms"))*time.Millisecond))
		s = s.With("capacity", lab.IntValue(rapid.IntRange(0, 3).Draw(rt, "capacity")))
		s = s.With("fallback", lab.ChoiceValue(rapid.SampledFrom([]string{"none", "cached", "queue"}).Draw(rt, "fallback")))
		s = s.With("classify", lab.BoolValue(rapid.Bool().Draw(rt, "classify")))
		seed, outage := rapid.Uint64().Draw(rt, "seed"), rapid.Bool().Draw(rt, "outage")
		synctest.Test(t, func(t *testing.T) { accountsBalance(t, s, seed, outage) })
	})
}

func accountsBalance(t *testing.T, s lab.Settings, seed uint64, outage bool) {
	l := start(t, lab.Env{}, s, seed)
	l.Pause()
	if outage {
		l.gateway.Fail(5 * time.Millisecond)
	}
	const operations = 10
	for range operations {
		l.Step()
	}
	m := until(t, l, "rest but for the queue", func(s *lab.Snapshot) bool {
		return s.Metrics["operations"] == operations &&
			(s.InFlight == 0 || s.Metrics["queue_waiting"] > 0 && l.current().inFlight.Load() <= 1)
	}).Metrics
	if m["charges"] != m["orders_paid"] {
		t.Fatalf("%v charges for %v orders", m["charges"], m["orders_paid"])
	}
	ends := m["operations"]*m["success"] + m["failed"] + m["cached"] + m["queued"]
	if diff := ends - m["operations"]; diff > 0.01 || diff < -0.01 {
		t.Fatalf("%v operations ended in %v ways: %v", m["operations"], ends, m)
	}
}

// A gateway of the student's own that goes away is an outage, not a crash.
func TestOwnGateway(t *testing.T) {
	listen := func(addr string) (net.Listener, *http.Server) {
		ln, err := net.Listen("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "gracias") })}
		go server.Serve(ln)
		return ln, server
	}
	ln, server := listen("127.0.0.1:0")
	addr := ln.Addr().String()
	s := settings(t, fast(map[string]string{"gateway-url": "http://" + addr, "retries": "0", "rate": "100"}))
	l := startReal(t, s, 1)
	snap := until(t, l, "answers", func(s *lab.Snapshot) bool { return s.Metrics["success"] == 1 })
	if _, told := snap.Metrics["charges"]; told {
		t.Error("the lab reports charges of a foreign gateway")
	}
	server.Close()
	until(t, l, "trouble", func(s *lab.Snapshot) bool {
		return len(s.Troubles) == 1 && s.Troubles[0].Key == "retry.trouble.gateway" && s.Troubles[0].Args[0] == "http://"+addr
	})
	_, again := listen(addr)
	defer again.Close()
	until(t, l, "recovery", func(s *lab.Snapshot) bool { return len(s.Troubles) == 0 })
}

// What a gateway of the student's own may do: each is a failed attempt of the
// policy's, and nothing else.
func TestStrangeGateways(t *testing.T) {
	for name, c := range map[string]struct {
		answer string // empty: none, and the connection stays open
		cause  Cause
	}{
		"hangs":       {"", CauseTimeout},
		"garbage":     {"\x00\xff not HTTP at all\r\n\r\n", CauseOther},
		"hangs later": {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", CauseTimeout},
		"redirects":   {"HTTP/1.1 302 Found\r\nLocation: /payments\r\nContent-Length: 0\r\n\r\n", CauseStatus},
	} {
		t.Run(name, func(t *testing.T) {
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer ln.Close()
			var conns atomic.Int64
			go func() {
				for {
					conn, err := ln.Accept()
					if err != nil {
						return
					}
					conns.Add(1)
					t.Cleanup(func() { conn.Close() })
					_, _ = conn.Read(make([]byte, 4096)) // an answer before the request is not an answer to it
					_, _ = io.WriteString(conn, c.answer)
				}
			}()
			s := settings(t, fast(map[string]string{
				"gateway-url": "http://" + ln.Addr().String(), "retries": "1", "rate": "0", "attempt-timeout": "200ms",
			}))
			l := startReal(t, s, 1)
			l.Pause()
			l.Step()
			m := until(t, l, "a failed operation", func(s *lab.Snapshot) bool { return s.Metrics["failed"] == 1 }).Metrics
			if op := l.Snapshot().Detail.(*Detail).Ops[0]; op.Cause != c.cause {
				t.Errorf("the cause is %q, want %q", op.Cause, c.cause)
			}
			if n := conns.Load(); float64(n) != m["attempts"] {
				t.Errorf("%v connections for %v attempts", n, m["attempts"])
			}
		})
	}
}

// Words that are put together from parts must be there in both languages.
func TestComposedTextsExist(t *testing.T) {
	causes := []Cause{
		CauseTemporary, CauseTimeout, CauseReset, CauseUnreachable, CauseThrottled, CauseDeclined, CauseConflict,
		CauseInUse, CauseStatus, CauseBreaker, CauseOther,
	}
	for _, lang := range i18n.Langs() {
		c, err := i18n.Load(lang, Spec().Texts)
		if err != nil {
			t.Fatal(err)
		}
		var keys []string
		for _, cause := range causes {
			for _, part := range []string{"event.retrying.", "event.failed.", "pane.cause."} {
				keys = append(keys, "retry."+part+string(cause))
			}
		}
		for _, s := range scenarioNames() {
			for _, part := range []string{"event.attempt.", "event.done.", "pane.outcome.succeeded."} {
				keys = append(keys, "retry."+part+s)
			}
		}
		for _, state := range []string{"open", "half-open", "closed"} {
			keys = append(keys, "retry.event.breaker."+state, "retry.pane.breaker_state."+state)
		}
		for _, key := range keys {
			if !c.Has(key) {
				t.Errorf("%s: no text for %s", lang, key)
			}
		}
	}
}

func TestFleetFollowsTheKnobs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := settings(t, map[string]string{"rate": "0", "failure-rate": "1", "fleet-outage": "0", "layers": "3"})
		l := start(t, lab.Env{}, s, 1)
		crowd := func(s *lab.Snapshot) *Fleet { return s.Detail.(*Detail).Fleet }
		snap := until(t, l, "the fleet", func(s *lab.Snapshot) bool { return crowd(s) != nil })
		if got := snap.Metrics["fleet_amplification"]; got != 64 {
			t.Errorf("three layers of four tries: %v calls an operation, want 64", got)
		}
		next := s.With("layers", lab.IntValue(1))
		if err := l.Apply(context.Background(), next); err != nil {
			t.Fatal(err)
		}
		snap = until(t, l, "the new fleet", func(s *lab.Snapshot) bool { return s.Metrics["fleet_amplification"] == 4 })
		d := snap.Detail.(*Detail)
		if d.FleetOf(s) == nil || d.FleetOf(s).Metrics["fleet_amplification"] != 64 || d.FleetOf(next) != d.Fleet {
			t.Error("the fleet of the settings before is forgotten: run A needs it")
		}
		if d.FleetOf(s.With("layers", lab.IntValue(2))) != nil {
			t.Error("a fleet that was never simulated")
		}
	})
}

func TestPresetTurnsTheKnobs(t *testing.T) {
	spec := Spec()
	s := spec.Turn(spec.Defaults(), "preset", lab.ChoiceValue("async-retry"))
	if s.Int("retries") != 10 || s.Duration("base") != time.Second || s.Text("jitter") != "randomize" {
		t.Errorf("async-retry: %v", s)
	}
	if s.Bool("classify") || s.Text("budget") != off {
		t.Errorf("async-retry repeats every error and has no budget: %v", s)
	}
	aws := spec.Turn(s, "preset", lab.ChoiceValue("aws-sdk-go-v2"))
	if !aws.Bool("classify") || aws.Text("budget") != "aws" {
		t.Errorf("the AWS SDK has a classifier and a bucket: %v", aws)
	}
	if away := spec.Turn(s, "base", ms(10)); away.Text("preset") != presetOwn {
		t.Errorf("a policy that is no longer the library's still bears its name")
	}
	k, _ := spec.Knob("preset")
	for _, name := range k.Choices {
		turned := spec.Turn(spec.Defaults(), "preset", lab.ChoiceValue(name))
		if err := spec.Check(turned); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if turned.Text("preset") != name {
			t.Errorf("%s does not stay chosen", name)
		}
	}
}
