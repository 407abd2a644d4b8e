package retry

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"resilab/labs/clock"
	"resilab/labs/i18n"
	"resilab/labs/kit"
	"resilab/labs/lab"
	"resilab/labs/labtest"
	"resilab/labs/retry/gateway/gatewaytest"
	"resilab/labs/retry/preset"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// settings are the defaults with changes in the way flags are written.
func settings(t *testing.T, changes map[string]string) lab.Settings {
	t.Helper()
	return labtest.Settings(t, Spec(), changes)
}

// testLab is a lab whose parts a test can look at.
type testLab struct {
	*kit.Runner[*run]
	*spy
}

// spy is an engine that remembers the run under way.
type spy struct {
	*engine
	mu  sync.Mutex
	run *run
}

func (s *spy) Begin(ctx context.Context, life *kit.Run) (*run, error) {
	r, err := s.engine.Begin(ctx, life)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.run = r
	return r, err
}

func (s *spy) current() *run {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.run
}

// start starts a lab in a bubble of synctest.
func start(t *testing.T, env lab.Env, s lab.Settings, seed uint64) testLab {
	t.Helper()
	memory := gatewaytest.New()
	return startOn(t, env, network{listen: memory.Listen, dial: memory.Dial}, s, seed)
}

// startReal starts a lab on the loopback interface.
func startReal(t *testing.T, s lab.Settings, seed uint64) testLab {
	t.Helper()
	return startOn(t, lab.Env{}, loopback(), s, seed)
}

func startOn(t *testing.T, env lab.Env, n network, s lab.Settings, seed uint64) testLab {
	t.Helper()
	l := newTestLab(env, n)
	if err := l.Start(t.Context(), s, seed); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return l
}

func newTestLab(env lab.Env, n network) testLab {
	s := &spy{}
	runner := kit.NewRunner(env, options, func(base *kit.Base) kit.Engine[*run] {
		s.engine = newEngine(base, n)
		return s
	})
	return testLab{runner, s}
}

// patience is only for a lab that hangs. In a bubble it is virtual.
const patience = 5 * time.Minute

// until waits until the lab is as wanted.
func until(t *testing.T, l lab.Lab, what string, wanted func(*lab.Snapshot) bool) *lab.Snapshot {
	t.Helper()
	return labtest.Await(t, l, patience, what, wanted)
}

// measure lets n operations end in virtual time, then waits for all that is under
// way.
func measure(t *testing.T, n int, seed uint64, changes map[string]string) (snap *lab.Snapshot) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { snap = measureAt(t, n, seed, 1, changes) })
	return snap
}

func measureAt(t *testing.T, n int, seed uint64, speed float64, changes map[string]string) *lab.Snapshot {
	t.Helper()
	c := clock.New(nil)
	c.SetSpeed(speed)
	l := start(t, lab.Env{Clock: c}, settings(t, changes), seed)
	until(t, l, "operations", func(s *lab.Snapshot) bool { return s.Metrics["operations"] >= float64(n) })
	l.Pause()
	return until(t, l, "rest", func(s *lab.Snapshot) bool { return s.InFlight == 0 })
}

// In slow motion and in fast motion the same things happen in the lab's time.
func TestSpeedDoesNotChangeMetrics(t *testing.T) {
	changes := map[string]string{
		"retries": "4", "failure-rate": "0.3", "rate": "20", "slow-rate": "0.05", "attempt-timeout": "400ms",
		"limit": "15", "breaker": "gobreaker", "breaker-open": "2s", "budget": "finagle", "outage": "1s", "deadline": "20s",
	}
	var normal, other *lab.Snapshot
	synctest.Test(t, func(t *testing.T) { normal = measureAt(t, 300, 3, 1, changes) })
	for _, speed := range []float64{0.25, 4} {
		synctest.Test(t, func(t *testing.T) { other = measureAt(t, 300, 3, speed, changes) })
		for _, id := range []string{"success", "attempts_per_op", "p50_ms", "p99_ms"} {
			if a, b := normal.Metrics[id], other.Metrics[id]; math.Abs(a-b) > 0.03*a {
				t.Errorf("speed %v: %s is %v, at speed 1 %v", speed, id, b, a)
			}
		}
		if a, b := normal.Elapsed, other.Elapsed; (a - b).Abs() > time.Second {
			t.Errorf("speed %v: took %v of the lab's time, at speed 1 %v", speed, b, a)
		}
		plan, again := normal.Detail.(*Detail), other.Detail.(*Detail)
		if !slices.Equal(plan.Ranges, again.Ranges) || plan.Patience != again.Patience {
			t.Errorf("speed %v: the plan is %v, at speed 1 %v", speed, again.Ranges, plan.Ranges)
		}
	}
}

