package course

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/parser"

	"resilab/labs/lab"
)

// maxSituations bounds how many situations are tried for one condition.
const maxSituations = 20_000

// idleHints returns a mistake for each condition of a hint that holds in no
// situation, so that its wording is never shown.
func (c *Card) idleHints() (all []*Mistake) {
	for i, h := range c.rules.hints {
		for j, r := range h.when {
			if !c.reachable(r) {
				all = append(all, c.mistake(fmt.Sprintf("hints[%d][%d]", i, j), "never holds: this wording is never shown"))
			}
		}
	}
	return all
}

// reachable reports whether some situation makes a rule hold: it tries the
// settings that the card allows and figures around the numbers that the rule
// names. A rule with too many names counts as reachable.
func (c *Card) reachable(r *rule) bool {
	var names []need
	numbers := []float64{0, 1}
	for _, cond := range r.conditions {
		names = append(names, cond.whole.needs...)
		numbers = append(numbers, literals(cond.whole.source)...)
	}
	slices.SortFunc(names, func(a, b need) int { return slices.Compare([]string{a.scope, a.id}, []string{b.scope, b.id}) })
	names = slices.Compact(names)
	values, count := make([][]any, len(names)), 1
	for i, n := range names {
		values[i] = c.candidates(n, numbers)
		if count *= len(values[i]); count > maxSituations {
			return true
		}
	}
	for i := range count {
		vars := map[string]any{}
		for j, n := range names {
			n.set(vars, values[j][i%len(values[j])])
			i /= len(values[j])
		}
		if _, holds := r.judge(vars); holds {
			return true
		}
	}
	return false
}

// set gives a name a value.
func (n need) set(vars map[string]any, value any) {
	if n.scope == "" {
		vars[n.id] = value
		return
	}
	inner, ok := vars[n.scope].(map[string]any)
	if !ok {
		inner = map[string]any{}
		vars[n.scope] = inner
	}
	inner[n.id] = value
}

// candidates lists values that a name may have. Knobs that the card does not open
// have the value that it starts with.
func (c *Card) candidates(n need, numbers []float64) (values []any) {
	switch {
	case n.scope == varKnobs:
		return c.knobCandidates(n.id, numbers)
	case n.id == varWrong || n.id == varTooFew:
		return []any{false, true}
	}
	for _, v := range around(numbers) {
		values = append(values, v)
	}
	return values
}

func (c *Card) knobCandidates(id string, numbers []float64) (values []any) {
	k, _ := c.Spec.Knob(id)
	settings := []lab.Value{c.Start[id]}
	if slices.Contains(c.Opens, id) || slices.Contains(c.Free, id) {
		for _, golden := range c.Golden {
			settings = append(settings, golden[id])
		}
		settings = append(settings, k.Min, k.Max)
		for _, choice := range k.Choices {
			settings = append(settings, lab.ChoiceValue(choice))
		}
		for _, n := range around(numbers) {
			text := strconv.FormatFloat(n, 'f', -1, 64)
			if k.Kind == lab.Duration {
				text += "ms"
			}
			if v, err := k.Parse(text); err == nil {
				settings = append(settings, v)
			}
		}
	}
	run := &Evidence{Knobs: Knobs{}}
	for _, v := range settings {
		run.Knobs[id] = v.String()
		if value, ok := knobVars(c.Spec, run)[id]; ok && !slices.Contains(values, value) {
			values = append(values, value)
		}
	}
	if k.Kind == lab.Bool && len(settings) > 1 {
		return []any{false, true}
	}
	return values
}

// around returns numbers and others on both sides of them.
func around(numbers []float64) (all []float64) {
	slices.Sort(numbers)
	for i, n := range numbers {
		all = append(all, n-1, n, n+1, n/2, n*2, (n+numbers[max(0, i-1)])/2)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// literals lists the numbers in an expression.
func literals(source string) []float64 {
	tree, err := parser.Parse(source)
	if err != nil {
		return nil
	}
	var found numberFinder
	ast.Walk(&tree.Node, &found)
	return found
}

type numberFinder []float64

// Visit implements ast.Visitor.
func (f *numberFinder) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.IntegerNode:
		*f = append(*f, float64(n.Value))
	case *ast.FloatNode:
		*f = append(*f, n.Value)
	}
}
