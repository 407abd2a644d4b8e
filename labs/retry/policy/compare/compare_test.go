package compare

import (
	"context"
	"errors"
	"testing"
	"time"

	avast "github.com/avast/retry-go/v5"
	cenkalti "github.com/cenkalti/backoff/v5"
	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/retrypolicy"
	sethvargo "github.com/sethvargo/go-retry"

	"resilab/labs/retry/policy"
)

const (
	retries = 3
	base    = 100 * time.Millisecond
	longest = 10 * time.Second
)

var errDown = errors.New("down")

// contenders carry out a call under the same policy: three retries, full jitter or
// the nearest to it.
func contenders() map[string]func(context.Context, func(context.Context) (int, error)) (int, error) {
	runner := &policy.Runner{Policy: policy.Policy{
		Retries: retries, Base: base, Cap: longest, Factor: 2, Jitter: policy.Full,
	}}
	again := retrypolicy.NewBuilder[int]().WithMaxRetries(retries).WithBackoffFactor(base/2, longest/2, 2).WithJitterFactor(1).Build()
	executor := failsafe.With[int](again)
	return map[string]func(context.Context, func(context.Context) (int, error)) (int, error){
		"bare": func(ctx context.Context, call func(context.Context) (int, error)) (int, error) { return call(ctx) },
		"resilab": func(ctx context.Context, call func(context.Context) (int, error)) (int, error) {
			return policy.Do(ctx, runner, call)
		},
		"failsafe-go": func(ctx context.Context, call func(context.Context) (int, error)) (int, error) {
			return executor.WithContext(ctx).Get(func() (int, error) { return call(ctx) })
		},
		"cenkalti": func(ctx context.Context, call func(context.Context) (int, error)) (int, error) {
			return cenkalti.Retry(ctx, func() (int, error) { return call(ctx) },
				cenkalti.WithBackOff(&cenkalti.ExponentialBackOff{InitialInterval: base / 2, RandomizationFactor: 1, Multiplier: 2, MaxInterval: longest / 2}),
				cenkalti.WithMaxTries(retries+1))
		},
		"avast": func(ctx context.Context, call func(context.Context) (int, error)) (int, error) {
			retrier := avast.NewWithData[int](avast.Context(ctx), avast.Attempts(retries+1),
				avast.Delay(base), avast.MaxDelay(longest), avast.DelayType(avast.FullJitterBackoffDelay))
			return retrier.Do(func() (int, error) { return call(ctx) })
		},
		"sethvargo": func(ctx context.Context, call func(context.Context) (int, error)) (int, error) {
			waits := sethvargo.WithMaxRetries(retries, sethvargo.WithCappedDuration(longest, sethvargo.NewExponential(base)))
			return sethvargo.DoValue(ctx, waits, func(ctx context.Context) (int, error) {
				result, err := call(ctx)
				return result, sethvargo.RetryableError(err)
			})
		},
	}
}

// They all must do what they are measured for.
func TestAllContendersRetry(t *testing.T) {
	for name, do := range contenders() {
		if name == "bare" {
			continue
		}
		calls := 0
		got, err := do(t.Context(), func(context.Context) (int, error) {
			if calls++; calls < 3 {
				return 0, errDown
			}
			return 42, nil
		})
		if got != 42 || err != nil || calls != 3 {
			t.Errorf("%s: %v, %v after %d calls", name, got, err, calls)
		}
	}
}

// BenchmarkSuccessAtOnce is the call that needs no retry, as nearly all do.
func BenchmarkSuccessAtOnce(b *testing.B) {
	succeed := func(context.Context) (int, error) { return 42, nil }
	ctx := context.Background()
	all := contenders()
	for _, name := range []string{"bare", "resilab", "failsafe-go", "cenkalti", "avast", "sethvargo"} {
		do := all[name]
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := do(ctx, succeed); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
