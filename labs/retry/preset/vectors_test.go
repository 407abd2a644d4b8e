package preset

import (
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"
	"time"
)

// vectorCase is one recorded schedule. Random is null (no chance in it), a number
// (the same draw every time) or a list of draws.
type vectorCase struct {
	Name     string          `json:"name"`
	Random   json.RawMessage `json:"random"`
	Attempts int             `json:"attempts"`
	Delays   []float64       `json:"delays_ms"`
	All      []float64       `json:"all_delays_ms"`
}

func (c vectorCase) random(t *testing.T) func() float64 {
	t.Helper()
	var one *float64
	if json.Unmarshal(c.Random, &one) == nil {
		r := 0.37
		if one != nil {
			r = *one
		}
		return func() float64 { return r }
	}
	var list []float64
	if err := json.Unmarshal(c.Random, &list); err != nil {
		t.Fatalf("random of %s: %v", c.Name, err)
	}
	i := -1
	return func() float64 { i++; return list[i] }
}

// recorded is the preset and the flags of schedule with which a case was recorded.
type recorded struct {
	preset string
	flags  Overrides
}

// The flags that the cases share.
var (
	keep   = Overrides{}
	common = numbers(6, 100, 2, 1000)
	six    = retries(6)
	// A factor of 1 has to be given where the library's own is another.
	constant = func() Overrides {
		o, one := numbers(6, 1000, 1, 0), 1.0
		o.Factor = &one
		return o
	}()
)

func retries(n int) Overrides { return Overrides{Retries: &n} }

// numbers are the flags of a policy; a cap of 0 is not given.
func numbers(retries int, base, factor, longest float64) Overrides {
	first, last := milliseconds(base), milliseconds(longest)
	o := Overrides{Retries: &retries, Base: &first}
	if factor != 1 {
		o.Factor = &factor
	}
	if last > 0 {
		o.Cap = &last
	}
	return o
}

func spreading(o Overrides, f float64) Overrides {
	o.Spread = &f
	return o
}

func spreadingBy(o Overrides, d time.Duration) Overrides {
	o.SpreadBy = &d
	return o
}

