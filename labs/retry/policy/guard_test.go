package policy_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sony/gobreaker/v2"
	"pgregory.net/rapid"

	"resilab/labs/retry/policy"
)

type selfAware bool

func (s selfAware) Error() string   { return "knows itself" }
func (s selfAware) Transient() bool { return bool(s) }

func TestClassify(t *testing.T) {
	status := func(code int) error { return fmt.Errorf("paying: %w", &policy.StatusError{Status: code}) }
	cases := []struct {
		err  error
		want policy.Class
	}{
		{nil, policy.Success},
		{status(408), policy.Transient}, {status(425), policy.Transient}, {status(429), policy.Transient},
		{status(500), policy.Transient}, {status(502), policy.Transient}, {status(503), policy.Transient},
		{status(504), policy.Transient},
		{status(400), policy.Permanent}, {status(401), policy.Permanent}, {status(402), policy.Permanent},
		{status(403), policy.Permanent}, {status(404), policy.Permanent}, {status(409), policy.Permanent},
		{status(422), policy.Permanent}, {status(501), policy.Permanent},
		{context.DeadlineExceeded, policy.Transient},
		{context.Canceled, policy.Permanent},
		{&net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}, policy.Transient},
		{&net.OpError{Op: "read", Err: os.NewSyscallError("read", syscall.ECONNRESET)}, policy.Transient},
		{&net.DNSError{IsTimeout: true}, policy.Transient},
		{io.ErrUnexpectedEOF, policy.Transient},
		{selfAware(true), policy.Transient},
		{selfAware(false), policy.Permanent},
		{errors.New("who knows"), policy.Permanent},
	}
	for _, c := range cases {
		if got := policy.Classify(c.err); got != c.want {
			t.Errorf("%v is %v, want %v", c.err, got, c.want)
		}
	}
	if policy.Blind(status(402)) != policy.Transient || policy.Blind(nil) != policy.Success {
		t.Error("Blind is not blind")
	}
}

func TestBudgetPresetsCapTheRetries(t *testing.T) {
	for _, name := range policy.BudgetNames() {
		t.Run(name, func(t *testing.T) {
			spec, err := policy.BudgetPreset(name)
			if err != nil || spec.Validate() != nil {
				t.Fatalf("preset: %v, %v", err, spec.Validate())
			}
			// Everything fails, a thousand operations a second need three retries each.
			budget := policy.NewBudget(spec)
			now, retries := time.Unix(0, 0), 0
			for range 10_000 {
				now = now.Add(time.Millisecond)
				budget.Begin(now)
				budget.End(now, policy.Transient, 0)
				for range 3 {
					if _, ok := budget.Retry(now, false); ok {
						retries++
						budget.End(now, policy.Transient, 1)
					}
				}
			}
			if retries == 0 || retries > 2300 {
				t.Errorf("%d retries for 10000 failing operations", retries)
			}
		})
	}
}

func TestBudgetRefund(t *testing.T) {
	spec, _ := policy.BudgetPreset("aws")
	budget, now := policy.NewBudget(spec), time.Unix(0, 0)
	for _, throttled := range []bool{false, true} {
		paid, ok := budget.Retry(now, throttled)
		want := map[bool]float64{false: 14, true: 5}[throttled]
		if !ok || paid != want || budget.Left(now) != 500-want {
			t.Fatalf("throttled %v: paid %v, left %v", throttled, paid, budget.Left(now))
		}
		budget.End(now, policy.Success, paid)
		if budget.Left(now) != 500 {
			t.Errorf("no refund: %v left", budget.Left(now))
		}
	}
}

// What a throttled retry costs does not depend on whether the client honours Retry-After.
func TestThrottledRetryCost(t *testing.T) {
	for _, honours := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			spec, _ := policy.BudgetPreset("aws")
			r := &policy.Runner{Policy: valid(), Budget: policy.NewBudget(spec)}
			r.Policy.HonorRetryAfter = honours
			call, _ := failing(100, &policy.StatusError{Status: 429, After: time.Second})
			_, _ = policy.Do(t.Context(), r, call)
			if left := r.Budget.Left(time.Now()); left != 500-3*5 {
				t.Errorf("honours %v: %v left after three retries at 5", honours, left)
			}
		})
	}
}

func TestGRPCStopsAtHalf(t *testing.T) {
	spec, _ := policy.BudgetPreset("grpc")
	budget, now := policy.NewBudget(spec), time.Unix(0, 0)
	for failure := 1; failure <= 5; failure++ {
		budget.End(now, policy.Transient, 0)
		_, ok := budget.Retry(now, false)
		if want := failure < 5; ok != want {
			t.Errorf("after %d failures a retry is allowed: %v", failure, ok)
		}
	}
}

