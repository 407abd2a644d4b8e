package course

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/types"
	"github.com/expr-lang/expr/vm"

	"resilab/labs/lab"
)

// Names of an expression besides the metrics of the run that is judged. The
// runs that were kept are a, b, c and d: a.success.
const (
	varKnobs = "knobs" // the settings of the run that is judged: knobs["work-spread"]
	varLeast = "least" // the lowest figure of all runs: least.fleet_cost
	varMost  = "most"  // the highest
)

// Names that only the conditions of hints may use.
const (
	varWrong  = "wrong"   // the prediction has turned out wrong
	varTooFew = "too_few" // the run has not measured enough
	varChecks = "checks"  // how often a run was checked
)

// environment declares what an expression may use: everything else is an
// error when the card is loaded. Durations are in milliseconds.
func environment(spec *lab.Spec) expr.Option { return declare(variables(spec)) }

// hintEnvironment adds what a student has done.
func hintEnvironment(spec *lab.Spec) expr.Option {
	vars := variables(spec)
	vars[varWrong], vars[varTooFew], vars[varChecks] = types.Bool, types.Bool, types.Float64
	return declare(vars)
}

// declare is expr.Env for many expressions, for each of which that derives the types
// of all variables again.
func declare(vars types.Map) expr.Option {
	nature := vars.Nature()
	return func(c *conf.Config) { c.EnvObject, c.Env, c.Strict = vars, nature, nature.Strict }
}

func variables(spec *lab.Spec) types.Map {
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
	env := types.Map{varKnobs: knobs, varLeast: metrics, varMost: metrics}
	for _, letter := range Letters {
		env[string(letter)] = metrics
	}
	for id, t := range metrics {
		env[id] = t
	}
	return env
}

// situation fills the environment from runs in the order of their letters; the
// last one is judged.
func situation(spec *lab.Spec, runs ...*Evidence) map[string]any {
	vars := map[string]any{}
	if n := len(runs); n > 0 {
		vars = metricVars(runs[n-1])
		vars[varKnobs] = knobVars(spec, runs[n-1])
	}
	least, most := map[string]any{}, map[string]any{}
	for i, run := range runs {
		figures := metricVars(run)
		vars[Letters[i:i+1]] = figures
		for id, v := range figures {
			if low, ok := least[id].(float64); !ok || v.(float64) < low {
				least[id] = v
			}
			if high, ok := most[id].(float64); !ok || v.(float64) > high {
				most[id] = v
			}
		}
	}
	vars[varLeast], vars[varMost] = least, most
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
type need struct{ scope, id string } // scope is a run's letter, knobs, least, most or empty

func (n need) known(vars map[string]any) bool {
	if n.scope == "" {
		_, ok := vars[n.id]
		return ok
	}
	inner, _ := vars[n.scope].(map[string]any)
	_, ok := inner[n.id]
	return ok
}

// term is a compiled expression with the names that it reads.
type term struct {
	source  string
	program *vm.Program
	needs   []need
	single  bool // it is one name and nothing else
}

func compileTerm(node ast.Node, env, as expr.Option) (*term, error) {
	t := &term{source: node.String()}
	var err error
	if t.program, err = expr.Compile(t.source, env, expr.DisableAllBuiltins(), as); err != nil {
		return nil, fmt.Errorf("%s: %w", t.source, err)
	}
	ast.Walk(&node, t)
	_, isName := node.(*ast.IdentifierNode)
	scope, _ := member(node)
	t.single = isName || scope != ""
	return t, nil
}

// Visit notes what the expression reads.
func (t *term) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.MemberNode:
		if scope, id := member(n); scope != "" {
			t.needs = append(t.needs, need{scope, id})
		}
	case *ast.IdentifierNode:
		if !isScope(n.Value) {
			t.needs = append(t.needs, need{"", n.Value})
		}
	}
}

func isScope(name string) bool {
	return len(name) == 1 && strings.Contains(Letters, name) || slices.Contains([]string{varKnobs, varLeast, varMost}, name)
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
	knob, want  string // of a condition that asks for a setting in words
}

