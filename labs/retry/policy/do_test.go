package policy_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"resilab/labs/retry/policy"
)

var errDown = &policy.StatusError{Status: 503, Msg: "down"}

// failing returns a call that fails n times with err, then succeeds, and the
// number of calls made so far.
func failing(n int, err error) (func(context.Context) (int, error), *int) {
	calls := new(int)
	return func(context.Context) (int, error) {
		if *calls++; *calls <= n {
			return 0, err
		}
		return *calls, nil
	}, calls
}

func TestDoRetriesUntilItSucceeds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var waits []time.Duration
		var attempts []int
		r := &policy.Runner{
			Policy:    valid(),
			OnWait:    func(w policy.Wait) { waits = append(waits, w.Delay) },
			OnAttempt: func(a policy.Attempt) { attempts = append(attempts, a.Number) },
		}
		start := time.Now()
		call, _ := failing(2, errDown)
		got, err := policy.Do(t.Context(), r, call)
		if err != nil || got != 3 {
			t.Fatalf("Do = %v, %v", got, err)
		}
		if took := time.Since(start); took != 300*time.Millisecond {
			t.Errorf("took %v, want the waits of 100 and 200 ms", took)
		}
		if len(waits) != 2 || waits[0] != 100*time.Millisecond || waits[1] != 200*time.Millisecond {
			t.Errorf("waits %v", waits)
		}
		if len(attempts) != 3 || attempts[2] != 3 {
			t.Errorf("attempts %v", attempts)
		}
	})
}

func TestDoGivesUp(t *testing.T) {
	declined := &policy.StatusError{Status: 402, Msg: "declined"}
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	drained := func() *policy.Budget {
		b := policy.NewBudget(policy.BudgetSpec{Capacity: 1, PerSuccess: 1, RetryCost: 1})
		b.Retry(time.Now(), false)
		return b
	}
	open := func() *policy.Breaker {
		b := policy.NewBreaker(policy.BreakerSpec{Failures: 1, OpenFor: time.Minute, Probes: 1}, nil)
		ticket, _ := b.Allow(time.Now())
		b.Done(time.Now(), ticket, false)
		return b
	}
	cases := []struct {
		name     string
		ctx      context.Context
		change   func(*policy.Runner)
		err      error
		stop     policy.Stop
		attempts int
	}{
		{"no retry left", nil, nil, errDown, policy.StopExhausted, 4},
		{"permanent", nil, func(r *policy.Runner) { r.Classify = policy.Classify }, declined, policy.StopPermanent, 1},
		{"blind", nil, func(r *policy.Runner) { r.Classify = policy.Blind }, declined, policy.StopExhausted, 4},
		{"deadline", nil, func(r *policy.Runner) { r.Policy.Deadline = 250 * time.Millisecond }, errDown, policy.StopDeadline, 2},
		{"budget", nil, func(r *policy.Runner) { r.Budget = drained() }, errDown, policy.StopBudget, 1},
		{"breaker", nil, func(r *policy.Runner) { r.Breaker = open() }, errDown, policy.StopBreaker, 0},
		{"cancelled", cancelled, nil, errDown, policy.StopCancelled, 1},
		{"retry-after beyond the deadline", nil, func(r *policy.Runner) {
			r.Policy.HonorRetryAfter, r.Policy.Deadline = true, time.Second
		}, &policy.StatusError{Status: 429, After: time.Minute}, policy.StopDeadline, 1},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := &policy.Runner{Policy: valid()}
				if c.change != nil {
					c.change(r)
				}
				ctx := c.ctx
				if ctx == nil {
					ctx = t.Context()
				}
				call, calls := failing(100, c.err)
				_, err := policy.Do(ctx, r, call)
				var gaveUp *policy.GaveUpError
				if !errors.As(err, &gaveUp) || gaveUp.Stop != c.stop || gaveUp.Attempts != c.attempts || *calls != c.attempts {
					t.Fatalf("got %v after %d calls, want %q after %d", err, *calls, c.stop, c.attempts)
				}
				if c.attempts > 0 && !errors.Is(err, c.err) {
					t.Errorf("%v does not wrap the call's error", err)
				}
			})
		})
	}
}

func TestDoHonoursRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &policy.Runner{Policy: valid()}
		r.Policy.HonorRetryAfter = true
		start := time.Now()
		call, _ := failing(1, &policy.StatusError{Status: 429, After: 7 * time.Second})
		if _, err := policy.Do(t.Context(), r, call); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took != 7*time.Second {
			t.Errorf("took %v, want the server's 7s", took)
		}
	})
}