var recordings = map[string]map[string]recorded{
	"async-retry": {
		"defaults":                   {"async-retry", keep},
		"defaults randomize:false":   {"async-retry/no-randomize", keep},
		"defaults randomize:true":    {"async-retry", keep},
		"R6 B100 F2 C1000 no jitter": {"async-retry/no-randomize", common},
		"R6 B100 F2 C1000 randomize": {"async-retry", common},
		"retries 0":                  {"async-retry", retries(0)},
		"minTimeout 0":               {"async-retry/no-randomize", numbers(6, 0, 1, 0)},
		"factor 1, randomize:true, successive randoms .9 .1 .8 .2 .7 .3 (delays are sorted!)": {"async-retry", constant},
	},
	"promise-retry": {
		"defaults":                   {"promise-retry", keep},
		"defaults randomize:false":   {"promise-retry", keep},
		"defaults randomize:true":    {"promise-retry/randomize", keep},
		"R6 B100 F2 C1000 no jitter": {"promise-retry", common},
		"R6 B100 F2 C1000 randomize": {"promise-retry/randomize", common},
		"retries 0":                  {"promise-retry", retries(0)},
		"minTimeout 0":               {"promise-retry", numbers(6, 0, 1, 0)},
		"factor 1, randomize:true, successive randoms .9 .1 .8 .2 .7 .3 (delays are sorted!)": {"promise-retry/randomize", constant},
	},
	"stripe-node": {"defaults (only first 2 used)": {"stripe-node", six}},
	"jpillora/backoff": {
		"defaults (zero value, Jitter:false)":  {"jpillora", keep},
		"defaults + Jitter:true":               {"jpillora/jitter", keep},
		"B100 F2 C1000 no jitter":              {"jpillora", common},
		"B100 F2 C1000 Jitter:true":            {"jpillora/jitter", common},
		"B100 F1.5 C10000 no jitter":           {"jpillora", numbers(6, 100, 1.5, 10000)},
		"B100 F1.5 C10000 Jitter:true":         {"jpillora/jitter", numbers(6, 100, 1.5, 10000)},
		"Min>=Max short-circuit Min=5s Max=1s": {"jpillora/jitter", numbers(6, 5000, 2, 1000)},
	},
	"cenkalti/backoff v5": {
		"defaults (RandomizationFactor .5)": {"cenkalti", keep},
		"R6 B100 F2 C1000 RF=0":             {"cenkalti", spreading(common, 0)},
		"R6 B100 F2 C1000 RF=.5":            {"cenkalti", common},
		"R6 B100 F2 C1000 RF=1":             {"cenkalti", spreading(common, 1)},
	},
	"failsafe-go": {
		"defaults":                                      {"failsafe-go", keep},
		"R6 WithBackoff(100ms,1s) no jitter":            {"failsafe-go", common},
		"R6 WithBackoff(100ms,1s) WithJitterFactor(.5)": {"failsafe-go/jitter", common},
		"R6 WithBackoff(100ms,1s) WithJitterFactor(1)":  {"failsafe-go/jitter", spreading(common, 1)},
		"R6 WithBackoff(100ms,1s) WithJitter(50ms)":     {"failsafe-go", spreadingBy(common, 50*time.Millisecond)},
		"R6 WithBackoffFactor(100ms,10s,1.5)":           {"failsafe-go", numbers(6, 100, 1.5, 10000)},
	},
	"sethvargo/go-retry": {
		"NewExponential(1s) + WithMaxRetries(6)":          {"sethvargo", six},
		"R6 B100 C1000 no jitter":                         {"sethvargo", common},
		"R6 B100 C1000 WithFullJitter(outside cap)":       {"sethvargo/full-jitter", common},
		"R6 B100 C1000 WithJitterPercent(50) outside cap": {"sethvargo/jitter-percent", common},
		"R6 B100 C1000 WithJitter(50ms) inside cap":       {"sethvargo/jitter", spreadingBy(common, 50*time.Millisecond)},
		"R6 Fibonacci(100ms)":                             {"sethvargo/fibonacci", numbers(6, 100, 2, 0)},
	},
	"aws-sdk-go-v2 standard": {
		"v1.48.0 Retry Behavior 2.1, transient error (base 50ms)":      {"aws-sdk-go-v2", six},
		"v1.48.0 Retry Behavior 2.1, throttling error (base 1s)":       {"aws-sdk-go-v2/throttled", six},
		"legacy formula (pre-v1.48 default, ExponentialJitterBackoff)": {"aws-sdk-go-v2/legacy", six},
	},
	"tenacity": {
		"default Retrying(): wait_none, stop_never (cut at 12)":                   {"tenacity", keep},
		"wait_exponential() defaults (multiplier 1, exp_base 2, max ~inf, min 0)": {"tenacity/exponential", six},
		"wait_exponential(multiplier=.1,max=1)":                                   {"tenacity/exponential", common},
		"wait_random_exponential() defaults = full jitter":                        {"tenacity/random-exponential", six},
		"wait_random_exponential(multiplier=.1,max=1)":                            {"tenacity/random-exponential", common},
		"wait_exponential_jitter() defaults (multiplier 1, jitter 1s)":            {"tenacity/exponential-jitter", six},
		"wait_exponential_jitter(multiplier=.1,max=1,jitter=.1)":                  {"tenacity/exponential-jitter", spreadingBy(common, 100*time.Millisecond)},
		"wait_fixed(.1)+wait_random(0,.1)":                                        {"tenacity/fixed-random", spreadingBy(numbers(6, 100, 1, 0), 100*time.Millisecond)},
		"wait_incrementing(start=.1,increment=.1,max=1)":                          {"tenacity/incrementing", spreadingBy(numbers(6, 100, 1, 1000), 100*time.Millisecond)},
	},
	"resilience4j": {
		"RetryConfig.ofDefaults (fixed 500)":                                 {"resilience4j", keep},
		"IntervalFunction.ofExponentialBackoff() defaults 500 x1.5 (no cap)": {"resilience4j/exponential", six},
		"ofExponentialBackoff(100,2,1000)":                                   {"resilience4j/exponential", common},
		"ofRandomized() defaults 500 +-50%":                                  {"resilience4j/random", six},
		"ofExponentialRandomBackoff() defaults 500 x1.5 f=.5":                {"resilience4j/exponential-random", six},
		"ofExponentialRandomBackoff(100,2,.5,1000)":                          {"resilience4j/exponential-random", common},
	},
	"spring-retry": {
		"@Retryable defaults (fixed 1000, 3 attempts)":                   {"spring-retry", keep},
		"new ExponentialBackOffPolicy() defaults 100 x2 cap 30000":       {"spring-retry/exponential", six},
		"exponential 100 x2 cap 1000":                                    {"spring-retry/exponential", common},
		"new ExponentialRandomBackOffPolicy() defaults":                  {"spring-retry/exponential-random", six},
		"exponentialRandom 100 x2 cap 1000":                              {"spring-retry/exponential-random", common},
		"@Backoff(delay=1000,multiplier=1.5,maxDelay=10000,random=true)": {"spring-retry/exponential-random", numbers(6, 1000, 1.5, 10000)},
		"@Backoff(delay=500,maxDelay=1500) no multiplier => uniform":     {"spring-retry/uniform", six},
	},
	"spring-framework-7 core.retry": {
		"@Retryable defaults (delay 1000 x1.0, jitter 0, maxRetries 3)": {"spring-7", keep},
		"delay=100,multiplier=2,maxDelay=1000,jitter=100":               {"spring-7", spreadingBy(common, 100*time.Millisecond)},
	},
	"polly-v8": {
		"RetryStrategyOptions defaults (Constant 2000, 3 retries)": {"polly", keep},
		"Exponential, Delay 2s, UseJitter=false":                   {"polly/exponential", six},
		"Exponential 100ms MaxDelay 1s UseJitter=false":            {"polly/exponential", common},
		"Linear 100ms UseJitter=false":                             {"polly/linear", numbers(6, 100, 1, 0)},
		"Exponential, Delay 2s, UseJitter=true (V2)":               {"polly/exponential-jitter", six},
		"Exponential, Delay 1s, UseJitter=true (V2)":               {"polly/exponential-jitter", numbers(6, 1000, 2, 0)},
		"Exponential 100ms MaxDelay 1s UseJitter=true (V2)":        {"polly/exponential-jitter", common},
		"Constant 2s UseJitter=true":                               {"polly/constant-jitter", six},
	},
	"canonical (AWS blog / simulator)": {
		"expo B100 C1000 n0=0":    {"exponential", common},
		"full jitter n0=0":        {"full-jitter", common},
		"equal jitter n0=0":       {"equal-jitter", common},
		"decorrelated B100 C1000": {"decorrelated-jitter", common},
		// The simulator's first wait is already twice the base.
		"expo B100 C1000 n0=1": {"exponential", numbers(6, 200, 2, 1000)},
		"full jitter n0=1":     {"full-jitter", numbers(6, 200, 2, 1000)},
		"equal jitter n0=1":    {"equal-jitter", numbers(6, 200, 2, 1000)},
	},
}