// compileRule reads an expression and takes it apart at its outermost "&&".
func compileRule(source string, env expr.Option) (*rule, error) {
	if source == "" {
		return nil, errors.New("no expression")
	}
	if len(source) > maxSource {
		return nil, fmt.Errorf("an expression of %d bytes; at most %d", len(source), maxSource)
	}
	tree, err := parser.Parse(source)
	if err != nil {
		return nil, err
	}
	var h harmless
	if ast.Walk(&tree.Node, &h); h.found != nil {
		return nil, h.found
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

// harmless reports whether an expression has only parts that end at once:
// comparisons, arithmetic, names and literals, but no loops, ranges or calls.
type harmless struct{ found error }

// Visit implements ast.Visitor.
func (h *harmless) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.IdentifierNode, *ast.IntegerNode, *ast.FloatNode, *ast.StringNode, *ast.BoolNode,
		*ast.UnaryNode, *ast.MemberNode, *ast.ConditionalNode:
	case *ast.BinaryNode:
		if n.Operator == ".." || n.Operator == "matches" {
			h.found = fmt.Errorf("the operator %q is not allowed", n.Operator)
		}
	default:
		h.found = fmt.Errorf("%q is not allowed: only comparisons, arithmetic and names are", (*node).String())
	}
}

func conjuncts(node ast.Node) []ast.Node {
	if b, ok := node.(*ast.BinaryNode); ok && (b.Operator == "&&" || b.Operator == "and") {
		return append(conjuncts(b.Left), conjuncts(b.Right)...)
	}
	return []ast.Node{node}
}

func compileCondition(node ast.Node, env expr.Option) (c condition, err error) {
	if c.whole, err = compileTerm(node, env, expr.AsBool()); err != nil {
		return c, err
	}
	c.knob, c.want = knobWanted(node)
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

// knobWanted finds the knob and its value in knobs.drain, !knobs.drain and
// knobs.mode == "single".
func knobWanted(node ast.Node) (knob, want string) {
	want = "true"
	if not, ok := node.(*ast.UnaryNode); ok {
		node, want = not.Node, "false"
	}
	if b, ok := node.(*ast.BinaryNode); ok && b.Operator == "==" {
		word, isWord := b.Right.(*ast.StringNode)
		if !isWord {
			return "", ""
		}
		node, want = b.Left, word.Value
	}
	if scope, id := member(node); scope == varKnobs {
		return id, want
	}
	return "", ""
}

// member takes scope.id apart.
func member(node ast.Node) (scope, id string) {
	m, ok := node.(*ast.MemberNode)
	if !ok {
		return "", ""
	}
	of, isName := m.Node.(*ast.IdentifierNode)
	name, isWord := m.Property.(*ast.StringNode)
	if !isName || !isWord {
		return "", ""
	}
	return of.Value, name.Value
}

// Condition is a condition with its present figures.
type Condition struct {
	Source string
	Known  bool // everything it reads has been measured
	Holds  bool
	// Of a comparison of figures: Left Op Right. Op is empty for any other.
	Op          string
	Left, Right Figure
	// Of a condition that asks for a setting: the knob, the value it must have and
	// the one it has.
	Knob, Want, Have string
}

// Figure is one side of a comparison.
type Figure struct {
	Source string
	Value  float64
	Known  bool
	Metric string // the metric that it is, where it is just one
	Of     string // of which run: a letter, least or most; empty: of the run that is judged
	Knob   string // the knob that it is, where it is just one
}

// judge evaluates every condition.
func (r *rule) judge(vars map[string]any) (conditions []Condition, all bool) {
	all = true
	for _, c := range r.conditions {
		judged := Condition{Source: c.whole.source, Op: c.op, Knob: c.knob, Want: c.want}
		if knobs, ok := vars[varKnobs].(map[string]any); ok && c.knob != "" {
			judged.Have = fmt.Sprint(knobs[c.knob])
		}
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
	if len(t.needs) != 1 || !t.single {
		return f
	}
	switch n := t.needs[0]; n.scope {
	case varKnobs:
		f.Knob = n.id
	default:
		f.Metric, f.Of = n.id, n.scope
	}
	return f
}