func TestAPermanentErrorDoesNotTripTheBreaker(t *testing.T) {
	breaker := policy.NewBreaker(policy.BreakerSpec{Failures: 1, OpenFor: time.Minute, Probes: 1}, nil)
	r := &policy.Runner{Policy: valid(), Classify: policy.Classify, Breaker: breaker}
	for range 3 {
		call, calls := failing(1, &policy.StatusError{Status: 402})
		_, err := policy.Do(t.Context(), r, call)
		var gaveUp *policy.GaveUpError
		if !errors.As(err, &gaveUp) || gaveUp.Stop != policy.StopPermanent || *calls != 1 {
			t.Fatalf("got %v after %d calls", err, *calls)
		}
	}
}

// A call that panics has failed, also the probe of a half-open breaker: the breaker
// does not wait for it for ever.
func TestAPanicIsRecordedByTheBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		breaker := policy.NewBreaker(policy.BreakerSpec{Failures: 1, OpenFor: time.Second, Probes: 1}, nil)
		r := &policy.Runner{Policy: valid(), Classify: policy.Classify, Breaker: breaker}
		panics := func() {
			defer func() {
				if recover() == nil {
					t.Error("the panic was swallowed")
				}
			}()
			_, _ = policy.Do(t.Context(), r, func(context.Context) (int, error) { panic("a mistake") })
		}
		for range 2 { // closed, and half-open
			panics()
			if state := breaker.State(time.Now()); state != policy.BreakerOpen {
				t.Fatalf("after a panic the breaker is %s", state)
			}
			time.Sleep(2 * time.Second)
		}
		if _, err := policy.Do(t.Context(), r, func(context.Context) (int, error) { return 1, nil }); err != nil {
			t.Errorf("after it: %v", err)
		}
	})
}

// The deadline holds whatever the policy and however slow the calls: a call that
// respects its context is never still running after it.
func TestTheDeadlineIsNeverOverrun(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		p := anyPolicy(rt)
		p.Deadline = time.Duration(rapid.Int64Range(1, int64(time.Minute)).Draw(rt, "deadline"))
		p.AttemptTimeout = time.Duration(rapid.Int64Range(0, int64(time.Minute)).Draw(rt, "timeout"))
		latency := time.Duration(rapid.Int64Range(int64(time.Millisecond), int64(time.Minute)).Draw(rt, "latency"))
		failure := &policy.StatusError{Status: 503, After: time.Duration(rapid.IntRange(0, 3).Draw(rt, "retry-after")) * time.Second}
		p.HonorRetryAfter = rapid.Bool().Draw(rt, "honour")
		slow := func(ctx context.Context) (int, error) {
			select {
			case <-ctx.Done():
				return 0, ctx.Err()
			case <-time.After(latency):
				return 0, failure
			}
		}
		if rapid.Bool().Draw(rt, "hedge") {
			slow = policy.Hedge(nil, time.Second, 1, slow)
		}
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			if _, err := policy.Do(t.Context(), &policy.Runner{Policy: p, Classify: policy.Classify}, slow); err == nil {
				t.Error("a call that always fails succeeded")
			}
			if took := time.Since(start); took > p.Deadline {
				t.Errorf("took %v with a deadline of %v", took, p.Deadline)
			}
		})
	})
}

// The operation does not wait for a retry that would exceed its deadline.
func TestWaitBeyondTheDeadlineIsNotStarted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &policy.Runner{Policy: valid()}
		r.Policy.Deadline = 250 * time.Millisecond
		start := time.Now()
		call, _ := failing(100, errDown)
		_, _ = policy.Do(t.Context(), r, call)
		// The second wait would last from 100 to 300 ms.
		if took := time.Since(start); took != 100*time.Millisecond {
			t.Errorf("gave up after %v, want 100ms", took)
		}
	})
}

func TestAnAttemptTimesOutAndIsRetried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &policy.Runner{Policy: valid(), Classify: policy.Classify}
		r.Policy.AttemptTimeout = 50 * time.Millisecond
		calls := 0
		_, err := policy.Do(t.Context(), r, func(ctx context.Context) (int, error) {
			if calls++; calls == 1 {
				<-ctx.Done()
				return 0, ctx.Err()
			}
			return 1, nil
		})
		if err != nil || calls != 2 {
			t.Errorf("%d calls, %v", calls, err)
		}
	})
}

func TestDoAllocatesNothingOnSuccess(t *testing.T) {
	r := &policy.Runner{Policy: valid(), Classify: policy.Classify}
	ctx := t.Context()
	succeed := func(context.Context) (int, error) { return 1, nil }
	if n := testing.AllocsPerRun(100, func() { _, _ = policy.Do(ctx, r, succeed) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkDo(b *testing.B) {
	ctx := context.Background()
	succeed := func(context.Context) (int, error) { return 1, nil }
	b.Run("bare", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = succeed(ctx)
		}
	})
	b.Run("Do", func(b *testing.B) {
		r := &policy.Runner{Policy: valid(), Classify: policy.Classify}
		b.ReportAllocs()
		for b.Loop() {
			_, _ = policy.Do(ctx, r, succeed)
		}
	})
}
