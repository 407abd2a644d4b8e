package policy_test

import (
	"encoding/json"
	"errors"
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"resilab/labs/retry/policy"
)

func valid() policy.Policy {
	return policy.Policy{Retries: 3, Base: 100 * time.Millisecond, Cap: time.Second, Factor: 2}
}

func TestValidateNamesTheSettingAndTheRange(t *testing.T) {
	cases := []struct {
		name   string
		change func(*policy.Policy)
		field  string
		reason policy.Reason
	}{
		{"negative retries", func(p *policy.Policy) { p.Retries = -1 }, "retries", policy.BelowMinimum},
		{"too many retries", func(p *policy.Policy) { p.Retries = 1001 }, "retries", policy.AboveMaximum},
		{"negative base", func(p *policy.Policy) { p.Base = -1 }, "base", policy.BelowMinimum},
		{"cap below base", func(p *policy.Policy) { p.Cap = p.Base - 1 }, "cap", policy.BelowBase},
		{"cap beyond an hour", func(p *policy.Policy) { p.Cap = 2 * time.Hour }, "cap", policy.AboveMaximum},
		{"shrinking waits", func(p *policy.Policy) { p.Factor = 0.5 }, "factor", policy.BelowMinimum},
		{"factor not a number", func(p *policy.Policy) { p.Factor = math.NaN() }, "factor", policy.NotANumber},
		{"infinite factor", func(p *policy.Policy) { p.Factor = math.Inf(1) }, "factor", policy.AboveMaximum},
		{"jitter that does not exist", func(p *policy.Policy) { p.Jitter = 99 }, "jitter", policy.UnknownName},
		{"more than all", func(p *policy.Policy) { p.JitterPct = 101 }, "jitter-pct", policy.AboveMaximum},
		{"negative time-out", func(p *policy.Policy) { p.AttemptTimeout = -1 }, "attempt-timeout", policy.BelowMinimum},
		{"negative deadline", func(p *policy.Policy) { p.Deadline = -1 }, "deadline", policy.BelowMinimum},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			p := valid()
			c.change(&p)
			var invalid *policy.InvalidError
			if err := p.Validate(); !errors.As(err, &invalid) {
				t.Fatalf("Validate() = %v, want an InvalidError", err)
			}
			if invalid.Field != c.field || invalid.Reason != c.reason || invalid.Allowed == "" {
				t.Errorf("got %+v, want %s: %s with a range", invalid, c.field, c.reason)
			}
		})
	}
	p := valid()
	if err := p.Validate(); err != nil {
		t.Errorf("a sound policy is refused: %v", err)
	}
	if err := (&policy.Policy{Factor: 1}).Validate(); err != nil {
		t.Errorf("a policy without retries is refused: %v", err)
	}
}

func TestInvalidErrorReadsWell(t *testing.T) {
	p := valid()
	p.Cap = 50 * time.Millisecond
	want := "cap 50ms: below the base delay; allowed 100ms to 1h0m0s"
	if got := p.Validate().Error(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestJitterNamesRoundTrip(t *testing.T) {
	for _, name := range policy.JitterNames() {
		j, err := policy.ParseJitter(name)
		if err != nil || j.String() != name {
			t.Errorf("%s parses to %v, %v", name, j, err)
		}
	}
	if _, err := policy.ParseJitter("some"); err == nil {
		t.Error("an unknown jitter is accepted")
	}
	text, err := json.Marshal(policy.Full)
	if err != nil || string(text) != `"full"` {
		t.Errorf("JSON of full is %s, %v", text, err)
	}
}

// anyPolicy draws a policy that Validate accepts.
func anyPolicy(t *rapid.T) policy.Policy {
	base := rapid.Int64Range(0, int64(10*time.Second)).Draw(t, "base")
	p := policy.Policy{
		Retries:   rapid.IntRange(0, policy.MaxRetries).Draw(t, "retries"),
		Base:      time.Duration(base),
		Cap:       time.Duration(rapid.Int64Range(base, int64(policy.MaxWait)).Draw(t, "cap")),
		Factor:    rapid.Float64Range(1, policy.MaxFactor).Draw(t, "factor"),
		Jitter:    policy.Jitter(rapid.IntRange(0, len(policy.JitterNames())-1).Draw(t, "jitter")),
		JitterPct: rapid.Float64Range(0, 100).Draw(t, "pct"),
	}
	if err := p.Validate(); err != nil {
		t.Fatalf("drew an invalid policy: %v", err)
	}
	return p
}

// bounds are those that a jitter's definition gives to the wait before retry n, in
// nanoseconds and not yet capped, worked out without the code under test.
func bounds(p policy.Policy, n int, prev time.Duration) (lo, hi float64) {
	base := float64(p.Base)
	raw := base * math.Pow(p.Factor, float64(n))
	v := math.Min(raw, float64(p.Cap))
	switch p.Jitter {
	case policy.Full:
		return 0, v
	case policy.Equal:
		return v / 2, v
	case policy.Decorrelated:
		return base, 3 * max(base, float64(prev))
	case policy.Percent:
		return v * (1 - p.JitterPct/100), v * (1 + p.JitterPct/100)
	case policy.Jpillora:
		return base, raw
	case policy.Randomize:
		return v, 2 * v
	}
	return v, v
}

// No jitter exceeds its bounds, and no wait the cap; the range that a screen shows
// holds every wait as well.
func TestWaitsKeepTheirBoundsAndTheCap(t *testing.T) {
	for j := range policy.JitterNames() {
		t.Run(policy.Jitter(j).String(), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				p := anyPolicy(t)
				p.Jitter = policy.Jitter(j)
				p.Factor = rapid.OneOf(rapid.Float64Range(1, 3), rapid.Just(p.Factor)).Draw(t, "likely factor")
				keepsItsBounds(t, p)
			})
		})
	}
}

