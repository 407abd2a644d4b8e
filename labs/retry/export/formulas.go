package export

import (
	"fmt"
	"strings"

	"resilab/labs/retry/policy"
)

// The words that a wait's expression is made of, in each language. All of them have
// variables base, cap, prev (the wait before), raw = base·factor^n and
// step = min(cap, raw).
var words = map[string]struct{ random, min string }{
	"JavaScript": {"Math.random()", "Math.min"},
	"Java":       {"Math.random()", "Math.min"},
	"C#":         {"Random.Shared.NextDouble()", "Math.Min"},
	"Python":     {"random.random()", "min"},
	"Go":         {"rand.Float64()", "min"},
}

// formula is the expression for a wait in a language; see package policy for where
// the formulas come from.
func formula(language string, p *policy.Policy) string {
	w := words[language]
	expression := map[policy.Jitter]string{
		policy.None:         "step",
		policy.Full:         "RANDOM * step",
		policy.Equal:        "step/2 + RANDOM*step/2",
		policy.Decorrelated: "MIN(cap, base + RANDOM*(3*prev - base))",
		policy.Percent:      fmt.Sprintf("MIN(cap, step * (1 + (2*RANDOM - 1)*%s))", number(p.JitterPct/100)),
		policy.Jpillora:     "MIN(cap, base + RANDOM*(raw - base))",
		policy.Randomize:    "MIN(cap, step * (1 + RANDOM))",
	}[p.Jitter]
	expression = strings.NewReplacer("RANDOM", w.random, "MIN", w.min).Replace(expression)
	if language == "C#" {
		// base is a word of the language there.
		expression = strings.ReplaceAll(expression, "base", "@base")
	}
	return expression
}