// A step has the draws that belong to its number under the seed.
func TestStepsAreReproducible(t *testing.T) {
	changes := fast(map[string]string{"failure-rate": "0.5", "retries": "3", "base": "100ms", "cap": "1s", "latency": "50ms", "rate": "5"})
	steps := func() (spans [][]Span) {
		synctest.Test(t, func(t *testing.T) {
			l := start(t, lab.Env{}, settings(t, changes), 11)
			l.Pause()
			if err := l.Apply(t.Context(), settings(t, changes)); err != nil {
				t.Fatal(err)
			}
			for n := 1; n <= 6; n++ {
				l.Step()
				until(t, l, "the step", func(s *lab.Snapshot) bool { return s.Metrics["operations"] == float64(n) && s.InFlight == 0 })
			}
			for _, op := range l.Snapshot().Detail.(*Detail).Ops {
				spans = append(spans, op.Spans)
			}
		})
		return spans
	}
	if first, second := steps(), steps(); len(first) != 6 || fmt.Sprint(first) != fmt.Sprint(second) {
		t.Errorf("the same steps differ:\n%v\n%v", first, second)
	}
}

func TestRetriesSaveWhatWouldHaveFailed(t *testing.T) {
	m := measure(t, 250, 1, map[string]string{
		"retries": "3", "failure-rate": "0.18", "base": "1ms", "cap": "10ms", "rate": "150", "latency": "1ms",
		"attempt-timeout": "0",
	}).Metrics
	if share := m["failed_no_retry"] / m["operations"]; math.Abs(share-0.18) > 0.07 {
		t.Errorf("without retry %.3f would fail, want about 0.18", share)
	}
	if m["failed"] > 0.1*m["failed_no_retry"] {
		t.Errorf("%v of %v failures are left; retries cut them by far more than half", m["failed"], m["failed_no_retry"])
	}
	if m["amplification"] < 1.1 || m["amplification"] > 1.4 {
		t.Errorf("amplification %.2f, want about 1/(1-0.18)", m["amplification"])
	}
	if m["charges"] != m["orders_paid"] || m["orders_paid"] != m["operations"]-m["failed"] {
		t.Errorf("charges %v, paid %v, succeeded %v", m["charges"], m["orders_paid"], m["operations"]-m["failed"])
	}
}

func TestTheSameFaultsWithAndWithoutRetry(t *testing.T) {
	common := map[string]string{"failure-rate": "0.3", "base": "1ms", "cap": "10ms", "rate": "50", "latency": "0"}
	outcomes := func(retries string) (firstOK []bool) {
		common["retries"] = retries
		synctest.Test(t, func(t *testing.T) { firstOK = firstAttempts(t, common) })
		return firstOK
	}
	with, without := outcomes("5"), outcomes("0")
	if !slices.Equal(with, without) {
		t.Errorf("the same operations met different faults:\n%v\n%v", with, without)
	}
}

func firstAttempts(t *testing.T, common map[string]string) (firstOK []bool) {
	l := start(t, lab.Env{}, settings(t, common), 9)
	// What arrived before must make no difference.
	until(t, l, "operations", func(s *lab.Snapshot) bool { return s.Metrics["operations"] >= 10 })
	l.Pause()
	until(t, l, "rest", func(s *lab.Snapshot) bool { return s.InFlight == 0 })
	for id := uint64(1); id <= 40; id++ {
		_, err := l.current().client.perform(context.Background(), Payments, call{operation: id, attempt: 1})
		firstOK = append(firstOK, err == nil)
	}
	return firstOK
}

