package fleet

// Op compares a figure with its bound.
type Op string

// The comparisons.
const (
	AtMost  Op = "<="
	AtLeast Op = ">="
)

// Condition bounds one figure of run B. The bound is Limit, plus FactorA times the
// same figure of run A.
type Condition struct {
	Metric  string // of Result.Metrics
	Op      Op
	Limit   float64
	FactorA float64
}

// Bound returns the condition's bound for the figures of run A.
func (c Condition) Bound(a map[string]float64) float64 { return c.Limit + c.FactorA*a[c.Metric] }

// Holds reports whether the figures of run B meet the condition.
func (c Condition) Holds(a, b map[string]float64) bool {
	if c.Op == AtLeast {
		return b[c.Metric] >= c.Bound(a)
	}
	return b[c.Metric] <= c.Bound(a)
}

// Passes reports whether the figures of run B meet all conditions.
func Passes(conditions []Condition, a, b map[string]float64) bool {
	for _, c := range conditions {
		if !c.Holds(a, b) {
			return false
		}
	}
	return true
}

// Conditions returns what run B must meet to pass an exercise of the course, nil
// for an unknown one.
func Conditions(exercise string) []Condition {
	switch exercise {
	case "R1":
		return []Condition{{"attempts_per_op", AtMost, 1.15, 0}, {"success", AtLeast, -0.005, 1}}
	case "R2":
		return []Condition{{"peak", AtMost, 0, 0.35}, {"served", AtLeast, 0.99, 0}}
	case "R3":
		return []Condition{{"cost", AtMost, 0, 0.75}, {"served", AtLeast, 0.99, 0}}
	case "R4":
		return []Condition{{"amplification", AtMost, 4, 0}}
	case "R5":
		return []Condition{{"load", AtMost, 1.15, 0}}
	case "R6":
		return []Condition{{"outage_calls", AtMost, 0, 0.15}, {"rejected_after_recovery", AtMost, 40, 0}}
	case "R7":
		return []Condition{{"double_charges", AtMost, 0, 0}, {"retries", AtLeast, 1, 0}}
	case "R8":
		return []Condition{{"p99_ms", AtMost, 350, 0}, {"attempts_per_op", AtMost, 1.15, 0}, {"failure", AtMost, 0.002, 0}}
	case "R9":
		return []Condition{{"attempts_per_op", AtMost, 2.5, 0}, {"lost_orders", AtMost, 0, 0}}
	}
	return nil
}