func keepsItsBounds(t *rapid.T, p policy.Policy) {
	draw := rapid.OneOf(rapid.Float64Range(0, 0.5), rapid.Float64Range(0.5, math.Nextafter(1, 0)))
	waits := p.Schedule()
	n := 0
	for prev := time.Duration(0); n < 40; n++ {
		wait, more := waits.Next(func() float64 { return draw.Draw(t, "r") })
		if !more {
			break
		}
		low, high := bounds(p, n, prev)
		// Whole nanoseconds, and a power of a thousand factors, are not exact.
		slack := 2 + 1e-9*high
		if ns := float64(wait); ns < math.Min(low, float64(p.Cap))-slack || ns > high+slack || wait < 0 || wait > p.Cap {
			t.Fatalf("wait %d is %v, outside [%v, %v] with cap %v", n, wait, low, high, p.Cap)
		}
		lo, hi := p.Range(n)
		if wait < lo-1 || wait > hi+1 {
			t.Fatalf("wait %d is %v, shown as within [%v, %v]", n, wait, lo, hi)
		}
		prev = wait
	}
	if n != min(40, p.Retries) {
		t.Fatalf("%d waits for %d retries", n, p.Retries)
	}
}

func TestWaitsByFormula(t *testing.T) {
	ms := func(values ...float64) (d []time.Duration) {
		for _, v := range values {
			d = append(d, time.Duration(v*float64(time.Millisecond)))
		}
		return d
	}
	// Base 100 ms, factor 2, cap 1 s, six waits, each with the same draw. The
	// figures of Full, Equal and Decorrelated are those of AWS's simulator.
	cases := []struct {
		jitter policy.Jitter
		r      float64
		want   []time.Duration
	}{
		{policy.None, 0.5, ms(100, 200, 400, 800, 1000, 1000)},
		{policy.Full, 0, ms(0, 0, 0, 0, 0, 0)},
		{policy.Full, 0.5, ms(50, 100, 200, 400, 500, 500)},
		{policy.Equal, 0, ms(50, 100, 200, 400, 500, 500)},
		{policy.Equal, 0.5, ms(75, 150, 300, 600, 750, 750)},
		{policy.Decorrelated, 0, ms(100, 100, 100, 100, 100, 100)},
		{policy.Decorrelated, 0.5, ms(200, 350, 575, 912.5, 1000, 1000)},
		{policy.Percent, 0, ms(50, 100, 200, 400, 500, 500)},
		{policy.Percent, 0.75, ms(125, 250, 500, 1000, 1000, 1000)},
		{policy.Randomize, 0, ms(100, 200, 400, 800, 1000, 1000)},
		{policy.Randomize, 0.5, ms(150, 300, 600, 1000, 1000, 1000)},
		{policy.Jpillora, 0, ms(100, 100, 100, 100, 100, 100)},
		{policy.Jpillora, 0.5, ms(100, 150, 250, 450, 850, 1000)},
	}
	for _, c := range cases {
		p := valid()
		p.Retries, p.Jitter, p.JitterPct = 6, c.jitter, 50
		waits := p.Schedule()
		for n, want := range c.want {
			if got, _ := waits.Next(func() float64 { return c.r }); got != want {
				t.Errorf("%v with r=%v: wait %d is %v, want %v", c.jitter, c.r, n, got, want)
			}
		}
	}
}

func TestZeroBaseRetriesAtOnce(t *testing.T) {
	for _, name := range policy.JitterNames() {
		p := policy.Policy{Retries: 1, Cap: time.Second, Factor: 2}
		p.Jitter, _ = policy.ParseJitter(name)
		if got := p.Wait(3, 0, 0.9); got != 0 {
			t.Errorf("%s waits %v", name, got)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	p := valid()
	if got := p.WithRetryAfter(time.Second, 5*time.Second); got != time.Second {
		t.Errorf("not honoured, yet it waits %v", got)
	}
	p.HonorRetryAfter = true
	for _, c := range []struct {
		jitter     policy.Jitter
		own, asked time.Duration
		want       time.Duration
	}{
		{policy.None, 1, 5, 5},
		{policy.None, 7, 5, 7},
		{policy.None, 7, 0, 7},
		{policy.Full, 1, 5, 6},
		{policy.Full, 1, 0, 1},
	} {
		p.Jitter = c.jitter
		if got := p.WithRetryAfter(c.own, c.asked); got != c.want {
			t.Errorf("%v, own %d, asked %d: %d, want %d", c.jitter, c.own, c.asked, got, c.want)
		}
	}
}

func TestScheduleAllocatesNothing(t *testing.T) {
	p := valid()
	p.Jitter = policy.Decorrelated
	random := func() float64 { return 0.5 }
	if n := testing.AllocsPerRun(100, func() {
		waits := p.Schedule()
		for _, more := waits.Next(random); more; _, more = waits.Next(random) {
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
