package retry

import (
	"errors"
	"net/url"
	"strconv"
	"strings"
	"time"

	"resilab/labs/lab"
	"resilab/labs/retry/fleet"
	"resilab/labs/retry/gateway"
	"resilab/labs/retry/policy"
)

// Limits of the knobs, and the lower ones for visitors.
const (
	maxRetries  = 100
	maxRate     = 500  // operations a second
	maxInFlight = 4000 // operations; more are shed

	guestRate     = 20
	guestRetries  = 10 // of the operations that are really made
	guestInFlight = 200
	guestAttempts = 500_000 // of the simulated fleet
)

// limits are those of visitors. The simulated fleet has all the retries that are
// asked for: it is bounded by its attempts.
func limits() []lab.Limit {
	return []lab.Limit{
		{Knob: "rate", Most: lab.IntValue(guestRate)},
		{Knob: "retries", Most: lab.IntValue(guestRetries), Spares: "fleet_"},
		{Knob: "clients", Most: lab.IntValue(guestClients)},
	}
}

const (
	// outageStart is when the first planned outage of a run begins, and
	// outageEvery how often one begins.
	outageStart = 2 * time.Second
	outageEvery = 15 * time.Second
	// comeBack is the Retry-After of a gateway that is called too often.
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
	scenario    Scenario
	policy      policy.Policy
	classify    func(error) policy.Class
	budget      *policy.BudgetSpec  // nil: none
	breaker     *policy.BreakerSpec // nil: none
	fallback    string
	hedge       time.Duration // 0: none
	keys        bool          // send an Idempotency-Key
	rate        int           // operations a second
	maxInFlight int           // operations at once
	gateway     gateway.Config
	url         string // of the student's own gateway; empty: ours
	fleet       fleet.Config
	outlook
}

// outlook is what the policy does when everything fails.
type outlook struct {
	ranges   []Range       // of the first waits
	patience time.Duration // the longest that all waits can take together
}

// rules refuses settings that contradict each other. Its error is a *lab.KnobError.
func rules(s lab.Settings) error {
	_, err := newPlan(s, 0)
	return err
}

// newPlan decodes settings. Its error is a *lab.KnobError.
func newPlan(s lab.Settings, seed uint64) (*plan, error) {
	p := &plan{
		scenario:    Scenario(s.Text("scenario")),
		classify:    policy.Blind,
		fallback:    s.Text("fallback"),
		hedge:       s.Duration("hedge"),
		keys:        s.Bool("idempotency"),
		rate:        s.Int("rate"),
		maxInFlight: maxInFlight,
		gateway:     gatewayConfig(s, seed),
		url:         s.Text("gateway-url"),
	}
	if s.Bool("classify") {
		p.classify = policy.Classify
	}
	for _, set := range []func(lab.Settings) error{p.setPolicy, p.setBudget, p.setBreaker, p.checkURL} {
		if err := set(s); err != nil {
			return nil, asKnobError(err)
		}
	}
	p.fleet = fleetConfig(p, s, seed)
	p.outlook = outlookOf(&p.policy)
	return p, asKnobError(p.fleet.Validate())
}

// shownRanges is how many waits of the policy the picture has room for.
const shownRanges = 8

func outlookOf(p *policy.Policy) (o outlook) {
	for n := range p.Retries {
		lo, hi := p.Range(n)
		if n < shownRanges {
			o.ranges = append(o.ranges, Range{lo, hi})
		}
		o.patience += hi
	}
	return o
}

// oneIn returns how many operations there are for each that is shown: about five a
// second can be followed by eye.
func (p *plan) oneIn() int { return max(1, p.rate/5) }

func gatewayConfig(s lab.Settings, seed uint64) gateway.Config {
	cfg := gateway.Config{
		Seed: seed, FailFirst: s.Int("fail-first"), FailureRate: s.Float("failure-rate"), LostRate: s.Float("lost-rate"),
		DeclineRate: s.Float("decline-rate"), Latency: s.Duration("latency"), SlowRate: s.Float("slow-rate"),
		Limit: s.Int("limit"), RetryAfter: comeBack, Capacity: s.Int("capacity"), QueueLimit: s.Int("line"),
		Outage: s.Duration("outage"), OutageStart: outageStart,
	}
	cfg.OutageEvery = max(outageEvery, 2*cfg.Outage)
	return cfg
}

func (p *plan) setPolicy(s lab.Settings) error {
	jitter, err := policy.ParseJitter(s.Text("jitter"))
	if err != nil {
		return err
	}
	p.policy = policy.Policy{
		Retries: s.Int("retries"), Factor: s.Float("factor"), Jitter: jitter, JitterPct: s.Float("jitter-pct"),
		Base: s.Duration("base"), Cap: s.Duration("cap"), AttemptTimeout: s.Duration("attempt-timeout"),
		Deadline: s.Duration("deadline"), HonorRetryAfter: s.Bool("retry-after"),
		Formula: libraryFormula(s),
	}
	return p.policy.Validate()
}

func (p *plan) setBudget(s lab.Settings) error {
	name := s.Text("budget")
	if name == off {
		return nil
	}
	spec, err := policy.BudgetPreset(name)
	if err != nil {
		return err
	}
	if name == policy.Bucket {
		spec.Capacity, spec.PerSuccess = s.Float("budget-tokens"), s.Float("budget-refill")
	}
	p.budget = &spec
	return spec.Validate()
}

func (p *plan) setBreaker(s lab.Settings) error {
	name := s.Text("breaker")
	if name == off {
		return nil
	}
	spec, err := policy.BreakerPreset(name)
	if err != nil {
		return err
	}
	if open := s.Duration("breaker-open"); open > 0 {
		spec.OpenFor = open
	}
	p.breaker = &spec
	return spec.Validate()
}

func (p *plan) checkURL(lab.Settings) error {
	if p.url == "" {
		return nil
	}
	u, err := url.Parse(p.url)
	if err != nil || u.Hostname() == "" || (u.Scheme != "http" && u.Scheme != "https") || !validPort(u.Port()) ||
		u.RawQuery != "" || u.Fragment != "" {
		return &lab.KnobError{Knob: "gateway-url", Value: p.url, Allowed: "http://HOST:PORT"}
	}
	p.url = strings.TrimSuffix(p.url, "/")
	return nil
}

func validPort(port string) bool {
	n, err := strconv.ParseUint(port, 10, 16)
	return port == "" || err == nil && n > 0
}

// asKnobError turns a *policy.InvalidError into a *lab.KnobError. Where the field is
// no knob, its value is made from the knob named here.
func asKnobError(err error) error {
	var invalid *policy.InvalidError
	if !errors.As(err, &invalid) {
		return err
	}
	knob := invalid.Field
	if of, ok := knobs[knob]; ok {
		knob = of
	}
	return &lab.KnobError{Knob: knob, Value: invalid.Value, Allowed: invalid.Allowed}
}

var knobs = map[string]string{
	"slow-share": "slow-rate", "slow-by": "latency", "slots": "capacity", "queue-limit": "line", "outage-for": "fleet-outage",
}

// limitGuest bounds what no knob says, and the retries of what is really made. Its
// error is a *lab.KnobError.
func (p *plan) limitGuest() error {
	if p.url != "" {
		return &lab.KnobError{Knob: "gateway-url", Value: p.url, Allowed: "empty, for visitors"}
	}
	p.policy.Retries = min(p.policy.Retries, guestRetries)
	p.maxInFlight, p.fleet.MaxAttempts = guestInFlight, guestAttempts
	p.outlook = outlookOf(&p.policy)
	return nil
}
