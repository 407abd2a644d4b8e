package course

import (
	"errors"
	"fmt"
	"slices"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/types"
	"github.com/expr-lang/expr/vm"

	"resilab/labs/lab"
)

// Names of an expression besides the metrics of the run that is judged.
const (
	varA     = "a"     // the metrics of run A: a.success
	varKnobs = "knobs" // the settings of the run that is judged: knobs["work-spread"]
)

// environment declares what an expression may use: everything else is an
// error when the card is loaded. Durations are in milliseconds.
func environment(spec *lab.Spec) types.Map {
	metrics, knobs := types.Map{}, types.Map{}
	for _, m := range spec.Metrics {
		metrics[m.ID] = types.Float64
	}
	for _, k := range spec.Knobs {
		switch k.Kind {
		case lab.Choice, lab.Text:
			knobs[k.ID] = types.String
		case lab.Bool:
			knobs[k.ID] = types.Bool
		default:
			knobs[k.ID] = types.Float64
		}
	}
	env := types.Map{varA: metrics, varKnobs: knobs}
	for id, t := range metrics {
		env[id] = t
	}
	return env
}

// situation fills the environment from runs. b is the run that is judged.
func situation(spec *lab.Spec, a, b *Evidence) map[string]any {
	vars := map[string]any{varA: metricVars(a), varKnobs: knobVars(spec, b)}
	for id, v := range metricVars(b) {
		vars[id] = v
	}
	return vars
}

func metricVars(e *Evidence) map[string]any {
	vars := map[string]any{}
	if e != nil {
		for id, v := range e.Metrics {
			vars[id] = v
		}
	}
	return vars
}

func knobVars(spec *lab.Spec, e *Evidence) map[string]any {
	vars := map[string]any{}
	if e == nil {
		return vars
	}
	for _, k := range spec.Knobs {
		v, err := k.Parse(e.Knobs[k.ID])
		switch {
		case err != nil: // a knob that is newer than the evidence
		case k.Kind == lab.Choice || k.Kind == lab.Text:
			vars[k.ID] = v.Text()
		case k.Kind == lab.Bool:
			vars[k.ID] = v.Bool()
		case k.Kind == lab.Duration:
			vars[k.ID] = v.Duration().Seconds() * 1000
		default:
			vars[k.ID] = v.Float()
		}
	}
	return vars
}

// need is one name that an expression reads.
type need struct{ scope, id string } // scope is varA, varKnobs or empty

func (n need) known(vars map[string]any) bool {
	if n.scope == "" {
		_, ok := vars[n.id]
		return ok
	}
	inner, _ := vars[n.scope].(map[string]any)
	_, ok := inner[n.id]
	return ok
}

// term is a compiled expression that knows what it reads.
type term struct {
	source  string
	program *vm.Program
	needs   []need
}

func compileTerm(node ast.Node, env types.Map, as expr.Option) (*term, error) {
	t := &term{source: node.String()}
	var err error
	if t.program, err = expr.Compile(t.source, expr.Env(env), expr.DisableAllBuiltins(), as); err != nil {
		return nil, fmt.Errorf("%s: %w", t.source, err)
	}
	ast.Walk(&node, t)
	return t, nil
}

// Visit notes what the expression reads.
func (t *term) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.MemberNode:
		scope, ok := n.Node.(*ast.IdentifierNode)
		id, named := n.Property.(*ast.StringNode)
		if ok && named {
			t.needs = append(t.needs, need{scope.Value, id.Value})
		}
	case *ast.IdentifierNode:
		if n.Value != varA && n.Value != varKnobs {
			t.needs = append(t.needs, need{"", n.Value})
		}
	}
}

// run evaluates the expression; known is false while something is missing.
func (t *term) run(vars map[string]any) (result any, known bool) {
	if slices.ContainsFunc(t.needs, func(n need) bool { return !n.known(vars) }) {
		return nil, false
	}
	result, err := expr.Run(t.program, vars)
	return result, err == nil
}

// rule is a check: conditions that must all hold.
type rule struct{ conditions []condition }

// condition is one of them; left and right are nil unless it compares.
type condition struct {
	whole       *term
	op          string
	left, right *term
}

// compileRule reads an expression and takes it apart at its outermost "&&".
func compileRule(source string, env types.Map) (*rule, error) {
	if source == "" {
		return nil, errors.New("no expression")
	}
	tree, err := parser.Parse(source)
	if err != nil {
		return nil, err
	}
	r := &rule{}
	for _, node := range conjuncts(tree.Node) {
		c, err := compileCondition(node, env)
		if err != nil {
			return nil, err
		}
		r.conditions = append(r.conditions, c)
	}
	return r, nil
}

func conjuncts(node ast.Node) []ast.Node {
	if b, ok := node.(*ast.BinaryNode); ok && (b.Operator == "&&" || b.Operator == "and") {
		return append(conjuncts(b.Left), conjuncts(b.Right)...)
	}
	return []ast.Node{node}
}

func compileCondition(node ast.Node, env types.Map) (c condition, err error) {
	if c.whole, err = compileTerm(node, env, expr.AsBool()); err != nil {
		return c, err
	}
	b, ok := node.(*ast.BinaryNode)
	if !ok || !slices.Contains([]string{"<", "<=", ">", ">=", "==", "!="}, b.Operator) {
		return c, nil
	}
	left, errLeft := compileTerm(b.Left, env, expr.AsFloat64())
	right, errRight := compileTerm(b.Right, env, expr.AsFloat64())
	if errLeft == nil && errRight == nil { // else it compares words, not figures
		c.op, c.left, c.right = b.Operator, left, right
	}
	return c, nil
}

// Condition is a condition with its present figures.
type Condition struct {
	Source string
	Known  bool // everything it reads has been measured
	Holds  bool
	// Of a comparison of figures: Left Op Right. Op is empty for any other.
	Op          string
	Left, Right Figure
}

// Figure is one side of a comparison.
type Figure struct {
	Source string
	Value  float64
	Known  bool
	Metric string // the metric that it is, where it is just one
	OfA    bool   // of run A
}

// judge evaluates every condition.
func (r *rule) judge(vars map[string]any) (conditions []Condition, all bool) {
	all = true
	for _, c := range r.conditions {
		judged := Condition{Source: c.whole.source, Op: c.op}
		var result any
		result, judged.Known = c.whole.run(vars)
		judged.Holds, _ = result.(bool)
		if c.op != "" {
			judged.Left, judged.Right = c.left.figure(vars), c.right.figure(vars)
		}
		conditions = append(conditions, judged)
		all = all && judged.Known && judged.Holds
	}
	return conditions, all
}

func (t *term) figure(vars map[string]any) Figure {
	f := Figure{Source: t.source}
	result, known := t.run(vars)
	f.Value, f.Known = result.(float64)
	f.Known = f.Known && known
	if len(t.needs) == 1 {
		switch n := t.needs[0]; t.source {
		case n.id:
			f.Metric = n.id
		case varA + "." + n.id:
			f.Metric, f.OfA = n.id, true
		}
	}
	return f
}
