package preset

import (
	"time"

	"resilab/labs/retry/policy"
)

// family is what the presets of one library have in common.
type family struct {
	name, title, version, language string
	counts                         Counts
	traits                         traits
}

// preset makes the family's defaults, where variant is empty, or a variant.
func (f family) preset(variant string, jitter policy.Jitter, formula formula, s Settings) Preset {
	name := f.name
	if variant != "" {
		name += "/" + variant
	}
	return Preset{
		Name: name, Title: f.title, Version: f.version, Language: f.language, Counts: f.counts,
		Settings: s, jitter: jitter, traits: f.traits, formula: formula,
	}
}

// and returns the preset with more traits.
func (p Preset) and(t traits) Preset {
	p.traits |= t
	return p
}

// inSequence makes a variant whose waits depend on the draws before.
func (f family) inSequence(variant string, jitter policy.Jitter, start sequence, s Settings) Preset {
	p := f.preset(variant, jitter, nil, s)
	p.sequence = start
	return p
}

const (
	second      = time.Second
	millisecond = time.Millisecond
)

func table() []Preset {
	var all []Preset
	for _, family := range [][]Preset{
		javaScript(), java(), dotNet(), python(), jpilloras(), goLoops(), awsSDK(), canonical(),
	} {
		all = append(all, family...)
	}
	return all
}

func javaScript() []Preset {
	async := family{"async-retry", "async-retry", "1.3.3", "JavaScript", Retries, sorted | everyError}
	promise := family{"promise-retry", "promise-retry", "2.0.1", "JavaScript", Retries, sorted}
	stripe := family{"stripe-node", "stripe-node", "23.1.0", "JavaScript", Retries, noBase | noCap | noFactor}
	ten := Settings{Retries: 10, Base: second, Factor: 2}
	return []Preset{
		async.preset("", policy.Randomize, nodeRetry(1, true), ten),
		async.preset("no-randomize", policy.None, nodeRetry(1, false), ten),
		promise.preset("", policy.None, nodeRetry(0, false), ten),
		promise.preset("randomize", policy.Randomize, nodeRetry(0, true), ten),
		stripe.preset("", policy.Equal, stripeNode, Settings{Retries: 2, Base: 500 * millisecond, Factor: 2, Cap: 5 * second}),
	}
}

func java() []Preset {
	spring := family{"spring-retry", "Spring Retry", "2.0.13", "Java", Attempts, everyError}
	spring7lib := family{"spring-7", "Spring Framework 7 core.retry", "7.0", "Java", Retries, everyError}
	r4j := family{"resilience4j", "Resilience4j", "2.4", "Java", Attempts, everyError}
	springExp := Settings{Retries: 2, Base: 100 * millisecond, Factor: 2, Cap: 30 * second}
	r4jExp := Settings{Retries: 2, Base: 500 * millisecond, Factor: 1.5, Spread: 0.5}
	return []Preset{
		spring.preset("", policy.None, springRetry(false), Settings{Retries: 2, Base: second, Factor: 1, Cap: 30 * second}),
		spring.preset("exponential", policy.None, springRetry(false), springExp),
		spring.preset("exponential-random", policy.Randomize, springRetry(true), springExp),
		spring.preset("uniform", policy.Randomize, springUniform, Settings{Retries: 2, Base: 500 * millisecond, Factor: 1, Cap: 1500 * millisecond}),
		spring7lib.preset("", policy.None, spring7, Settings{Retries: 3, Base: second, Factor: 1}).and(spreadBy),
		r4j.preset("", policy.None, resilience4j(false), Settings{Retries: 2, Base: 500 * millisecond, Factor: 1}),
		r4j.preset("exponential", policy.None, resilience4j(false), Settings{Retries: 2, Base: 500 * millisecond, Factor: 1.5}),
		r4j.preset("exponential-random", policy.Percent, resilience4j(true), r4jExp).and(spread),
		r4j.preset("random", policy.Percent, resilience4j(true), Settings{Retries: 2, Base: 500 * millisecond, Factor: 1, Spread: 0.5}).and(spread),
	}
}

func dotNet() []Preset {
	v8 := family{"polly", "Polly.Core", "8.7", "C#", Retries, fixedFactor | everyError}
	two := Settings{Retries: 3, Base: 2 * second, Factor: 2}
	constant := Settings{Retries: 3, Base: 2 * second, Factor: 1}
	return []Preset{
		v8.preset("", policy.None, polly(false, false), constant),
		v8.preset("exponential", policy.None, polly(false, false), two),
		v8.inSequence("exponential-jitter", policy.Decorrelated, pollyJitter, two),
		v8.preset("linear", policy.None, polly(true, false), constant),
		v8.preset("constant-jitter", policy.Percent, polly(false, true), with(constant, 0.25)),
	}
}