func TestDemoIsTheMaterials(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := start(t, lab.Env{}, settings(t, map[string]string{"scenario": "demo", "base": "20ms"}), 1)
		snap := until(t, l, "a payment", func(s *lab.Snapshot) bool { return s.Metrics["operations"] >= 1 })
		var keys []string
		for _, e := range snap.Events[:8] {
			keys = append(keys, e.Key)
		}
		const p = "retry.event."
		want := []string{
			p + "attempt.demo", p + "retrying.temporary", p + "waiting",
			p + "attempt.demo", p + "retrying.temporary", p + "waiting",
			p + "attempt.demo", p + "done.demo",
		}
		if !slices.Equal(keys, want) {
			t.Fatalf("log %q, want %q", keys, want)
		}
		for i, step := range []time.Duration{20 * time.Millisecond, 40 * time.Millisecond} {
			wait, err := time.ParseDuration(snap.Events[2+3*i].Args[0].(string))
			if err != nil {
				t.Fatal(err)
			}
			if wait < step || wait > 2*step {
				t.Errorf("wait %d is %v, want async-retry's %v to %v", i+1, wait, step, 2*step)
			}
		}
		if id := snap.Events[7].Args[1]; id != "txn_1_3" {
			t.Errorf("transaction %v", id)
		}
		op := snap.Detail.(*Detail).Ops[0]
		if op.Outcome != Succeeded || op.Attempts != 3 || len(op.Spans) != 5 {
			t.Errorf("the picture shows %+v", op)
		}
	})
}

// The log of the demo is the material's, word for word; here with one retry, which
// is too few.
func TestDemoLogHasTheMaterialsLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := start(t, lab.Env{}, settings(t, map[string]string{"scenario": "demo", "base": "20ms", "jitter": "none", "retries": "1"}), 1)
		snap := until(t, l, "a payment", func(s *lab.Snapshot) bool { return s.Metrics["operations"] >= 1 })
		c, err := i18n.Load(i18n.Spanish, Spec().Texts)
		if err != nil {
			t.Fatal(err)
		}
		marks := map[lab.Mark]string{lab.MarkAttempt: "🔵", lab.MarkRetry: "🟡", lab.MarkWait: "⏳", lab.MarkFail: "🔴"}
		var lines []string
		for _, e := range snap.Events[:5] {
			lines = append(lines, marks[e.Mark]+" "+c.T(e.Key, e.Args...))
		}
		want := []string{
			"🔵 Intento #1 - Procesando pago $99.99",
			"🟡 Error temporal (503) - Reintentando...",
			"⏳ Esperando 20ms...",
			"🔵 Intento #2 - Procesando pago $99.99",
			"🔴 Error final: error temporal (503) · {success: false}",
		}
		if !slices.Equal(lines, want) {
			t.Errorf("the log says %q, want %q", lines, want)
		}
	})
}

func TestApplyBeginsANewRunOfTheSameSeed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := settings(t, map[string]string{"rate": "300", "base": "1s", "failure-rate": "0.5"})
		l := start(t, lab.Env{}, s, 4)
		until(t, l, "work under way", func(s *lab.Snapshot) bool { return s.InFlight > 10 && s.Metrics["operations"] > 5 })
		l.Pause()
		if err := l.Apply(context.Background(), s.With("retries", lab.IntValue(1))); err != nil {
			t.Fatal(err)
		}
		snap := until(t, l, "rest", func(s *lab.Snapshot) bool { return s.InFlight == 0 })
		if snap.Metrics["operations"] != 0 || snap.Metrics["charges"] != 0 {
			t.Errorf("a new run begins with %v", snap.Metrics)
		}
		for _, op := range snap.Detail.(*Detail).Ops {
			if op.Outcome == Pending {
				t.Errorf("operation %d of the old run is still under way", op.ID)
			}
		}
		l.Step()
		until(t, l, "a step", func(s *lab.Snapshot) bool { return s.Metrics["operations"] == 1 })
	})
}

func TestPauseAndStep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := start(t, lab.Env{}, settings(t, map[string]string{"rate": "100", "failure-rate": "0", "latency": "0"}), 1)
		until(t, l, "three", func(s *lab.Snapshot) bool { return s.Metrics["operations"] >= 3 })
		l.Pause()
		rest := until(t, l, "rest", func(s *lab.Snapshot) bool { return s.InFlight == 0 })
		n := rest.Metrics["operations"]
		again := l.Snapshot()
		if again.Rev != l.Snapshot().Rev {
			t.Error("a paused lab at rest claims to change")
		}
		for range 3 {
			l.Step()
		}
		until(t, l, "three steps", func(s *lab.Snapshot) bool { return s.Metrics["operations"] == n+3 })
		if got := l.Snapshot().Metrics["operations"]; got != n+3 {
			t.Errorf("%v operations after three steps, want %v", got, n+3)
		}
		l.Resume()
		until(t, l, "more", func(s *lab.Snapshot) bool { return s.Metrics["operations"] > n+3 })
	})
}