// finagleBudget is RetryBudget.apply() of Finagle with TokenBucket.newLeakyBucket and
// WindowedAdder of twitter/util, in their units: milliseconds, and 1000 tokens for a
// request.
type finagleBudget struct {
	buf     [9]int
	writer  int
	i       int
	old     int64
	reserve int
}

func (f *finagleBudget) sum(now int64) int {
	f.expire(now)
	sum := f.writer
	for _, n := range f.buf {
		sum += n
	}
	return sum
}

func (f *finagleBudget) expire(now int64) {
	const window = 1000
	if now-f.old < window {
		return
	}
	f.buf[f.i], f.writer = f.writer, 0
	f.i = (f.i + 1) % len(f.buf)
	for range min(int((now-f.old)/window-1), len(f.buf)) {
		f.buf[f.i] = 0
		f.i = (f.i + 1) % len(f.buf)
	}
	f.old = now
}

func (f *finagleBudget) deposit(now int64) {
	f.expire(now)
	f.writer += 1000
}

func (f *finagleBudget) tryWithdraw(now int64) bool {
	const withdrawal = 5000 // 1000 / 0.2
	if f.sum(now)+f.reserve < withdrawal {
		return false
	}
	f.writer -= withdrawal
	return true
}

func TestFinagleBudgetFormula(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spec, err := policy.BudgetPreset("finagle")
		if err != nil {
			t.Fatal(err)
		}
		original, ours := finagleBudget{reserve: 10 * 10 * 5000}, policy.NewBudget(spec)
		ours.Begin(time.UnixMilli(0))
		original.deposit(0)
		now := int64(0)
		for i := range rapid.IntRange(1, 300).Draw(t, "steps") {
			now += int64(rapid.SampledFrom([]int{0, 1, 30, 999, 1000, 2500, 20_000}).Draw(t, "pause"))
			at := time.UnixMilli(now)
			for range rapid.IntRange(0, 40).Draw(t, "requests") {
				ours.Begin(at)
				original.deposit(now)
			}
			for range rapid.IntRange(0, 60).Draw(t, "retries") {
				if _, got := ours.Retry(at, false); got != original.tryWithdraw(now) {
					t.Fatalf("step %d: a retry is allowed: %v, by Finagle: %v", i, got, !got)
				}
			}
		}
	})
}

// In the first second of an outage Finagle allows the reserve and a fifth of the
// requests of the last ten seconds.
func TestFinagleInTheFirstSecondOfAnOutage(t *testing.T) {
	for rate, want := range map[int]int{100: 300, 1000: 2100} {
		spec, _ := policy.BudgetPreset("finagle")
		budget, retries := policy.NewBudget(spec), 0
		gap := time.Second / time.Duration(rate)
		for n := range 11 * rate {
			now := time.Unix(0, 0).Add(time.Duration(n) * gap)
			budget.Begin(now)
			if n < 10*rate {
				continue
			}
			for range 3 {
				if _, ok := budget.Retry(now, false); ok {
					retries++
				}
			}
		}
		if retries < want*9/10 || retries > want {
			t.Errorf("%d requests a second: %d retries in the first second, want about %d", rate, retries, want)
		}
	}
}

func TestBudgetStaysWithinItsBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		amount := rapid.Float64Range(0, 50)
		spec := policy.BudgetSpec{
			Capacity: amount.Draw(t, "capacity"), PerOperation: amount.Draw(t, "op"),
			PerSuccess:  amount.Draw(t, "success"),
			FailureCost: amount.Draw(t, "failure"), RetryCost: amount.Draw(t, "retry"),
			Refund: rapid.Bool().Draw(t, "refund"),
		}
		budget, now, paid := policy.NewBudget(spec), time.Unix(0, 0), 0.0
		for range 50 {
			now = now.Add(time.Duration(rapid.Int64Range(-1e9, 1e9).Draw(t, "step")))
			switch rapid.IntRange(0, 2).Draw(t, "what") {
			case 0:
				budget.Begin(now)
			case 1:
				budget.End(now, policy.Class(rapid.IntRange(0, 2).Draw(t, "class")), paid)
			case 2:
				before := budget.Left(now)
				var ok bool
				if paid, ok = budget.Retry(now, false); ok && before < spec.RetryCost {
					t.Fatalf("a retry for %v was paid with %v", spec.RetryCost, before)
				}
			}
			if left := budget.Left(now); left < 0 || left > spec.Capacity {
				t.Fatalf("%v tokens in a bucket of %v", left, spec.Capacity)
			}
		}
	})
}

