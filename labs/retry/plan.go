package retry

import (
	"errors"
	"net/url"
	"strconv"
	"time"

	"resilab/labs/i18n"
	"resilab/labs/lab"
	"resilab/labs/retry/gateway"
	"resilab/labs/retry/policy"
)

// Limits of the knobs, and the lower ones for visitors.
const (
	maxRetries  = 100
	maxRate     = 500 // operations a second
	guestRate   = 20
	maxInFlight = 4000 // operations; more are shed
	guestFlight = 200
)

const (
	// outageStart is when the first planned outage of a run begins, and
	// outageEvery how often one begins.
	outageStart = 2 * time.Second
	outageEvery = 15 * time.Second
	// comeBack is what the gateway asks for when it is asked too often.
	comeBack = time.Second
)

// What is done when retries are exhausted.
const (
	fallbackNone   = "none"
	fallbackCached = "cached"
	fallbackQueue  = "queue"
)

// plan is what the settings mean to the engine.
type plan struct {
	shown    lab.Settings // those of the fleet, whose time is virtual at any speed
	scenario Scenario
	policy   policy.Policy
	classify func(error) policy.Class
	budget   *policy.BudgetSpec  // nil: none
	breaker  *policy.BreakerSpec // nil: none
	fallback string
	hedge    time.Duration // 0: none
	keys     bool          // send an Idempotency-Key
	rate     int           // operations a second
	inFlight int           // operations at once
	gateway  gateway.Config
	url      string // of the student's own gateway; empty: ours
}

// rules refuses settings that make no sense together. Its error is a *lab.KnobError.
func rules(s lab.Settings) error {
	_, err := FleetConfig(s, 0)
	return err
}

func newPlan(s lab.Settings, seed uint64) (*plan, error) {
	p := &plan{
		shown:    s,
		scenario: Scenario(s.Text("scenario")),
		classify: policy.Blind,
		fallback: s.Text("fallback"),
		hedge:    s.Duration("hedge"),
		keys:     s.Bool("idempotency"),
		rate:     s.Int("rate"),
		inFlight: maxInFlight,
		gateway:  gatewayConfig(s, seed),
		url:      s.Text("gateway-url"),
	}
	if s.Bool("classify") {
		p.classify = policy.Classify
	}
	err := errors.Join(p.setPolicy(s), p.setProtection(s), checkURL(p.url))
	var first *lab.KnobError
	if errors.As(err, &first) {
		return nil, first
	}
	return p, err
}

func gatewayConfig(s lab.Settings, seed uint64) gateway.Config {
	cfg := gateway.Config{
		Seed: seed, FailureRate: s.Float("failure-rate"), LostRate: s.Float("lost-rate"),
		DeclineRate: s.Float("decline-rate"), Latency: s.Duration("latency"), SlowRate: s.Float("slow-rate"),
		Limit: s.Int("limit"), RetryAfter: comeBack, Capacity: s.Int("capacity"), Line: s.Int("line"),
		Outage: s.Duration("outage"), OutageStart: outageStart,
	}
	cfg.OutageEvery = max(outageEvery, 2*cfg.Outage)
	if Scenario(s.Text("scenario")) == Demo {
		cfg.FailFirst = 2
	}
	return cfg
}

func (p *plan) setPolicy(s lab.Settings) error {
	jitter, err := policy.ParseJitter(s.Text("jitter"))
	if err != nil {
		return asKnobError(err)
	}
	p.policy = policy.Policy{
		Retries: s.Int("retries"), Factor: s.Float("factor"), Jitter: jitter, JitterPct: s.Float("jitter-pct"),
		// In slow motion times may leave the range of their knobs.
		Base: min(s.Duration("base"), policy.MaxWait), Cap: min(s.Duration("cap"), policy.MaxWait),
		AttemptTimeout:  min(s.Duration("attempt-timeout"), policy.MaxWait),
		Deadline:        min(s.Duration("deadline"), policy.MaxDeadline),
		HonorRetryAfter: s.Bool("retry-after"),
	}
	if p.policy.Cap < p.policy.Base {
		return &lab.KnobError{
			Knob: "cap", Value: s["cap"].String(), Allowed: "base " + s["base"].String() + ".." + i18n.FormatDuration(policy.MaxWait),
		}
	}
	return asKnobError(p.policy.Validate())
}

func (p *plan) setProtection(s lab.Settings) error {
	return errors.Join(p.setBudget(s), p.setBreaker(s))
}

func (p *plan) setBudget(s lab.Settings) error {
	name := s.Text("budget")
	if name == off {
		return nil
	}
	spec, err := policy.BudgetPreset(name)
	if err != nil {
		return asKnobError(err)
	}
	if name == policy.Bucket {
		spec.Capacity, spec.PerSuccess = s.Float("budget-tokens"), s.Float("budget-refill")
	}
	err = spec.Validate()
	if invalid := (*policy.InvalidError)(nil); errors.As(err, &invalid) && invalid.Reason == policy.NoRefill {
		return &lab.KnobError{Knob: "budget-refill", Value: s["budget-refill"].String(), Allowed: ">0..1"}
	}
	p.budget = &spec
	return asKnobError(err)
}

func (p *plan) setBreaker(s lab.Settings) error {
	if name := s.Text("breaker"); name != off {
		spec, err := policy.BreakerPreset(name)
		if err != nil {
			return asKnobError(err)
		}
		if open := s.Duration("breaker-open"); open > 0 {
			spec.OpenFor = open
		}
		p.breaker = &spec
		return asKnobError(spec.Validate())
	}
	return nil
}

func checkURL(raw string) error {
	if raw == "" {
		return nil
	}
	u, err := url.Parse(raw)
	if err != nil || u.Hostname() == "" || (u.Scheme != "http" && u.Scheme != "https") || !validPort(u.Port()) ||
		u.RawQuery != "" || u.Fragment != "" {
		return &lab.KnobError{Knob: "gateway-url", Value: raw, Allowed: "http://HOST:PORT"}
	}
	return nil
}

func validPort(port string) bool {
	n, err := strconv.ParseUint(port, 10, 16)
	return port == "" || err == nil && n > 0
}

// asKnobError turns the policy's refusal into that of a knob.
func asKnobError(err error) error {
	var invalid *policy.InvalidError
	if !errors.As(err, &invalid) {
		return err
	}
	return &lab.KnobError{Knob: invalid.Field, Value: invalid.Value, Allowed: invalid.Allowed}
}

// forGuest lowers what a visitor over the network may ask of the machine, and
// tells whether that changed anything.
func (p *plan) forGuest() bool {
	lowered := p.rate > guestRate || p.shown.Int("clients") > guestClients
	p.rate = min(p.rate, guestRate)
	p.shown = p.shown.With("clients", lab.IntValue(min(p.shown.Int("clients"), guestClients)))
	p.inFlight = guestFlight
	return lowered
}