// Every operation that is stepped is shown, also where only one in many is.
func TestSteppedOperationsAreShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := start(t, lab.Env{}, settings(t, map[string]string{"rate": "100", "failure-rate": "0", "latency": "0"}), 1)
		until(t, l, "three", func(s *lab.Snapshot) bool { return s.Metrics["operations"] >= 3 })
		l.Pause()
		rest := until(t, l, "rest", func(s *lab.Snapshot) bool { return s.InFlight == 0 })
		n := len(rest.Detail.(*Detail).Ops)
		for i := range 3 {
			l.Step()
			want := n + i + 1
			until(t, l, "the step in the picture", func(s *lab.Snapshot) bool { return len(s.Detail.(*Detail).Ops) == want })
		}
	})
}

func TestRateZeroLeavesItToSteps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := start(t, lab.Env{}, settings(t, map[string]string{"rate": "0", "failure-rate": "0"}), 1)
		l.Pause()
		l.Step()
		snap := until(t, l, "the step", func(s *lab.Snapshot) bool { return s.Metrics["operations"] > 0 })
		if n := snap.Metrics["operations"]; n != 1 {
			t.Errorf("%v operations, want only the step's", n)
		}
	})
}

func TestRules(t *testing.T) {
	spec := Spec()
	for name, c := range map[string]struct {
		change map[string]lab.Value
		knob   string
	}{
		"cap below base":   {map[string]lab.Value{"cap": ms(100), "base": ms(200)}, "cap"},
		"factor below 1":   {map[string]lab.Value{"factor": lab.FloatValue(0.5)}, "factor"},
		"negative retries": {map[string]lab.Value{"retries": lab.IntValue(-1)}, "retries"},
		"negative base":    {map[string]lab.Value{"base": ms(-1)}, "base"},
		"more than all":    {map[string]lab.Value{"failure-rate": lab.FractionValue(1.1)}, "failure-rate"},
		"no such jitter":   {map[string]lab.Value{"jitter": lab.ChoiceValue("some")}, "jitter"},
		"no refill":        {map[string]lab.Value{"budget": lab.ChoiceValue("bucket"), "budget-refill": lab.FloatValue(0)}, "budget-refill"},
		"not an address":   {map[string]lab.Value{"gateway-url": lab.TextValue("localhost:80")}, "gateway-url"},
		"no such port":     {map[string]lab.Value{"gateway-url": lab.TextValue("http://localhost:99999")}, "gateway-url"},
		"more than a path": {map[string]lab.Value{"gateway-url": lab.TextValue("http://localhost/?a=1")}, "gateway-url"},
	} {
		t.Run(name, func(t *testing.T) {
			s := spec.Defaults()
			for id, v := range c.change {
				s = s.With(id, v)
			}
			var refused *lab.KnobError
			if err := spec.Check(s); !asKnob(err, &refused) || refused.Knob != c.knob || refused.Allowed == "" {
				t.Errorf("Check() = %v, want a KnobError about %s", err, c.knob)
			}
		})
	}
}

func TestScenariosAreSound(t *testing.T) {
	spec := Spec()
	for _, name := range scenarioNames() {
		s := spec.Turn(spec.Defaults(), "scenario", lab.ChoiceValue(name))
		if err := spec.Check(s); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		back := spec.Turn(s, "scenario", lab.ChoiceValue(string(Payments)))
		if fmt.Sprint(back) != fmt.Sprint(spec.Defaults()) {
			t.Errorf("%s leaves something behind: %v, want %v", name, back, spec.Defaults())
		}
	}
}

func TestStopIsCleanInTheMiddle(t *testing.T) {
	l := New(lab.Env{})
	s := settings(t, map[string]string{"rate": "500", "base": "1m", "cap": "1m", "failure-rate": "0.5", "latency": "1s", "hedge": "100ms"})
	if err := l.Start(context.Background(), s, 1); err != nil {
		t.Fatal(err)
	}
	until(t, l, "work", func(s *lab.Snapshot) bool { return s.InFlight > 20 })
	for range 2 {
		if err := l.Stop(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	goleak.VerifyNone(t)
}

func TestGuestIsLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := settings(t, map[string]string{"retries": "100", "latency": "0"})
		l := start(t, lab.Env{Guest: true}, s, 1)
		if p := l.current().plan; p.policy.Retries != guestRetries || p.fleet.Policy.Retries != 100 {
			t.Errorf("a visitor has %d retries, the fleet %d", p.policy.Retries, p.fleet.Policy.Retries)
		}
		var refused *lab.KnobError
		other := New(lab.Env{Guest: true})
		err := other.Start(context.Background(), settings(t, map[string]string{"gateway-url": "http://127.0.0.1:1"}), 1)
		if !asKnob(err, &refused) || refused.Knob != "gateway-url" {
			t.Errorf("a visitor chose where to send requests: %v", err)
		}
	})
}

