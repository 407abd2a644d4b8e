package export

import (
	"slices"
	"time"

	"resilab/labs/retry/policy"
)

// library is what one library can express.
type library struct {
	name, title, language string
	// jitters it expresses with its own parameters.
	jitters []policy.Jitter
	// custom waits can be given as code; with memory, also such that depend on the
	// wait before.
	custom, memory bool
	// capFirst libraries take their jitter after the cap, which it may so exceed.
	capFirst bool
	// factors it accepts, nil for any.
	factors []float64
	// attempts is set if its number counts the first call too.
	attempts bool

	// has are the features that it offers.
	has     features
	budgets []string
}

// features are what a library offers besides the waits.
type features uint

const (
	timeout      features = 1 << iota // for each attempt
	deadline                          // for the whole operation
	softDeadline                      // its deadline ends no attempt under way
	retryAfter
	breaker
	hedge
)

func (l library) offers(f features) bool { return l.has&f != 0 }

func libraries() []library {
	const (
		none, full, equal   = policy.None, policy.Full, policy.Equal
		percent, jp, random = policy.Percent, policy.Jpillora, policy.Randomize
	)
	type j = []policy.Jitter
	twice := []float64{1, 2}
	return []library{
		{name: "async-retry", title: "async-retry", language: "JavaScript", jitters: j{none, random},
			custom: true, memory: true, has: timeout | deadline | softDeadline},
		{name: "promise-retry", title: "promise-retry", language: "JavaScript", jitters: j{none, random},
			custom: true, memory: true, has: timeout | deadline | softDeadline},
		{name: "spring-retry", title: "Spring Retry", language: "Java", jitters: j{none, random},
			attempts: true, has: timeout},
		{name: "spring-7", title: "Spring Framework 7", language: "Java", jitters: j{none}, custom: true,
			memory: true, has: timeout | deadline | softDeadline},
		{name: "resilience4j", title: "Resilience4j", language: "Java", jitters: j{none, percent},
			custom: true, attempts: true, has: timeout | retryAfter | breaker},
		{name: "polly", title: "Polly", language: "C#", jitters: j{none}, custom: true,
			factors: twice, has: timeout | deadline | retryAfter | breaker | hedge},
		{name: "tenacity", title: "Tenacity", language: "Python", jitters: j{none, full}, custom: true,
			attempts: true, has: timeout | deadline | retryAfter},
		{name: "jpillora", title: "jpillora/backoff", language: "Go", jitters: j{none, jp}, custom: true,
			memory: true, has: timeout | deadline | retryAfter},
		{name: "cenkalti", title: "cenkalti/backoff", language: "Go", jitters: j{none, percent, full, equal},
			custom: true, memory: true, capFirst: true, attempts: true, has: timeout | deadline | retryAfter},
		{name: "failsafe-go", title: "failsafe-go", language: "Go", jitters: j{none, percent, full, equal},
			custom: true, capFirst: true, has: timeout | deadline | retryAfter | breaker | hedge},
		{name: "aws-sdk-go-v2", title: "AWS SDK for Go v2", language: "Go", jitters: j{full}, custom: true,
			factors: []float64{2}, attempts: true, has: timeout | deadline, budgets: []string{"aws"}},
	}
}

// expressible is the policy as far as the library can express it.
func (l library) expressible(p policy.Policy) policy.Policy {
	p.HonorRetryAfter = p.HonorRetryAfter && l.offers(retryAfter)
	switch {
	case slices.Contains(l.jitters, p.Jitter) && l.exactRandom(&p), l.custom && l.memory:
	case p.Jitter == policy.Decorrelated && l.custom:
		p.Jitter = policy.Full
	case !l.custom:
		p.Jitter = policy.Randomize
	}
	return p
}

// exactRandom is false for Spring Retry's random where the factor is not 2: the
// wait then lies between v and factor·v.
func (l library) exactRandom(p *policy.Policy) bool {
	return l.name != "spring-retry" || p.Jitter != policy.Randomize || p.Factor == 2
}

// native reports whether the library's own parameters express the waits.
func (l library) native(p *policy.Policy) bool {
	if !l.custom {
		return true
	}
	// The libraries have no waits below a millisecond, or take 0 for their default.
	if p.Base < time.Millisecond && l.name != "jpillora" || l.factors != nil && !slices.Contains(l.factors, p.Factor) {
		return false
	}
	// Resilience4j's factor of randomization is below 1.
	if l.name == "resilience4j" && p.Jitter == policy.Percent && p.JitterPct >= 100 {
		return false
	}
	// failsafe-go requires a cap above the base and a factor above 1.
	if l.name == "failsafe-go" && (p.Cap <= p.Base || p.Factor <= 1) {
		return false
	}
	// failsafe-go's own jitter would also shorten the time that the server asked for.
	if l.name == "failsafe-go" && p.HonorRetryAfter && p.Jitter != policy.None {
		return false
	}
	return slices.Contains(l.jitters, p.Jitter)
}