func TestInvalidSpecsAreRefused(t *testing.T) {
	var invalid *policy.InvalidError
	noRefill := policy.BudgetSpec{Capacity: 10, RetryCost: 1}
	if err := noRefill.Validate(); !errors.As(err, &invalid) || invalid.Reason != policy.NoRefill {
		t.Errorf("no refill: %v", err)
	}
	negative := policy.BudgetSpec{Capacity: -1, PerSuccess: 1}
	if err := negative.Validate(); !errors.As(err, &invalid) || invalid.Field != "budget-tokens" {
		t.Errorf("negative capacity: %v", err)
	}
	never := policy.BreakerSpec{OpenFor: time.Second, Probes: 1}
	if err := never.Validate(); !errors.As(err, &invalid) || invalid.Field != "breaker-rate" {
		t.Errorf("a breaker that never opens: %v", err)
	}
	if _, err := policy.BudgetPreset("nope"); !errors.As(err, &invalid) {
		t.Errorf("unknown budget: %v", err)
	}
	if _, err := policy.BreakerPreset("nope"); !errors.As(err, &invalid) {
		t.Errorf("unknown breaker: %v", err)
	}
	for _, name := range policy.BreakerNames() {
		if spec, err := policy.BreakerPreset(name); err != nil || spec.Validate() != nil {
			t.Errorf("%s: %v, %v", name, err, spec.Validate())
		}
	}
}

// gobreaker, on a clock that synctest moves, and Breaker are given the same calls at
// the same times and must let the same ones through.
func TestBreakerDecidesAsGobreaker(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		spec := policy.BreakerSpec{
			Failures: rapid.IntRange(0, 4).Draw(rt, "failures"),
			Rate:     rapid.Float64Range(0.1, 1).Draw(rt, "rate"),
			MinCalls: rapid.IntRange(0, 6).Draw(rt, "min"),
			OpenFor:  time.Duration(rapid.IntRange(1, 4).Draw(rt, "open")) * time.Second,
			Probes:   rapid.IntRange(1, 3).Draw(rt, "probes"),
		}
		type step struct {
			pause time.Duration
			begin bool
			ok    bool
		}
		steps := make([]step, rapid.IntRange(1, 60).Draw(rt, "steps"))
		for i := range steps {
			steps[i] = step{
				time.Duration(rapid.IntRange(0, 4).Draw(rt, "pause")) * 500 * time.Millisecond,
				rapid.Bool().Draw(rt, "begin"), rapid.Bool().Draw(rt, "ok"),
			}
		}
		synctest.Test(t, func(t *testing.T) {
			original, ours := newGobreaker(spec), policy.NewBreaker(spec, nil)
			var dones []func(error)
			var tickets []uint64
			for i, s := range steps {
				time.Sleep(s.pause)
				if s.begin {
					done, err := original.Allow()
					ticket, ok := ours.Allow(time.Now())
					if ok != (err == nil) {
						t.Fatalf("step %d: gobreaker returns %v, Breaker %v", i, err, ok)
					}
					if ok {
						dones, tickets = append(dones, done), append(tickets, ticket)
					}
				} else if len(dones) > 0 {
					var err error
					if !s.ok {
						err = errDown
					}
					dones[0](err)
					ours.Done(time.Now(), tickets[0], s.ok)
					dones, tickets = dones[1:], tickets[1:]
				}
				if want, got := original.State().String(), ours.State(time.Now()); want != string(got) {
					t.Fatalf("step %d: gobreaker is %v, Breaker %v", i, want, got)
				}
			}
		})
	})
}

func newGobreaker(spec policy.BreakerSpec) *gobreaker.TwoStepCircuitBreaker[any] {
	return gobreaker.NewTwoStepCircuitBreaker[any](gobreaker.Settings{
		MaxRequests: uint32(spec.Probes), Timeout: spec.OpenFor,
		ReadyToTrip: func(c gobreaker.Counts) bool {
			if spec.Failures > 0 {
				return int(c.ConsecutiveFailures) >= spec.Failures
			}
			calls := int(c.TotalSuccesses + c.TotalFailures)
			return calls >= max(1, spec.MinCalls) && float64(c.TotalFailures) >= spec.Rate*float64(calls)
		},
	})
}

// pollyMetrics is RollingHealthMetrics of Polly 8, line by line.
type pollyMetrics struct {
	sampling            time.Duration
	windows             []*pollyWindow
	successes, failures int
}

type pollyWindow struct {
	began               time.Time
	successes, failures int
}