func asKnob(err error, target **lab.KnobError) bool { return errors.As(err, target) }

// A preset of the knob waits as the command schedule shows.
func TestPresetKnobWaitsLikeItsSchedule(t *testing.T) {
	spec := Spec()
	k, _ := spec.Knob("preset")
	for _, name := range k.Choices[1:] {
		p, err := newPlan(spec.Turn(spec.Defaults(), "preset", lab.ChoiceValue(name)), 1)
		if err != nil {
			t.Fatal(err)
		}
		library, err := preset.ByName(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range []float64{0, 0.25, 0.5, 0.999} {
			waits := p.policy.Schedule()
			for n, want := range library.Schedule(10, r).DelaysMS {
				if got, _ := waits.Next(func() float64 { return r }); kit.Millis(got) != want {
					t.Errorf("%s, r = %v: wait %d is %v, schedule shows %v ms", name, r, n, got, want)
				}
			}
		}
	}
	turned := spec.Turn(spec.Turn(spec.Defaults(), "preset", lab.ChoiceValue("stripe-node")), "base", ms(100))
	if p, err := newPlan(turned, 1); err != nil || p.policy.Formula != nil {
		t.Errorf("a policy that is no longer the library's has its formula: %v", err)
	}
}

// The outcome of a simulation that has no end in sight is not guessed.
func TestAFleetWithTooManyAttemptsIsCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := settings(t, map[string]string{
			"rate": "0", "retries": "100", "base": "0s", "failure-rate": "1", "layers": "5", "fleet-outage": "0s",
		})
		l := start(t, lab.Env{Guest: true}, s, 1)
		f := until(t, l, "the fleet", func(s *lab.Snapshot) bool { return s.Detail.(*Detail).Fleet != nil }).Detail.(*Detail).Fleet
		if f.Cut != guestAttempts || len(f.Metrics) > 0 {
			t.Errorf("cut after %d attempts, metrics %v", f.Cut, f.Metrics)
		}
		calls := 0
		for _, n := range f.Calls {
			calls += n
		}
		if calls < guestAttempts || calls > guestAttempts+5000 {
			t.Errorf("%d calls", calls)
		}
	})
}

// Whatever the knobs allow, a refusal names a knob.
func TestRefusalNamesAKnob(t *testing.T) {
	spec := Spec()
	rapid.Check(t, func(t *rapid.T) {
		s := spec.Defaults()
		for _, k := range spec.Knobs {
			switch k.Kind {
			case lab.Int:
				s[k.ID] = lab.IntValue(rapid.IntRange(k.Min.Int(), k.Max.Int()).Draw(t, k.ID))
			case lab.Duration:
				s[k.ID] = lab.DurationValue(time.Duration(rapid.Int64Range(int64(k.Min.Duration()), int64(k.Max.Duration())).Draw(t, k.ID)))
			case lab.Fraction:
				s[k.ID] = lab.FractionValue(rapid.Float64Range(0, 1).Draw(t, k.ID))
			case lab.Choice:
				s[k.ID] = lab.ChoiceValue(rapid.SampledFrom(k.Choices).Draw(t, k.ID))
			case lab.Bool:
				s[k.ID] = lab.BoolValue(rapid.Bool().Draw(t, k.ID))
			}
		}
		err := spec.Check(s)
		var refused *lab.KnobError
		if err == nil {
			return
		}
		if !errors.As(err, &refused) {
			t.Fatalf("refused with %v", err)
		}
		if _, ok := spec.Knob(refused.Knob); !ok || refused.Allowed == "" {
			t.Fatalf("refused for %q, which is no knob: %v", refused.Knob, err)
		}
	})
}

func TestThreeDigits(t *testing.T) {
	for d, want := range map[time.Duration]time.Duration{
		0: 0, 1499 * time.Microsecond: time.Millisecond, 354 * time.Millisecond: 354 * time.Millisecond,
		2923 * time.Millisecond: 2920 * time.Millisecond, 12_345 * time.Millisecond: 12_300 * time.Millisecond,
	} {
		if got := threeDigits(d); got != want {
			t.Errorf("%v is written as %v, want %v", d, got, want)
		}
	}
}