func python() []Preset {
	t := family{"tenacity", "Tenacity", "9.1", "Python", Attempts, everyError}
	one := Settings{Retries: Unlimited, Base: second, Factor: 2}
	return []Preset{
		t.preset("", policy.None, exponential, Settings{Retries: Unlimited, Factor: 2}),
		t.preset("exponential", policy.None, exponential, one),
		t.preset("random-exponential", policy.Full, fullJitter, one),
		t.preset("exponential-jitter", policy.None, tenacityJitter, by(one, second)).and(spreadBy),
		t.preset("incrementing", policy.None, tenacityIncrementing, Settings{Retries: Unlimited, Factor: 1, SpreadBy: 100 * second}).and(spreadBy),
		t.preset("fixed-random", policy.None, tenacityFixedRandom, Settings{Retries: Unlimited, Base: second, Factor: 1, SpreadBy: second}).and(spreadBy),
	}
}

func jpilloras() []Preset {
	j := family{"jpillora", "jpillora/backoff", "1.1.0", "Go", Nothing, lowCap}
	s := Settings{Retries: Unlimited, Base: 100 * millisecond, Factor: 2, Cap: 10 * second}
	return []Preset{
		j.preset("", policy.None, jpillora(false), s),
		j.preset("jitter", policy.Jpillora, jpillora(true), s),
	}
}

func goLoops() []Preset {
	ck := family{"cenkalti", "cenkalti/backoff", "5.0.3", "Go", Attempts, everyError}
	fs := family{"failsafe-go", "failsafe-go", "0.9.8", "Go", Retries, everyError}
	sv := family{"sethvargo", "sethvargo/go-retry", "0.5.0", "Go", Retries, fixedFactor}
	// go-retry has no default base and failsafe-go no default wait; these numbers are
	// those of their documentation.
	sv1 := Settings{Retries: Unlimited, Base: second, Factor: 2}
	return []Preset{
		ck.preset("", policy.Percent, cenkalti, Settings{
			Retries: Unlimited, Base: 500 * millisecond, Factor: 1.5, Cap: 60 * second, Spread: 0.5, MaxElapsed: 15 * time.Minute,
		}).and(spread),
		fs.preset("", policy.None, failsafe, Settings{Retries: 2, Factor: 2}).and(spread | spreadBy),
		fs.preset("jitter", policy.Percent, failsafe, Settings{Retries: 2, Base: second, Factor: 2, Spread: 0.5}).and(spread),
		sv.preset("", policy.None, exponential, sv1),
		sv.preset("full-jitter", policy.Full, fullJitter, sv1),
		sv.preset("jitter-percent", policy.Percent, sethvargoPercent, with(sv1, 0.5)).and(spread),
		sv.preset("jitter", policy.None, sethvargoJitter, by(sv1, 500*millisecond)).and(spreadBy),
		sv.preset("fibonacci", policy.None, sethvargoFibonacci, sv1),
	}
}

func awsSDK() []Preset {
	sdk := family{"aws-sdk-go-v2", "AWS SDK for Go v2, standard mode", "1.48.0", "Go", Attempts, noBase | noFactor}
	standard := Settings{Retries: 2, Base: 50 * millisecond, Factor: 2, Cap: 20 * second}
	slow := Settings{Retries: 2, Base: second, Factor: 2, Cap: 20 * second}
	presets := []Preset{
		sdk.preset("", policy.Full, fullJitter, standard),
		sdk.preset("throttled", policy.Full, fullJitter, slow),
		sdk.preset("legacy", policy.Full, awsLegacy, slow),
	}
	for i := range presets {
		presets[i].Budget = "aws"
	}
	return presets
}

// canonical are the formulas of AWS's article, with this lab's own first policy.
func canonical() []Preset {
	s := Settings{Retries: 3, Base: 100 * millisecond, Factor: 2, Cap: 10 * second}
	plain := func(name string, j policy.Jitter, f formula) Preset {
		return family{name, name, "2015", "any", Retries, 0}.preset("", j, f, s)
	}
	return []Preset{
		plain("exponential", policy.None, exponential),
		plain("full-jitter", policy.Full, fullJitter),
		plain("equal-jitter", policy.Equal, equalJitter),
		plain("decorrelated-jitter", policy.Decorrelated, decorrelatedJitter),
	}
}

func with(s Settings, width float64) Settings {
	s.Spread = width
	return s
}

func by(s Settings, width time.Duration) Settings {
	s.SpreadBy = width
	return s
}