func (m *pollyMetrics) current(now time.Time) *pollyWindow {
	n := len(m.windows)
	if n == 0 || now.Sub(m.windows[n-1].began) >= m.sampling/10 {
		m.windows = append(m.windows, &pollyWindow{began: now})
	}
	current := m.windows[len(m.windows)-1]
	for now.Sub(m.windows[0].began) >= m.sampling {
		m.successes -= m.windows[0].successes
		m.failures -= m.windows[0].failures
		m.windows = m.windows[1:]
	}
	return current
}

// breaks records a call and reports whether it opens the circuit.
func (m *pollyMetrics) breaks(now time.Time, ok bool, ratio float64, throughput int) bool {
	if ok {
		m.successes++
		m.current(now).successes++
		return false
	}
	m.failures++
	m.current(now).failures++
	m.current(now)
	calls := m.successes + m.failures
	return calls >= throughput && float64(m.failures)/float64(calls) >= ratio
}

func TestWindowRollsLikePollys(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spec := policy.BreakerSpec{Rate: 0.5, MinCalls: 8, Window: 10 * time.Second, OpenFor: time.Hour, Probes: 1}
		ours, polly := policy.NewBreaker(spec, nil), pollyMetrics{sampling: spec.Window}
		now := time.Unix(0, 0)
		for i := range rapid.IntRange(1, 200).Draw(t, "calls") {
			now = now.Add(time.Duration(rapid.IntRange(0, 3000).Draw(t, "pause")) * time.Millisecond)
			ok := rapid.IntRange(0, 2).Draw(t, "ok") > 0
			ticket, allowed := ours.Allow(now)
			if !allowed {
				t.Fatalf("call %d is refused by a breaker that Polly keeps closed", i)
			}
			ours.Done(now, ticket, ok)
			opens := polly.breaks(now, ok, spec.Rate, spec.MinCalls)
			if got := ours.State(now) == policy.BreakerOpen; got != opens {
				t.Fatalf("call %d: open %v, Polly's %v", i, got, opens)
			}
			if opens {
				return
			}
		}
	})
}

// Six seconds of failures at 20 calls a second open Polly's breaker after its 100
// calls, wherever the window begins.
func TestPollyBreakerOpensAcrossWindows(t *testing.T) {
	spec, err := policy.BreakerPreset("polly")
	if err != nil {
		t.Fatal(err)
	}
	for offset := range 30 {
		b, now := policy.NewBreaker(spec, nil), time.Unix(0, 0)
		call := func(ok bool) {
			if ticket, allowed := b.Allow(now); allowed {
				b.Done(now, ticket, ok)
			}
		}
		call(true) // begins the first window
		now = now.Add(time.Duration(offset) * time.Second)
		calls := 0
		for ; calls < 120 && b.State(now) == policy.BreakerClosed; calls++ {
			call(false)
			now = now.Add(50 * time.Millisecond)
		}
		if want := 100; calls != want && calls != want-1 {
			t.Errorf("a burst %d s after the first call opens the breaker after %d calls, want %d", offset, calls, want)
		}
	}
}

func TestHedgePassesAPanicOn(t *testing.T) {
	defer func() {
		if reason := recover(); reason != "a mistake" {
			t.Errorf("recovered %v", reason)
		}
	}()
	_, _ = policy.Hedge(nil, time.Second, 1, func(context.Context) (int, error) { panic("a mistake") })(t.Context())
	t.Error("the panic was swallowed")
}

func TestHedge(t *testing.T) {
	cases := []struct {
		name      string
		latencies []time.Duration // of the calls in the order they start
		winner    time.Duration
		started   int32
		took      time.Duration
	}{
		{"a quick answer needs no second call", []time.Duration{10 * time.Millisecond, 0}, 10 * time.Millisecond, 1, 10 * time.Millisecond},
		{"the second call wins", []time.Duration{time.Second, 11 * time.Millisecond}, 11 * time.Millisecond, 2, 61 * time.Millisecond},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var started atomic.Int32
				begin := time.Now()
				got, err := policy.Hedge(nil, 50*time.Millisecond, 1, func(ctx context.Context) (time.Duration, error) {
					latency := c.latencies[started.Add(1)-1]
					select {
					case <-time.After(latency):
						return latency, nil
					case <-ctx.Done():
						return 0, ctx.Err()
					}
				})(t.Context())
				if err != nil || got != c.winner || started.Load() != c.started || time.Since(begin) != c.took {
					t.Errorf("%v won, %v; %d started, took %v", got, err, started.Load(), time.Since(begin))
				}
			})
		})
	}
	t.Run("all fail", func(t *testing.T) {
		_, err := policy.Hedge(nil, time.Second, 2, func(context.Context) (int, error) { return 0, errDown })(t.Context())
		if !errors.Is(err, errDown) {
			t.Errorf("got %v", err)
		}
	})
}
