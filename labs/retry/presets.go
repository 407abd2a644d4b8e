package retry

import (
	"cmp"
	"math"
	"time"

	"resilab/labs/lab"
	"resilab/labs/retry/policy"
	"resilab/labs/retry/preset"
)

// presetOwn is the word for a policy that is not a library's.
const presetOwn = "own"

// canonical are presets that are a formula of an article, not a library.
var canonical = map[string]bool{
	"exponential": true, "full-jitter": true, "equal-jitter": true, "decorrelated-jitter": true,
}

// presetKnob offers the defaults of well-known libraries.
func presetKnob() lab.Knob {
	names := []string{presetOwn}
	sets := map[string]lab.Settings{}
	for _, p := range preset.All() {
		if p.Variant() || canonical[p.Name] {
			continue
		}
		names = append(names, p.Name)
		sets[p.Name] = presetSettings(p)
	}
	k := lab.NewChoice("preset", names...)
	k.Sets, k.Else = sets, presetOwn
	return k
}

// presetSettings are the knobs of a policy; what a library leaves open becomes
// the most that the knob allows.
func presetSettings(library preset.Preset) lab.Settings {
	p := library.Policy()
	s := lab.Settings{
		"classify": lab.BoolValue(!library.RetriesEveryError()), "budget": lab.ChoiceValue(cmp.Or(library.Budget, off)),
		"retries": lab.IntValue(min(p.Retries, maxRetries)),
		"base":    lab.DurationValue(p.Base), "cap": lab.DurationValue(p.Cap),
		"factor": lab.FloatValue(p.Factor), "jitter": lab.ChoiceValue(p.Jitter.String()),
		"deadline": lab.DurationValue(p.Deadline),
	}
	if p.Jitter == policy.Percent {
		s["jitter-pct"] = lab.IntValue(int(math.Round(p.JitterPct)))
	}
	return s
}

// libraryFormula returns the formula of the library that the settings name; nil
// where they name none, or differ from what it sets.
func libraryFormula(s lab.Settings) func(int, time.Duration, float64) time.Duration {
	library, err := preset.ByName(s.Text("preset"))
	if err != nil {
		return nil
	}
	for id, v := range presetSettings(library) {
		if s[id] != v {
			return nil
		}
	}
	return library.Policy().Formula
}