func TestRecordedSchedules(t *testing.T) {
	data, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Libraries map[string]struct{ Cases []vectorCase }
	}
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	seen := 0
	for library, recording := range file.Libraries {
		for _, c := range recording.Cases {
			seen++
			t.Run(library+"/"+c.Name, func(t *testing.T) { replay(t, library, c) })
		}
	}
	if seen < 100 {
		t.Errorf("only %d recorded cases", seen)
	}
}

func replay(t *testing.T, library string, c vectorCase) {
	how, known := recordings[library][c.Name]
	if !known {
		t.Fatal("no preset replays this case")
	}
	p, err := ByName(how.preset)
	if err != nil {
		t.Fatal(err)
	}
	if p, err = p.With(how.flags); err != nil {
		t.Fatalf("the flags of the case are refused: %v", err)
	}
	want := c.Delays
	if len(c.All) > len(want) {
		want = c.All
	}
	got := p.Delays(len(want), c.random(t))
	if len(got) != len(want) {
		t.Fatalf("%d waits, want %d", len(got), len(want))
	}
	for i := range want {
		// The recordings have four decimals.
		if math.Abs(ms(got[i])-want[i]) > 1e-4 {
			t.Errorf("wait %d is %v ms, want %v", i, ms(got[i]), want[i])
		}
	}
	if c.Attempts == 0 || strings.Contains(c.Name, "stop_never") {
		return
	}
	if n, ends := p.Attempts(c.random(t)); !ends || n != c.Attempts {
		t.Errorf("%d attempts, want %d", n, c.Attempts)
	}
}
