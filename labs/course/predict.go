package course

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/parser"
)

// Prediction is what a student commits to before the first run: one of some
// choices, or a number. It need not be right for the card to be passed.
type Prediction struct {
	Choices []string // in the order they are offered; empty: a number
	Answer  string   // the choice that the experiment shows to be right

	Min, Max  float64 // of a number
	Unit      string  // written after the number
	Tolerance float64 // how far off still counts as right
	Usual     float64 // what the golden settings usually show
	truth     *term   // what the number turned out to be
}

type predictFile struct {
	Choices []string    `yaml:"choices"`
	Answer  string      `yaml:"answer"`
	Number  *numberFile `yaml:"number"`
}

type numberFile struct {
	Min       float64 `yaml:"min"`
	Max       float64 `yaml:"max"`
	Unit      string  `yaml:"unit"`
	Truth     string  `yaml:"truth"`
	Tolerance float64 `yaml:"tolerance"`
	Usual     float64 `yaml:"usual"`
}

func (p predictFile) compile(env expr.Option) (Prediction, error) {
	if p.Number == nil {
		if len(p.Choices) < 2 || !slices.Contains(p.Choices, p.Answer) {
			return Prediction{}, fmt.Errorf("predict: %q is not one of at least two choices %v", p.Answer, p.Choices)
		}
		return Prediction{Choices: p.Choices, Answer: p.Answer}, nil
	}
	n := *p.Number
	if len(p.Choices) > 0 || p.Answer != "" || n.Min >= n.Max || n.Tolerance <= 0 || n.Usual < n.Min || n.Usual > n.Max {
		return Prediction{}, errors.New("predict: a number needs min < max, a tolerance above 0, a usual value between them, and no choices")
	}
	tree, err := parser.Parse(n.Truth)
	if err != nil {
		return Prediction{}, fmt.Errorf("predict: %w", err)
	}
	var h harmless
	if ast.Walk(&tree.Node, &h); h.found != nil {
		return Prediction{}, fmt.Errorf("predict: %w", h.found)
	}
	truth, err := compileTerm(tree.Node, env, expr.AsFloat64())
	if err != nil {
		return Prediction{}, fmt.Errorf("predict: %w", err)
	}
	return Prediction{Min: n.Min, Max: n.Max, Unit: n.Unit, Tolerance: n.Tolerance, Usual: n.Usual, truth: truth}, nil
}

// Check returns answer in the form that is recorded, or an error if it is no
// prediction of this form. Numbers take a comma or a point.
func (p Prediction) Check(answer string) (kept string, err error) {
	answer = strings.TrimSpace(answer)
	if len(p.Choices) > 0 {
		if !slices.Contains(p.Choices, answer) {
			return "", fmt.Errorf("%q is not one of %s", answer, strings.Join(p.Choices, "|"))
		}
		return answer, nil
	}
	n, err := strconv.ParseFloat(strings.Replace(answer, ",", ".", 1), 64)
	if err != nil || math.IsNaN(n) || n < p.Min || n > p.Max {
		return "", fmt.Errorf("%q is not a number from %g to %g", answer, p.Min, p.Max)
	}
	return strconv.FormatFloat(n, 'f', -1, 64), nil
}

// Outcome is how a prediction compares with what was measured.
type Outcome struct {
	Truth string // a choice, or a number
	Right bool
	Known bool
}

// outcome judges a kept prediction.
func (p Prediction) outcome(kept string, vars map[string]any) Outcome {
	if len(p.Choices) > 0 {
		return Outcome{Truth: p.Answer, Right: kept == p.Answer, Known: true}
	}
	result, known := p.truth.run(vars)
	truth, _ := result.(float64)
	said, err := strconv.ParseFloat(kept, 64)
	if !known || err != nil {
		return Outcome{}
	}
	return Outcome{Truth: strconv.FormatFloat(math.Round(truth*10)/10, 'f', -1, 64),
		Right: math.Abs(truth-said) <= p.Tolerance, Known: true}
}
